/** Certificates of a CA, in the order issuing CA, its issuer, …, root. */
import { X509Certificate } from 'node:crypto'
import { QuorateError } from '../errors.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/**
 * Every certificate of a PEM text, in order; other text is ignored.
 * @param what a description of the text, for the message: `the CA certificate /etc/ssl/ca.crt`
 * @throws QuorateError `pki` if there is none, or one can't be read
 */
export function parseCertificates(
  pem: string,
  what: string,
): readonly [X509Certificate, ...X509Certificate[]] {
  const [first, ...rest] = (pem.match(CERTIFICATE) ?? []).map((block) => {
    try {
      return new X509Certificate(block)
    } catch (error) {
      throw QuorateError.from(error, 'pki', `${what} contains a certificate that can't be read`)
    }
  })
  if (first === undefined) {
    throw new QuorateError('pki', `${what} contains no certificate in PEM form`, {
      id: 'no-certificate',
      hint: 'convert it to PEM (-----BEGIN CERTIFICATE-----). If it is DER: openssl x509 -inform der -in FILE -out FILE.pem; if it is PKCS#7: openssl pkcs7 -inform der -in FILE -print_certs -out FILE.pem',
    })
  }
  return [first, ...rest]
}

/**
 * Reads a CA's certificate with its chain and sorts it; the issuing CA must be the first in the text.
 * @throws QuorateError `pki` if one of the others isn't an issuer in this chain
 */
export function parseChain(pem: string, what: string): readonly [X509Certificate, ...X509Certificate[]] {
  const [issuing, ...others] = parseCertificates(pem, what)
  const chain: [X509Certificate, ...X509Certificate[]] = [issuing]
  let left = others.filter((other) => other.fingerprint256 !== issuing.fingerprint256)
  for (let top = issuing; !isSelfSigned(top);) {
    const child = top
    const issuer = left.find((candidate) => isIssuedBy(child, candidate))
    if (issuer === undefined) break
    chain.push(issuer)
    left = left.filter((other) => other.fingerprint256 !== issuer.fingerprint256)
    top = issuer
  }
  if (left.length > 0) {
    const foreign = left.map((certificate) => subjectLine(certificate)).join('; ')
    throw new QuorateError(
      'pki',
      `${what} contains certificates that did not issue its first one: ${foreign}`,
      {
        id: 'not-a-chain',
        hint: 'put the issuing CA first, then its issuer, up to the root, and remove all others',
      },
    )
  }
  return chain
}

/** Whether `issuer` signed the certificate, by name and key. Doesn't check validity. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return isIssuedBy(certificate, certificate)
}

/** PEM of a chain, each certificate once, ending in a newline. */
export function chainPem(chain: readonly X509Certificate[]): string {
  return chain.map((certificate) => `${certificate.toString().trimEnd()}\n`).join('')
}

/** A subject in one line, `CN=etcd CA, O=Example`. */
export function subjectLine(certificate: X509Certificate): string {
  return (certificate.subject ?? '').split('\n').join(', ')
}

/** The chain of the signing CA, which is the first in a trust bundle, without other trusted CAs. */
export function signingChain(bundle: string): readonly X509Certificate[] {
  const [first, ...others] = parseCertificates(bundle, 'the trust bundle')
  const chain: X509Certificate[] = [first]
  for (let top: X509Certificate | undefined = first; top !== undefined && !isSelfSigned(top);) {
    const child: X509Certificate = top
    top = others.find((other) => !chain.includes(other) && isIssuedBy(child, other))
    if (top !== undefined) chain.push(top)
  }
  return chain
}
