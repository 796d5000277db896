/** The files in the directory that comes back from an offline CA: which hold certificates, and which are passed over. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { readBytes } from '../files/read-file.ts'
import { type Certificates, certificatesIn, holdsPrivateKey } from './any-certificates.ts'

/** Of one file, in bytes. The certificates of a hundred nodes come to a tenth. */
const MOST_BYTES = 1024 ** 2

/** Names that certificates have. Anything else may hold one too, and is passed over if it holds none. */
const NAMED_AS_CERTIFICATE = /\.(?:crt|pem|cer|cert|der|p7b|p7c|p7s|p7m|spc)$/i

/** What `certs csr` put there, and openssl's list of serial numbers. */
const CARRIED_OUT = /^(?:README\.txt|sign\.sh|.*\.csr|.*\.cnf|.*\.srl)$/

export type FolderFile =
  | { readonly file: string; readonly certificates: Certificates }
  /** It should hold a certificate, and can't be used. */
  | { readonly file: string; readonly trouble: QuorateError }
  /** Completes 'it …'. */
  | { readonly file: string; readonly ignored: string }

/** Sorted by name; without what was carried out. @throws QuorateError `pki` if the directory can't be read */
export async function readFolder(directory: string): Promise<readonly FolderFile[]> {
  const names = await namesIn(directory)
  const files: FolderFile[] = []
  // One after another: they are few, and none is kept.
  for (const file of names) if (!CARRIED_OUT.test(file)) files.push(await look(directory, file))
  return files
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort()
  } catch (error) {
    throw QuorateError.from(error, 'pki', `can't read the directory with the signed certificates`)
  }
}

async function look(directory: string, file: string): Promise<FolderFile> {
  const expected = NAMED_AS_CERTIFICATE.test(file)
  let bytes: Uint8Array
  try {
    bytes = await readBytes(path.join(directory, file), { code: 'pki', maxBytes: MOST_BYTES })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EISDIR') return { file, ignored: 'is a directory' }
    if (!expected) return { file, ignored: `can't be read as a certificate` }
    return { file, trouble: QuorateError.from(error, 'pki', file) }
  }
  try {
    return { file, certificates: await certificatesIn(bytes, file) }
  } catch (error) {
    const trouble = QuorateError.from(error, 'pki', file)
    if (expected || isBinary(bytes)) return { file, trouble }
    return { file, ignored: holdsPrivateKey(bytes) ? 'is a private key' : 'contains no certificate' }
  }
}

/** DER of some kind: PKCS#12, or a certificate that was cut off. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes[0] === 0x30 && bytes[1] !== undefined && bytes[1] >= 0x80
}
