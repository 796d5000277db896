/** The files in the directory that comes back from an offline CA: which have certificates, and which are ignored. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { readBytes } from '../files/read-file.ts'
import { type Certificates, certificatesIn, holdsPrivateKey } from './any-certificates.ts'

/** Of one file, in bytes. The certificates of a hundred nodes need a tenth of it. */
const MOST_BYTES = 1024 ** 2

/** Usual extensions of certificates. Other files may have one too, and are ignored if they don't. */
const NAMED_AS_CERTIFICATE = /\.(?:crt|pem|cer|cert|der|p7b|p7c|p7s|p7m|spc)$/i

/** What `certs csr` wrote, and openssl's list of serial numbers. */
const CARRIED_OUT = /^(?:README\.txt|sign\.sh|.*\.csr|.*\.cnf|.*\.srl)$/

export type FolderFile =
  | { readonly file: string; readonly certificates: Certificates }
  /** By its name it is a certificate, but it can't be used. */
  | { readonly file: string; readonly trouble: QuorateError }
  /** Completes 'it …'. */
  | { readonly file: string; readonly ignored: string }

/** Sorted by name, without the files that `certs csr` wrote. @throws QuorateError `pki` if the directory can't be read */
export async function readFolder(directory: string): Promise<readonly FolderFile[]> {
  const names = await namesIn(directory)
  const files: FolderFile[] = []
  // One after another: there are only a few, and their content isn't kept.
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

/** Why a file is passed over, as text that follows its name. */
export const IGNORED = { key: 'is a private key', other: 'contains no certificate' } as const

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
    return { file, ignored: holdsPrivateKey(bytes) ? IGNORED.key : IGNORED.other }
  }
}

/** DER of some kind: PKCS#12, or a truncated certificate. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes[0] === 0x30 && bytes[1] !== undefined && bytes[1] >= 0x80
}
