/** Reads a CA's private key, in any of the supported formats. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { QuorateError } from '../errors.ts'
import { decodeText } from '../files/decode-text.ts'
import { openForReading, readFrom } from '../files/read-file.ts'
import { quoteWord } from '../ssh/quote.ts'
import type { AskPassphrase } from './authority.ts'

const AGE_BINARY = 'age-encryption.org/v1'
const OPENSSH = '-----BEGIN OPENSSH PRIVATE KEY-----'
const AGE_ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----'

export interface KeyFile {
  readonly file: string
  /** Names the key: `the CA key /home/…/ca.key.age`. */
  readonly purpose: string
  readonly askPassphrase: AskPassphrase
}

/**
 * PKCS#8, PKCS#1 (`RSA PRIVATE KEY`) and SEC1 (`EC PRIVATE KEY`), plain or encrypted by openssl, or any of them within
 * age. Asks for the passphrase only if there is one.
 * @throws QuorateError `pki` for a wrong passphrase or an unreadable key, `permission` if every user can read the file
 */
export async function readPrivateKey(key: KeyFile, signal?: AbortSignal): Promise<KeyObject> {
  await using handle = await openForReading(key.file, { code: 'pki' })
  await assertPrivate(handle, key.file)
  const bytes = await readFrom(handle, key.file, { code: 'pki' })
  const text = decodeText(bytes)
  if (isAge(text)) {
    return parseKey(await decryptAge(bytes, key, signal), undefined, key)
  }
  if (!text.includes('PRIVATE KEY-----') || text.includes(OPENSSH)) throw noPemKey(bytes, text, key)
  const encrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY-----$|^Proc-Type: 4,ENCRYPTED/m.test(text)
  return parseKey(text, encrypted ? await key.askPassphrase(key.purpose, signal) : undefined, key)
}

/** A secret text, plain or encrypted with age. Otherwise as `readPrivateKey`. */
export async function readSecretText(key: KeyFile, signal?: AbortSignal): Promise<string> {
  await using handle = await openForReading(key.file, { code: 'pki' })
  await assertPrivate(handle, key.file)
  const bytes = await readFrom(handle, key.file, { code: 'pki' })
  const text = decodeText(bytes)
  return isAge(text) ? await decryptAge(bytes, key, signal) : text
}

function isAge(text: string): boolean {
  return text.startsWith(AGE_BINARY) || text.startsWith(AGE_ARMOR)
}

/** Encrypts a PEM private key with a passphrase (age, scrypt; `workFactor` is log2 of its cost, 18 by default). */
export async function encryptAge(pem: string, passphrase: string, workFactor?: number): Promise<Uint8Array> {
  const age = await import('age-encryption')
  const encrypter = new age.Encrypter()
  encrypter.setPassphrase(passphrase)
  if (workFactor !== undefined) encrypter.setScryptWorkFactor(workFactor)
  return encrypter.encrypt(pem)
}

async function decryptAge(bytes: Uint8Array, key: KeyFile, signal?: AbortSignal): Promise<string> {
  const passphrase = await key.askPassphrase(key.purpose, signal)
  const age = await import('age-encryption')
  const decrypter = new age.Decrypter()
  decrypter.addPassphrase(passphrase)
  const text = decodeText(bytes)
  try {
    const binary = text.startsWith(AGE_ARMOR) ? age.armor.decode(text) : bytes
    return await decrypter.decrypt(binary, 'text')
  } catch (error) {
    throw wrongPassphrase(key, error)
  }
}

function parseKey(pem: string, passphrase: string | undefined, key: KeyFile): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (error) {
    // An old cipher that OpenSSL no longer supports: no passphrase would help.
    const unsupported = (error as NodeJS.ErrnoException).code === 'ERR_OSSL_UNSUPPORTED'
    if (passphrase !== undefined && !unsupported) throw wrongPassphrase(key, error)
    throw QuorateError.from(error, 'pki', `${key.purpose} can't be read`, {
      hint: `check that openssl can read it: openssl pkey -in ${quoteWord(key.file)} -noout. If it can, convert it to PKCS#8: openssl pkcs8 -topk8 -in ${quoteWord(key.file)} -out NEW.key`,
    })
  }
}

/** What the file contains instead if it is a common mistake, and the command that converts it. */
function noPemKey(bytes: Uint8Array, text: string, { file, purpose }: KeyFile): QuorateError {
  const name = quoteWord(file)
  const block = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1]
  if (text.includes(OPENSSH)) {
    const hint = `convert a copy to PEM: cp ${name} NEW.key && ssh-keygen -p -m PKCS8 -f NEW.key`
    return new QuorateError('pki', `${purpose} is in OpenSSH's format, which a CA can't use`, {
      id: 'no-private-key',
      hint,
    })
  }
  if (block !== undefined) {
    const hint = 'set pki.authority.key in the cluster file to the file with the private key'
    return new QuorateError('pki', `${purpose} contains no private key, but a ${block}`, {
      id: 'no-private-key',
      hint,
    })
  }
  const der = bytes[0] === 0x30
  const hint = der
    ? `convert it to PEM: openssl pkey -inform der -in ${name} -out NEW.key (PKCS#12: openssl pkcs12 -in ${name} -nocerts -out NEW.key)`
    : 'use a private key in PEM: PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY, also encrypted, or within age'
  return new QuorateError('pki', `${purpose} contains no private key in PEM${der ? ', but DER' : ''}`, {
    id: 'no-private-key',
    hint,
  })
}

function wrongPassphrase(key: KeyFile, cause: unknown): QuorateError {
  return new QuorateError('pki', `the passphrase is wrong for ${key.purpose}`, {
    id: 'wrong-passphrase',
    hint: 'rerun with the correct passphrase',
    cause,
  })
}

async function assertPrivate(handle: FileHandle, file: string): Promise<void> {
  const { mode } = await handle.stat()
  if ((mode & 0o007) === 0) return
  throw new QuorateError('permission', `every user of the workstation can read the CA key ${file}`, {
    id: 'secret-is-not-private',
    hint: `run chmod 600 ${file}; if another user may have read it, rotate the CA: quorate certs rotate-ca`,
  })
}
