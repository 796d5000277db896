/** Describes a certificate with Node's own X.509 parser, which needs no loading time. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { DAY_MS } from './authority.ts'
import { parseCertificates, subjectLine } from './chain.ts'
import { keyAlgorithmName } from './profile.ts'

export interface CertificateDescription {
  /** In one line, `CN=etcd01`. */
  readonly subject: string
  /** Empty if there is none. */
  readonly commonName: string
  /** In order. */
  readonly organizations: readonly string[]
  readonly sans: {
    readonly dns: readonly string[]
    readonly ips: readonly string[]
    /** Names of any other kind, as `email:root@example.org`. */
    readonly others: readonly string[]
  }
  readonly issuer: string
  /** Upper-case hexadecimal. */
  readonly serial: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** Whole days from `now` until it expires, rounded down; negative once it has. */
  daysLeft(now: Date): number
  /** SHA-256 of the public key (SPKI, DER), lower-case hexadecimal: `openssl pkey -pubout -outform der | sha256sum`. */
  readonly publicKeySha256: string
  /** Object identifiers of the extended key usages. */
  readonly ekus: readonly string[]
  readonly isCa: boolean
  /** `ecdsa-p256`, `rsa-2048`, … */
  readonly keyAlgorithm: string
}

/**
 * Describes the first certificate of a PEM text.
 * @throws QuorateError `pki` if there is none
 */
export function describeCertificate(pem: string): CertificateDescription {
  const [certificate] = parseCertificates(pem, 'this text')
  return describe(certificate)
}

export function describe(certificate: X509Certificate): CertificateDescription {
  const notAfter = certificate.validToDate
  return {
    subject: subjectLine(certificate),
    commonName: /^CN=(.*)$/m.exec(certificate.subject ?? '')?.[1] ?? '',
    organizations: [...(certificate.subject ?? '').matchAll(/^O=(.*)$/gm)].map(([, name = '']) => name),
    sans: parseSubjectAltName(certificate.subjectAltName ?? ''),
    issuer: certificate.issuer.split('\n').join(', '),
    serial: certificate.serialNumber,
    notBefore: certificate.validFromDate,
    notAfter,
    daysLeft: (now) => Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS),
    publicKeySha256: spkiSha256(certificate.publicKey),
    ekus: certificate.keyUsage ?? [],
    isCa: certificate.ca,
    keyAlgorithm: keyAlgorithmName(certificate.publicKey),
  }
}

/** SHA-256 of a public key's SPKI (DER), lower-case hexadecimal. */
export function spkiSha256(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

/** Node writes `DNS:a, IP Address:::1, DNS:"a\"b"`: any value that could be mistaken for more is a JSON string. */
function parseSubjectAltName(text: string): CertificateDescription['sans'] {
  const dns: string[] = []
  const ips: string[] = []
  const others: string[] = []
  for (const [, kind, quoted, plain] of text.matchAll(
    /([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g,
  )) {
    const value = quoted === undefined ? (plain ?? '') : (JSON.parse(quoted) as string)
    if (kind === 'DNS') dns.push(value)
    else if (kind === 'IP Address') ips.push(value)
    else others.push(`${kind}:${value}`)
  }
  return { dns, ips, others }
}
