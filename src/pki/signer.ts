/** Signs on the workstation: creates a root, and issues leaves from a CA whose key is available. */
import { generateKeyPair, randomBytes, X509Certificate, type KeyObject, type webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyAlgorithm } from '../spec/cluster.ts'
import { QuorateError } from '../errors.ts'
import { CLOCK_TOLERANCE_MS, DAY_MS, type IssuedCertificate, type IssueRequest } from './authority.ts'
import { assertNamesPermitted, leafValidity } from './ca-check.ts'
import { chainPem } from './chain.ts'
import { checkRequest } from './csr.ts'
import { canonicalIp } from './names.ts'
import { EXTENDED_USAGES, keyAlgorithmName, USAGE_OIDS } from './profile.ts'
import * as x509 from './x509.ts'

const ROOT_DAYS = 3653

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Makes a key pair; an RSA key of 4096 bits can take seconds. */
export async function makeKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const generate = promisify(generateKeyPair)
  if (algorithm === 'ecdsa-p256') return generate('ec', { namedCurve: 'P-256' })
  return generate('rsa', { modulusLength: Number(algorithm.slice('rsa-'.length)), publicExponent: 65_537 })
}

/** PKCS#8 PEM, unencrypted. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Makes a self-signed CA that is valid for ten years and signs leaves only (pathlen 0). */
export async function makeRoot(options: {
  readonly commonName: string
  readonly algorithm: KeyAlgorithm
  readonly now: Date
}): Promise<{ readonly certificatePem: string; readonly key: KeyObject }> {
  const { publicKey, privateKey } = await makeKeyPair(options.algorithm)
  const subject = new x509.Name([{ CN: [options.commonName] }])
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject,
    issuer: subject,
    notBefore: new Date(options.now.getTime() - CLOCK_TOLERANCE_MS),
    notAfter: new Date(options.now.getTime() + ROOT_DAYS * DAY_MS),
    publicKey: spki,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(spki),
    ],
    ...signingWith(privateKey),
  })
  return { certificatePem: `${certificate.toString('pem').trimEnd()}\n`, key: privateKey }
}

/**
 * Checks one request and signs it. The certificate's content comes from `request`, never from the CSR.
 * @throws QuorateError `pki`
 */
export async function signLeaf(
  chain: readonly [X509Certificate, ...X509Certificate[]],
  key: KeyObject,
  request: IssueRequest,
  now: Date,
): Promise<IssuedCertificate> {
  const csr = await checkRequest(request)
  assertNamesPermitted(chain, request.allowed, request.subjectCommonName)
  const issuer = new x509.X509Certificate(chain[0].raw)
  const issuerKeyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId
  const { notBefore, notAfter, warnings } = leafValidity(chain, request.days, now)
  const names: x509.JsonGeneralNames = [
    ...request.allowed.dns.map((value) => ({ type: 'dns' as const, value })),
    ...request.allowed.ips.map((ip) => ({ type: 'ip' as const, value: canonicalIp(ip) ?? ip })),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: subjectOf(request.subjectCommonName, request.organizations),
    issuer: issuer.subjectName,
    notBefore,
    notAfter,
    publicKey: csr.publicKeyDer,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(leafUsage(csr.keyAlgorithm), true),
      new x509.ExtendedKeyUsageExtension(EXTENDED_USAGES[request.profile].map((name) => USAGE_OIDS[name])),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.SubjectKeyIdentifierExtension.create(csr.publicKeyDer),
      issuerKeyId === undefined
        ? await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)
        : new x509.AuthorityKeyIdentifierExtension(issuerKeyId),
    ],
    ...signingWith(key),
  })
  return { pem: chainPem([new X509Certificate(certificate.toString('pem')), ...chain]), warnings }
}

/** 128 random bits in hexadecimal: positive, as RFC 5280 requires, and never with a leading zero byte. */
export function randomSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** A request for a local key. @param dns additional names @param organizations of the subject */
export async function makeCsr(
  commonName: string,
  keys: KeyPair,
  dns: readonly string[] = [],
  organizations: readonly string[] = [],
): Promise<string> {
  const { signingAlgorithm, signingKey } = signingWith(keys.privateKey)
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(commonName, organizations),
    keys: { privateKey: signingKey, publicKey: webKey(keys.publicKey, ['verify']) },
    signingAlgorithm,
    ...(dns.length > 0 ? { extensions: [new x509.SubjectAlternativeNameExtension(dns.map(dnsName))] } : {}),
  })
  return `${request.toString('pem').trimEnd()}\n`
}

function subjectOf(commonName: string, organizations: readonly string[] = []): x509.Name {
  return new x509.Name([...organizations.map((one) => ({ O: [one] })), { CN: [commonName] }])
}

function dnsName(value: string) {
  return { type: 'dns', value } as const
}

function leafUsage(keyAlgorithm: string): x509.KeyUsageFlags {
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- flags are combined, the type knows single ones
  return keyAlgorithm.startsWith('rsa') ? digitalSignature | keyEncipherment : digitalSignature
}

function signingWith(key: KeyObject): {
  signingKey: webcrypto.CryptoKey
  signingAlgorithm: { name: string; hash: string }
} {
  const { name, hash } = webAlgorithm(key)
  return { signingKey: webKey(key, ['sign']), signingAlgorithm: { name, hash } }
}

function webKey(key: KeyObject, usages: ('sign' | 'verify')[]): webcrypto.CryptoKey {
  return key.toCryptoKey(webAlgorithm(key), true, usages)
}

/** The hash fits the key's strength. */
function webAlgorithm(key: KeyObject): { name: string; hash: string; namedCurve?: string } {
  switch (keyAlgorithmName(key)) {
    case 'ecdsa-p256':
      return { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    case 'ecdsa-p384':
      return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
    case 'ecdsa-p521':
      return { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' }
    default:
      if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      throw new QuorateError('pki', `signing with a key of ${keyAlgorithmName(key)} is not supported`, {
        hint: 'use a CA whose key is RSA or ECDSA on P-256, P-384 or P-521',
      })
  }
}
