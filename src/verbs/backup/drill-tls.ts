/** Certificates for one temporary etcd, from a CA of its own whose key is never written to disk. */
import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { MemberTls } from '../../etcd/endpoint.ts'
import { makeCsr, makeKeyPair, makeRoot, privateKeyPem, signLeaf } from '../../pki/signer.ts'

/** The name in the server certificate. */
export const DRILL_IDENTITY = 'localhost'

const DAYS = 1

export interface DrillTls {
  readonly tls: MemberTls
  readonly flags: Readonly<Record<string, string>>
}

/** Writes the member's files to `folder`, which must be private. */
export async function makeDrillTls(folder: string, now: Date): Promise<DrillTls> {
  const algorithm = 'ecdsa-p256'
  const [root, keys] = await Promise.all([
    makeRoot({ commonName: 'quorate drill', algorithm, now }),
    makeKeyPair(algorithm),
  ])
  // If the snapshot has etcd's authentication enabled, the common name is the user.
  const commonName = 'root'
  const { pem } = await signLeaf(
    [new X509Certificate(root.certificatePem)],
    root.key,
    {
      csrPem: await makeCsr(commonName, keys, [DRILL_IDENTITY]),
      subjectCommonName: commonName,
      profile: 'member',
      allowed: { dns: [DRILL_IDENTITY], ips: [] },
      days: DAYS,
    },
    now,
  )
  const tls: MemberTls = { ca: root.certificatePem, cert: pem, key: privateKeyPem(keys.privateKey) }
  const place = async (name: string, text: string) => {
    const file = path.join(folder, name)
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    return file
  }
  const flags = {
    'trusted-ca-file': await place('ca.crt', tls.ca),
    'cert-file': await place('drill.crt', tls.cert),
    'key-file': await place('drill.key', tls.key),
    'client-cert-auth': 'true',
  }
  return { tls, flags }
}
