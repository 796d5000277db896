/** Updates clients whose keys are on this workstation when the CA is rotated. */
import path from 'node:path'
import { readText } from '../../files/read-file.ts'
import { isIssuedBy, parseCertificates } from '../../pki/chain.ts'
import { makeClientCertificate } from '../../pki/client.ts'
import { OPERATOR, type Session } from '../../tiers/etcd/session.ts'
import { lifeOf } from './renew-clients.ts'
import { type KeptClient, keptClients } from './kept-clients.ts'

/** Stable and documented in docs/guides/rotate-ca.md. */
export interface FollowedClient {
  readonly name: string
  /** Absolute paths. */
  readonly certificate: string
  readonly ca: string
  /**
   * `kept`: the certificate stays, and the bundle next to it is current. `waiting`: the offline CA has to sign it.
   * `gone`: the files were written earlier, and now can't be found or read.
   */
  readonly result: 'kept' | 'issued' | 'waiting' | 'gone'
}

/**
 * Gives all of them the current bundle. Clients whose certificate is not from the signing CA get a new one for their
 * existing key: all of them, or only the operator.
 */
export async function followClients(
  session: Session,
  { reissue }: { readonly reissue: 'all' | 'operator' },
): Promise<readonly FollowedClient[]> {
  const { cluster, now, signal } = session
  const { algorithm } = cluster.pki
  const authority = await session.authority()
  const { here, gone } = await keptClients(cluster)
  const followed: FollowedClient[] = []
  for (const client of here) {
    const { name, directory } = client
    const asked = reissue === 'all' || name === OPERATOR
    const renew = asked && !(await isFromPresentCa(session, client))
    const days = await lifeOf(client, now())
    const options = { authority, directory, name, days, algorithm, now: now(), renew, signal }
    const { result, certificate, ca } = await makeClientCertificate(options)
    followed.push({ name, certificate, ca, result })
  }
  const lost = gone.map(({ name, directory, certificate }): FollowedClient => {
    return { name, certificate, ca: path.join(directory, 'ca.crt'), result: 'gone' }
  })
  return [...followed, ...lost]
}

async function isFromPresentCa(session: Session, { certificate }: KeptClient): Promise<boolean> {
  const chain = await (await session.authority()).chain(session.signal)
  const [issuer] = parseCertificates(chain, 'the CA certificate')
  const [leaf] = parseCertificates(await readText(certificate), path.basename(certificate))
  return isIssuedBy(leaf, issuer)
}
