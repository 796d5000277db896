/** `quorate certs csr --out DIR`: a directory of requests that can be signed with openssl and the CA. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { replaceFile } from '../files/atomic-file.ts'
import type { IssueRequest } from './authority.ts'
import { checkRequest } from './csr.ts'
import signProgram from './offline-sign.sh?raw'
import { renderOpensslConfig, SIGNING_SECTION } from './openssl-config.ts'

/**
 * Writes `NODE-PROFILE.csr` and `NODE-PROFILE.cnf` for each request, and `README.txt` and `sign.sh` once. A second
 * request for one name becomes `NODE-PROFILE-2.csr`. Nothing in the directory is secret. Requests that
 * `importCertificates` would refuse are refused at once.
 * @returns the names of the request files, in the requests' order
 * @throws QuorateError `pki`
 */
export async function exportRequests(
  requests: readonly IssueRequest[],
  directory: string,
): Promise<readonly string[]> {
  const checked = await Promise.all(
    requests.map(async (request, index) => ({
      request,
      stem: stemOf(requests, index),
      csr: await checkRequest(request),
    })),
  )
  await mkdir(directory, { recursive: true })
  for (const { request, stem, csr } of checked) {
    const config = renderOpensslConfig({
      commonName: request.subjectCommonName,
      organizations: request.organizations,
      names: request.allowed,
      profile: request.profile,
      algorithm: csr.keyAlgorithm,
    })
    await replaceFile(path.join(directory, `${stem}.csr`), csr.pem, 0o644)
    await replaceFile(path.join(directory, `${stem}.cnf`), config, 0o644)
  }
  await replaceFile(path.join(directory, 'sign.sh'), signProgram, 0o755)
  await replaceFile(path.join(directory, 'README.txt'), readme(checked), 0o644)
  return checked.map(({ stem }) => `${stem}.csr`)
}

function stemOf(requests: readonly IssueRequest[], index: number): string {
  const names = requests
    .slice(0, index + 1)
    .map(({ subjectCommonName, profile }) => `${subjectCommonName}-${profile}`)
  const own = names.at(-1) ?? ''
  const before = names.slice(0, -1).filter((name) => name === own).length
  return before === 0 ? own : `${own}-${before + 1}`
}

function readme(requests: readonly { readonly stem: string; readonly request: IssueRequest }[]): string {
  const days = Math.max(1, ...requests.map(({ request }) => request.days))
  const commands = requests.map(({ stem, request }) =>
    [
      `openssl x509 -req -sha256 -in ${stem}.csr -out ${stem}.crt -days ${request.days}`,
      '-CA ca.crt -CAkey ca.key -CAcreateserial',
      `-extfile ${stem}.cnf -extensions ${SIGNING_SECTION}`,
    ].join(' \\\n  '),
  )
  return `Certificate requests for etcd, created by quorate. Nothing in this directory is secret.

Copy it to the CA, check the requests (openssl req -in NAME.csr -noout -text), and sign them all:

sh sign.sh ca.crt ca.key ${days}

or one by one:

${commands.join('\n\n')}

Then copy the directory back and run: quorate certs import DIR. A CA other than openssl must give each certificate the names and usages in its .cnf file, and must not change the key.
`
}
