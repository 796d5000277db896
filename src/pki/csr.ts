/** The checks of a certificate request before it is signed. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'
import { isReservedName } from '../spec/member-name.ts'
import type { IssueRequest } from './authority.ts'
import { spkiSha256 } from './certificate.ts'
import { derElements } from './der.ts'
import { compareNames, printable, type AllowedNames, type Names } from './names.ts'
import { isMembers, isStrongKey, keyAlgorithmName, type Profile, USAGE_OIDS } from './profile.ts'
import { weakSignature } from './strength.ts'
import * as x509 from './x509.ts'

export interface CheckedRequest {
  readonly commonName: string
  readonly names: Names
  /** `ecdsa-p256`, `rsa-2048`, … */
  readonly keyAlgorithm: string
  /** SHA-256 of the public key (SPKI, DER), lower-case hexadecimal. */
  readonly publicKeySha256: string
  /** The public key (SPKI, DER). */
  readonly publicKeyDer: ArrayBuffer
  /** The request, encoded again: contains only what was checked. */
  readonly pem: string
}

const OID = { extensionRequest: '1.2.840.113549.1.9.14', subjectKeyIdentifier: '2.5.29.14' }

const { digitalSignature, nonRepudiation, keyEncipherment, keyAgreement } = x509.KeyUsageFlags
const LEAF_USAGES = digitalSignature | nonRepudiation | keyEncipherment | keyAgreement

/**
 * Checks a certificate request without trusting its sender: its signature, its key, its subject (only the organizations
 * and the common name), and its names. They must be exactly those of `allowed`, and it may ask for nothing else. The
 * peer name, by which members recognize each other, is only for members (`profile`), whatever else is allowed. It is
 * never a common name.
 * @param commonName the node's or client's name; also names the host in the error
 * @throws QuorateError `pki` with everything that is wrong, including every foreign name
 */
export async function checkCsr(
  csrPem: string,
  allowed: AllowedNames,
  commonName: string,
  profile: Profile,
  organizations: readonly string[] = [],
): Promise<CheckedRequest> {
  const { csr, key, extensions } = readCsr(csrPem, commonName)
  const names: { dns: string[]; ips: string[] } = { dns: [], ips: [] }
  const otherKinds: string[] = []
  const faults: Fault[] = []

  if (!(await hasValidSignature(csr)))
    faults.push({ id: 'request-with-invalid-signature', message: 'its signature is invalid' })
  for (const weakness of weakSignature(new Uint8Array(csr.rawData)))
    faults.push({ id: 'weak-request', message: `it ${weakness}` })
  if (!isStrongKey(key)) {
    faults.push({
      id: 'weak-request',
      message: `its key (${keyAlgorithmName(key)}) is too weak or of an unknown type: ECDSA needs P-256 or more, RSA 2048 bits or more`,
    })
  }
  const subject = [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }]
  if (JSON.stringify(csr.subjectName.toJSON()) !== JSON.stringify(subject)) {
    const wanted = [...organizations.map((organization) => `O=${organization}`), `CN=${commonName}`]
    faults.push({
      id: 'request-for-another-subject',
      message: `its subject is ${printable(csr.subject)}, not ${wanted.join(', ')}`,
    })
  }
  for (const extension of extensions) {
    if (extension instanceof x509.SubjectAlternativeNameExtension) collectNames(extension, names, otherKinds)
    else for (const message of faultsOf(extension)) faults.push({ id: 'request-for-more-rights', message })
  }
  const reserved = isMembers(profile) ? [] : [...names.dns, ...allowed.dns].filter(isReservedName)
  for (const name of new Set([...reserved, ...[commonName].filter(isReservedName)]))
    faults.push({
      id: 'reserved-name',
      message: `${printable(name)} is reserved for members and not allowed for a ${profile}`,
    })
  const difference = compareNames(names, allowed)
  const foreign = [...difference.foreign, ...otherKinds]
  if (foreign.length > 0)
    faults.push({
      id: 'request-for-other-names',
      message: `it requests names that don't belong to it: ${foreign.join(', ')}`,
    })
  if (difference.missing.length > 0)
    faults.push({ id: 'request-without-a-name', message: `it lacks ${difference.missing.join(', ')}` })

  if (faults.length > 0) {
    throw new QuorateError(
      'pki',
      `the certificate request of ${commonName} is refused: ${faults.map(({ message }) => message).join('; ')}`,
      {
        id: faults.map(({ id }) => id),
        host: commonName,
        hint: 'add a missing name to the node in the cluster file, or create the request again',
      },
    )
  }
  return {
    commonName,
    names,
    keyAlgorithm: keyAlgorithmName(key),
    publicKeySha256: spkiSha256(key),
    publicKeyDer: csr.publicKey.rawData,
    pem: `${csr.toString('pem').trimEnd()}\n`,
  }
}

