/**
 * Decides what is too weak to trust: RSA below 2048 bits, curves below P-256, and signatures that don't use SHA-256 or
 * a larger SHA-2 hash. The limits are those of NIST SP 800-131A and of Go's TLS, which etcd uses.
 */
import type { KeyObject, X509Certificate } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import { parseCertificates, subjectLine } from './chain.ts'
import { derElements } from './der.ts'
import { isStrongKey, keyAlgorithmName } from './profile.ts'
import { firstFingerprint } from './trust-mark.ts'

/** Object identifiers (hexadecimal DER) of signatures that are strong whatever their parameters are. */
const STRONG_SIGNATURES: ReadonlySet<string> = new Set([
  // sha256, sha384 and sha512WithRSAEncryption
  '2a864886f70d01010b',
  '2a864886f70d01010c',
  '2a864886f70d01010d',
  // ecdsa-with-SHA256, -SHA384 and -SHA512
  '2a8648ce3d040302',
  '2a8648ce3d040303',
  '2a8648ce3d040304',
  // Ed25519
  '2b6570',
])

/** RSASSA-PSS: the hash is in its parameters; SHA-1 if they don't name one (RFC 4055). */
const PSS = '2a864886f70d01010a'
/** SHA-256, SHA-384 and SHA-512 */
const STRONG_HASHES: ReadonlySet<string> = new Set([
  '608648016503040201',
  '608648016503040202',
  '608648016503040203',
])

const WEAK_NAMES: Readonly<Record<string, string>> = {
  '2a864886f70d010102': 'MD2',
  '2a864886f70d010104': 'MD5',
  '2a864886f70d010105': 'SHA-1',
  '2a864886f70d01010e': 'SHA-224',
  '2a8648ce3d0401': 'SHA-1',
  '2a8648ce3d040301': 'SHA-224',
  '2a8648ce380403': 'SHA-1',
  '2b0e03021d': 'SHA-1',
}

/** The weaknesses of a certificate, each completing 'it …': `has a key of rsa-1024`. Empty: none. */
export function weaknesses(certificate: X509Certificate): readonly string[] {
  return [
    ...(isStrongKeyOfCa(certificate.publicKey)
      ? []
      : [
          `has a key of ${keyAlgorithmName(certificate.publicKey)} (RSA needs 2048 bits, ECDSA needs P-256, P-384 or P-521)`,
        ]),
    ...weakSignature(certificate.raw),
  ]
}

/**
 * The same for anything signed in the form of X.509 (a certificate, a request).
 *
 * @param der a sequence of the signed part, the algorithm, and the signature
 */
export function weakSignature(der: Uint8Array): readonly string[] {
  const [whole] = derElements(der)
  const [, algorithm] = derElements(whole?.value ?? new Uint8Array())
  const [oid, parameters] = derElements(algorithm?.value ?? new Uint8Array())
  const id = hex(oid?.value)
  if (STRONG_SIGNATURES.has(id)) return []
  if (id === PSS) {
    const hash = pssHash(parameters?.value ?? new Uint8Array())
    if (STRONG_HASHES.has(hash)) return []
    return ['is signed with RSA-PSS over a hash that is too weak (SHA-256 or better is required)']
  }
  return [`is signed with ${WEAK_NAMES[id] ?? 'an unknown algorithm'} (SHA-256 or better is required)`]
}

export interface WeakCa {
  /** As from `fingerprintsOf`. */
  readonly fingerprint: string
  readonly message: string
}

/**
 * Each CA of a bundle (PEM) that is too weak, with a line that names it. Unreadable bundles are reported where they are
 * used.
 */
export function weakCas(pem: string): readonly WeakCa[] {
  return certificatesOf(pem).flatMap((certificate) => {
    const found = weaknesses(certificate)
    if (found.length === 0) return []
    const message = `the CA certificate ${subjectLine(certificate)} is too weak: it ${found.join(' and ')}`
    return [{ fingerprint: firstFingerprint(certificate.toString()), message }]
  })
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  try {
    return parseCertificates(pem, 'the CA certificate')
  } catch {
    return []
  }
}

/** The fix for a CA that members already trust. */
export const ROTATE_WEAK_CA =
  'replace it with a stronger CA: quorate certs rotate-ca (if the cluster file names the CA, name the new one in it first)'

/** @throws QuorateError `pki` for a new CA that is too weak */
export function assertStrongCas(pem: string, hint: string): void {
  const weak = weakCas(pem)
  if (weak.length > 0) {
    const lines = weak.map(({ message }) => message)
    throw new QuorateError('pki', lines.join('\n'), { id: 'weak-new-ca', hint })
  }
}

/** A CA may have keys that members may not have: Ed25519, PSS only, and RSA with a small exponent. */
function isStrongKeyOfCa(key: KeyObject): boolean {
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss')
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
  return key.asymmetricKeyType === 'ed25519' || isStrongKey(key)
}

/** `RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] … }`: the hash's object identifier. */
function pssHash(parameters: Uint8Array): string {
  const [first] = derElements(parameters)
  if (first?.tag !== 0xa0) return ''
  const [algorithm] = derElements(first.value)
  return hex(derElements(algorithm?.value ?? new Uint8Array())[0]?.value)
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}
