/**
 * A short mark of what a bundle trusts: a process of etcd has it in its environment since its start. Computed
 * from the text only.
 */
import { createHash } from 'node:crypto'

const BLOCK = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g

/**
 * The fingerprints of a bundle's certificates: the first half of SHA-256 over DER, lower-case hexadecimal, each once and
 * in order of their value. Computed from the text alone; a text without a certificate has its own.
 */
export function fingerprintsOf(bundle: string): readonly string[] {
  const blocks = [...bundle.matchAll(BLOCK)].map(([, body = '']) => Buffer.from(body, 'base64'))
  const parts = blocks.length > 0 ? blocks : [bundle]
  return [
    ...new Set(parts.map((part) => createHash('sha256').update(part).digest('hex').slice(0, 32))),
  ].sort()
}

/** The fingerprint of a bundle's first certificate: of the CA that signs. */
export function firstFingerprint(bundle: string): string {
  const [first] = bundle.match(BLOCK) ?? [bundle]
  return fingerprintsOf(first)[0] ?? ''
}

/** The variable in which a process of etcd carries what it trusts since its start: the fingerprints, with commas. */
export const TRUST_MARK = 'QUORATE_CA'

/** The environment file beside `ca.crt` that gives a process its mark. */
export function trustMarkFile(bundle: string): string {
  return `${TRUST_MARK}=${fingerprintsOf(bundle).join(',')}\n`
}