interface Fault {
  readonly id: IdOf<'pki'>
  readonly message: string
}

/** `checkCsr` for an issue request. */
export async function checkRequest(request: IssueRequest): Promise<CheckedRequest> {
  const { csrPem, allowed, subjectCommonName, profile, organizations } = request
  return await checkCsr(csrPem, allowed, subjectCommonName, profile, organizations)
}

/** SHA-256 of a request's public key (SPKI, DER, lower-case hexadecimal); undefined: it can't be read. Checks nothing. */
export function keyOfRequest(csrPem: string): string | undefined {
  try {
    return spkiSha256(readCsr(csrPem, 'somebody').key)
  } catch (error) {
    if (error instanceof QuorateError) return undefined
    throw error
  }
}

interface ReadRequest {
  readonly csr: x509.Pkcs10CertificateRequest
  readonly key: KeyObject
  readonly extensions: readonly x509.Extension[]
}

function readCsr(csrPem: string, commonName: string): ReadRequest {
  try {
    const block =
      /-----BEGIN (NEW )?CERTIFICATE REQUEST-----[\s\S]+?-----END \1?CERTIFICATE REQUEST-----/.exec(csrPem)
    if (block === null) throw new TypeError('it contains no request in PEM form')
    const csr = new x509.Pkcs10CertificateRequest(x509.PemConverter.decodeFirst(block[0]))
    const der = Buffer.from(csr.publicKey.rawData)
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    return { csr, key, extensions: requestedExtensions(csr) }
  } catch (error) {
    throw QuorateError.from(error, 'pki', `the certificate request of ${commonName} can't be read`, {
      host: commonName,
    })
  }
}

async function hasValidSignature(csr: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await csr.verify()
  } catch {
    // An algorithm that can't be verified counts as a wrong signature.
    return false
  }
}

/** All of them: `csr.extensions` sees the first attribute only, and a second one could hide there. */
function requestedExtensions(csr: x509.Pkcs10CertificateRequest): readonly x509.Extension[] {
  return csr
    .getAttributes(OID.extensionRequest)
    .flatMap((attribute) => attribute.values)
    .flatMap((value) => new x509.ExtensionsAttribute(attributeOf(value)).items)
}

function attributeOf(value: ArrayBuffer): ArrayBuffer {
  return new x509.Attribute(OID.extensionRequest, [value]).rawData
}

function collectNames(
  extension: x509.SubjectAlternativeNameExtension,
  names: { dns: string[]; ips: string[] },
  otherKinds: string[],
): void {
  for (const { type, value } of extension.names.items) {
    if (type === 'dns') names.dns.push(value)
    else if (type === 'ip') names.ips.push(value)
    else otherKinds.push(`${type} ${printable(value)}`)
  }
  // The library ignores types of names that it doesn't know.
  const [sequence] = derElements(new Uint8Array(extension.value))
  const unknown = derElements(sequence?.value ?? new Uint8Array()).length - extension.names.items.length
  if (unknown > 0) otherKinds.push(`${unknown} of an unknown type`)
}

function faultsOf(extension: x509.Extension): readonly string[] {
  if (extension instanceof x509.BasicConstraintsExtension)
    return extension.ca ? ['it requests to be a CA'] : []
  if (extension instanceof x509.KeyUsagesExtension) {
    return (extension.usages & ~LEAF_USAGES) === 0
      ? []
      : ['it requests a key usage that only a CA or no TLS peer has']
  }
  if (extension instanceof x509.ExtendedKeyUsageExtension) {
    const known = Object.values(USAGE_OIDS)
    const unknown = extension.usages.map(String).filter((usage) => !known.includes(usage))
    return unknown.length === 0 ? [] : [`it requests extended key usages beyond TLS: ${unknown.join(', ')}`]
  }
  return extension.type === OID.subjectKeyIdentifier ? [] : [`it requests the extension ${extension.type}`]
}
