/**
 * A short mark of what a bundle trusts. An etcd process has it in its environment from its start. It depends only on
 * the text.
 */
import { createHash } from 'node:crypto'

const BLOCK = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g

/**
 * The fingerprints of a bundle's certificates: the first half of SHA-256 over DER, lower-case hexadecimal, each once,
 * sorted. They depend only on the text; a text without certificates has a fingerprint too.
 */
export function fingerprintsOf(bundle: string): readonly string[] {
  const blocks = [...bundle.matchAll(BLOCK)].map(([, body = '']) => Buffer.from(body, 'base64'))
  const parts = blocks.length > 0 ? blocks : [bundle]
  return [
    ...new Set(parts.map((part) => createHash('sha256').update(part).digest('hex').slice(0, 32))),
  ].sort()
}

/** The fingerprint of a bundle's first certificate, which is the signing CA's. */
export function firstFingerprint(bundle: string): string {
  const [first] = bundle.match(BLOCK) ?? [bundle]
  return fingerprintsOf(first)[0] ?? ''
}

/**
 * The environment variable that records what an etcd process has trusted since its start: the fingerprints, separated
 * by commas.
 */
export const TRUST_MARK = 'QUORATE_CA'

/** The environment file next to `ca.crt` that gives a process its mark. */
export function trustMarkFile(bundle: string): string {
  return `${TRUST_MARK}=${fingerprintsOf(bundle).join(',')}\n`
}
