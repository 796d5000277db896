/** The `openssl.cnf` for a node's request, which also works as `openssl x509 -extfile` at the CA. */
import type { KeyAlgorithm } from '../spec/cluster.ts'
import { QuorateError } from '../errors.ts'
import { isReservedName } from '../spec/member-name.ts'
import { canonicalIp, type AllowedNames } from './names.ts'
import { EXTENDED_USAGES, type Profile } from './profile.ts'

/** The sections: `openssl req` finds the first by itself, `openssl x509 -req -extensions` names the second. */
export const REQUEST_SECTION = 'v3_req'
export const SIGNING_SECTION = 'v3_sign'

export interface ConfigOptions {
  readonly commonName: string
  /** Groups in Kubernetes; none by default. */
  readonly organizations?: readonly string[] | undefined
  readonly names: AllowedNames
  readonly profile: Profile
  /** The key's algorithm: RSA keys may also encipher. Any name that doesn't start with `rsa` is for signing only. */
  readonly algorithm: KeyAlgorithm | (string & {})
}

/**
 * Renders the whole file, so no `-subj` is needed (`openssl req -new -key etcd.key -config openssl.cnf`).
 *
 * Every value is checked against a narrow alphabet first, because a newline, `$` or `#` in one would be configuration.
 * @throws QuorateError `pki` for a name or address that can't be in a certificate
 */
export function renderOpensslConfig(options: ConfigOptions): string {
  const usage = options.algorithm.startsWith('rsa') ? 'digitalSignature, keyEncipherment' : 'digitalSignature'
  const names = [
    ...options.names.dns.map((name, index) => `DNS.${index + 1} = ${checkedDnsName(name)}`),
    ...options.names.ips.map((ip, index) => `IP.${index + 1} = ${checkedIp(ip)}`),
  ]
  const extensions = [
    'basicConstraints = critical, CA:FALSE',
    `keyUsage = critical, ${usage}`,
    `extendedKeyUsage = ${EXTENDED_USAGES[options.profile].join(', ')}`,
    ...(names.length > 0 ? ['subjectAltName = @names'] : []),
  ]
  const lines = [
    '[ req ]',
    'prompt = no',
    'string_mask = utf8only',
    'distinguished_name = req_distinguished_name',
    `req_extensions = ${REQUEST_SECTION}`,
    '',
    '[ req_distinguished_name ]',
    ...(options.organizations ?? []).map((name, index) => `${index}.O = ${checkedSubjectName(name)}`),
    `CN = ${checkedSubjectName(options.commonName)}`,
    '',
    `[ ${REQUEST_SECTION} ]`,
    ...extensions,
    '',
    `[ ${SIGNING_SECTION} ]`,
    ...extensions,
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
    ...(names.length > 0 ? ['', '[ names ]', ...names] : []),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * The common name of a node or client: 1 to 64 of `A-Z a-z 0-9 . _ @ -`, starting with a letter or digit. A peer name
 * is refused, because of programs made with Go before 1.15, such as releases of etcd 3.4. They use the common name as a
 * host name if the certificate has no alternative names.
 */
export function checkedCommonName(name: string): string {
  if (!name.includes(':')) return checkedSubjectName(name)
  throw unfit(name)
}

/** Like `checkedCommonName`, but also allows Kubernetes' users and groups: `system:nodes`. */
export function checkedSubjectName(name: string): string {
  if (isReservedName(name)) {
    throw new QuorateError('pki', `the name ${name} is reserved for members`, {
      id: 'reserved-name',
      hint: 'choose another name',
    })
  }
  if (/^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$/.test(name)) return name
  throw unfit(name)
}

function unfit(name: string): QuorateError {
  return new QuorateError('pki', `${JSON.stringify(name)} is not a valid certificate name`, {
    id: 'unfit-name',
    hint: 'use 1 to 64 letters, digits, dots, dashes, underscores or @, beginning with a letter or digit',
  })
}

function checkedDnsName(name: string): string {
  const label = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'
  if (name.length <= 253 && new RegExp(String.raw`^(\*\.)?${label}(\.${label})*$`).test(name)) return name
  throw new QuorateError('pki', `${JSON.stringify(name)} is not a DNS name that a certificate can carry`, {
    id: 'unfit-name',
  })
}

function checkedIp(ip: string): string {
  const canonical = canonicalIp(ip)
  if (canonical !== undefined) return canonical
  throw new QuorateError('pki', `${JSON.stringify(ip)} is not an IP address that a certificate can carry`, {
    id: 'unfit-name',
  })
}
