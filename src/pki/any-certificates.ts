/** Certificates in any form that CAs deliver: PEM, DER, PKCS#7, or the base64 of one of these. */
import { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { decodeText } from '../files/decode-text.ts'
import { readBytes } from '../files/read-file.ts'
import { quoteWord } from '../ssh/quote.ts'
import { chainPem } from './chain.ts'
import { derElements } from './der.ts'

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----[\s\S]+?-----END \1-----/g
const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/
const PKCS7 = /^(?:PKCS7|PKCS #7 SIGNED DATA|CMS)$/

export type Certificates = readonly [X509Certificate, ...X509Certificate[]]

/**
 * Every certificate in a file, in order; text around PEM blocks is ignored.
 * @param file names it in messages and in the commands that hints give
 * @throws QuorateError `pki` if there is none, if one can't be read, or if the file also has a private key
 */
export async function certificatesIn(bytes: Uint8Array, file: string): Promise<Certificates> {
  const text = decodeText(bytes)
  const blocks = [...text.matchAll(BLOCK)].map(([block, label = '']) => ({ block, label }))
  if (blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))) throw withKey(file)
  const found: X509Certificate[] = []
  for (const { block, label } of blocks) {
    if (CERTIFICATE.test(label))
      found.push(certificate(block.replaceAll('X509 CERTIFICATE', 'CERTIFICATE'), file))
    else if (PKCS7.test(label)) found.push(...(await fromPkcs7(base64Of(block), file)))
  }
  if (blocks.length === 0) found.push(...(await withoutArmor(bytes, text, file)))
  const [first, ...rest] = found
  if (first === undefined) throw none(file, blocks[0]?.label)
  return [first, ...rest]
}

/** Reads a CA's certificate file as PEM text. @param what its description, for messages @throws QuorateError `pki` */
export async function readCaFile(file: string, what = `the CA certificate ${file}`): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = await readBytes(file)
  } catch (error) {
    throw QuorateError.from(error, 'pki', `the CA certificate can't be read`)
  }
  const text = decodeText(bytes)
  // The operator may keep a key in the same file: only the certificates are read.
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  return chainPem(await certificatesIn(bytes, what))
}

/** Whether the file contains a private key in PEM. */
export function holdsPrivateKey(bytes: Uint8Array): boolean {
  return /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----/.test(decodeText(bytes))
}

async function withoutArmor(
  bytes: Uint8Array,
  text: string,
  file: string,
): Promise<readonly X509Certificate[]> {
  const der = isSequence(bytes) ? bytes : fromBase64(text)
  if (der === undefined) return []
  const kind = kindOf(der)
  if (kind === 'pkcs7') return await fromPkcs7(der, file)
  if (kind === 'pkcs12') {
    throw new QuorateError(
      'pki',
      `${file} is PKCS#12, which may contain a private key: quorate doesn't open it`,
      {
        hint: `extract the certificate: openssl pkcs12 -in ${quoteWord(path.basename(file))} -nokeys -clcerts -out NODE.crt`,
      },
    )
  }
  return [certificate(der, file)]
}

function isSequence(bytes: Uint8Array): boolean {
  return bytes[0] === 0x30
}

/** Base64 without PEM lines around it, as some CAs deliver it. */
function fromBase64(text: string): Uint8Array | undefined {
  const plain = text.replaceAll(/\s/g, '')
  if (plain === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) return undefined
  const der = Buffer.from(plain, 'base64')
  return isSequence(der) ? der : undefined
}

function base64Of(block: string): Uint8Array {
  return Buffer.from(block.split('\n').slice(1, -1).join(''), 'base64')
}

/**
 * Decided by the start of the outer SEQUENCE: an object identifier (CMS, RFC 5652), the number 3 (PKCS#12, RFC 7292),
 * or neither.
 */
function kindOf(der: Uint8Array): 'pkcs7' | 'pkcs12' | 'certificate' {
  try {
    const [first] = derElements(derElements(der)[0]?.value ?? new Uint8Array())
    if (first?.tag === 0x06) return 'pkcs7'
    if (first?.tag === 0x02) return 'pkcs12'
  } catch {
    // Truncated, or with indefinite lengths as BER allows: the parser reports it.
  }
  return 'certificate'
}

async function fromPkcs7(der: Uint8Array, file: string): Promise<readonly X509Certificate[]> {
  const { certificatesInPkcs7 } = await import('./pkcs7.ts')
  try {
    return certificatesInPkcs7(der).map((one) => new X509Certificate(one))
  } catch (error) {
    throw QuorateError.from(error, 'pki', `${file} looks like PKCS#7, but can't be read`, {
      hint: `extract the certificates: openssl pkcs7 -inform der -in ${quoteWord(path.basename(file))} -print_certs -out NODE.crt`,
    })
  }
}

function certificate(given: string | Uint8Array, file: string): X509Certificate {
  try {
    return new X509Certificate(given)
  } catch (error) {
    throw QuorateError.from(error, 'pki', `${file} contains a certificate that can't be read`, {
      hint: `check the certificate: openssl x509 -in ${quoteWord(path.basename(file))} -noout -text. If it was truncated, copy it again`,
    })
  }
}

function none(file: string, label: string | undefined): QuorateError {
  const found = label === undefined ? '' : `, but a ${label}`
  return new QuorateError('pki', `${file} contains no certificate${found}`, {
    id: 'no-certificate',
    hint: 'use a certificate in PEM (-----BEGIN CERTIFICATE-----), DER or PKCS#7',
  })
}

function withKey(file: string): QuorateError {
  const name = quoteWord(path.basename(file))
  return new QuorateError('pki', `${file} contains a private key with the certificate`, {
    hint: `keep the key where the CA is, and copy only the certificate: openssl x509 -in ${name} -out NODE.crt`,
  })
}
