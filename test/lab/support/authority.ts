/** CAs of other tools: created with openssl only. */
import { copyFile, mkdtemp, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { tool } from '../../../src/lab/tool.ts'
import type { TestLab } from '../harness.ts'
import { quorateOk } from './quorate.ts'
import { openssl } from './tools.ts'

export interface OpensslCa {
  readonly certificate: string
  readonly key: string
}

/** A root CA, or an intermediate below `parent` whose file also contains the root. */
export async function opensslCa(
  folder: string,
  name: string,
  parent?: OpensslCa,
  days = 30,
): Promise<OpensslCa> {
  const [certificate, key] = [path.join(folder, `${name}.crt`), path.join(folder, `${name}.key`)]
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key]
  const request = ['req', ...fresh, '-subj', `/CN=${name}`]
  const usage = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
  if (parent === undefined) {
    const extensions = usage.trim().split('\n')
    await openssl(
      ['req', '-x509', ...fresh, '-subj', `/CN=${name}`, '-days', String(days), '-out', certificate],
      extensions.flatMap((extension) => ['-addext', extension]),
    )
    return { certificate, key }
  }
  const [csr, extensions] = [path.join(folder, `${name}.csr`), path.join(folder, `${name}.ext`)]
  await openssl(request, '-new', '-out', csr)
  await writeFile(extensions, usage)
  const signed = await openssl(
    ['x509', '-req', '-in', csr, '-days', '20', '-extfile', extensions],
    ['-CA', parent.certificate, '-CAkey', parent.key, '-CAcreateserial'],
  )
  await writeFile(certificate, signed + (await openssl('x509', '-in', parent.certificate)))
  return { certificate, key }
}

/** A CA whose key quorate never sees, with its section of the cluster file. */
export async function offlineCa(
  folder: string,
  name: string,
  days?: number,
): Promise<OpensslCa & { readonly authority: unknown }> {
  const ca = await opensslCa(folder, name, undefined, days)
  const alone = path.join(folder, `${name}.alone`)
  await copyFile(ca.certificate, alone)
  return { ...ca, authority: { offline: { certificate: alone } } }
}

/** Carries the waiting requests to the CA, and its certificates back. @returns the requests' names */
export async function carried(
  lab: Pick<TestLab, 'folder' | 'clusterFile'>,
  ca: OpensslCa,
  answer: (folder: string) => Promise<void> = async () => undefined,
): Promise<readonly string[]> {
  const requests = await mkdtemp(path.join(lab.folder, 'requests-'))
  await quorateOk(lab, ['certs', 'csr', '--out', requests])
  await tool(['sh', path.join(requests, 'sign.sh'), ca.certificate, ca.key, '90'])
  await answer(requests)
  await quorateOk(lab, ['certs', 'import', requests])
  return (await readdir(requests)).filter((name) => name.endsWith('.csr')).toSorted()
}

export interface ForgedCertificate {
  readonly csr: string
  /** The common name and the SANs, in the form of openssl.cnf: `DNS:etcd01,IP:198.18.0.1`. */
  readonly names: string
  /** In ASN.1's form: `20200101000000Z`. */
  readonly notBefore: string
  readonly notAfter: string
}

/**
 * A leaf certificate with any names and any dates, for both purposes, which quorate itself would never issue. Returns
 * its PEM.
 */
export async function forge(folder: string, ca: OpensslCa, wanted: ForgedCertificate): Promise<string> {
  const config = path.join(folder, 'forge.cnf')
  const files = { csr: path.join(folder, 'forge.csr'), index: path.join(folder, 'forge.index') }
  await writeFile(
    config,
    `[ca]
default_ca = forge
[forge]
database = ${files.index}
new_certs_dir = ${folder}
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth, serverAuth
subjectAltName = ${wanted.names}
`,
  )
  await writeFile(files.index, '')
  await writeFile(files.csr, wanted.csr)
  return await openssl(
    ['ca', '-batch', '-config', config, '-in', files.csr, '-notext', '-cert', ca.certificate],
    ['-keyfile', ca.key, '-startdate', wanted.notBefore, '-enddate', wanted.notAfter],
  )
}
