/** Encryption of backups: age, for public keys or a passphrase. */
import { ReadableStream } from 'node:stream/web'
import { QuorateError } from '../errors.ts'
import { checkRecipient } from '../spec/backup-values.ts'

export type Sealing =
  | { readonly kind: 'recipients'; readonly recipients: readonly string[] }
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'plaintext' }

/** What opens a bundle: secret keys (`AGE-SECRET-KEY-…`) or a passphrase. */
export type Secret =
  | { readonly kind: 'identities'; readonly identities: readonly string[] }
  | { readonly kind: 'passphrase'; readonly passphrase: string }

type Bytes = AsyncIterable<Uint8Array>

const AGE_HEADER = 'age-encryption.org/v1'
/** How age-encryption reports another secret: its errors have no codes. */
const NO_MATCH = 'no identity matched'
const UNTOUCHED = 'nothing was changed anywhere; `quorate backup list` has the others'

/** Whether data that start like this are encrypted by age. */
export function isSealed(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, AGE_HEADER.length)).toString('latin1') === AGE_HEADER
}

/** @throws QuorateError `backup` if a recipient is invalid */
export async function seal(sealing: Sealing, plain: Bytes): Promise<Bytes> {
  if (sealing.kind === 'plaintext') return plain
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  if (sealing.kind === 'passphrase') encrypter.setPassphrase(sealing.passphrase)
  else for (const recipient of sealing.recipients) addRecipient(encrypter, recipient)
  return await encrypter.encrypt(asWebStream(plain))
}

/**
 * @param what for messages: `the backup prod-….bundle.age`
 * @throws QuorateError `backup`: wrong secret, or damaged data; also while the result is read
 */
export async function unseal(secret: Secret, sealed: Bytes, what: string): Promise<Bytes> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  if (secret.kind === 'passphrase') decrypter.addPassphrase(secret.passphrase)
  else for (const identity of secret.identities) addIdentity(decrypter, identity)
  try {
    return guarded(await decrypter.decrypt(asWebStream(withShortHeader(sealed))), what)
  } catch (error) {
    throw error instanceof QuorateError ? error : notOpened(secret, what, error)
  }
}

async function* guarded(opened: Bytes, what: string): AsyncGenerator<Uint8Array> {
  try {
    yield* opened
  } catch (error) {
    if (error instanceof QuorateError) throw error
    const message = `${what} is damaged: it was changed or cut off after it was encrypted`
    throw new QuorateError('backup', message, {
      id: 'changed-after-encryption',
      hint: UNTOUCHED,
      cause: error,
    })
  }
}

/**
 * Enough for hundreds of recipients. The library holds several copies of a header in memory, so a longer one is
 * refused.
 */
const MOST_HEADER_BYTES = 256 * 1024

/** @throws Error if age's header is longer than the limit */
async function* withShortHeader(sealed: Bytes): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const piece of sealed) {
    if (head !== undefined) {
      head = Buffer.concat([head, piece.subarray(0, MOST_HEADER_BYTES)])
      const end = head.indexOf('\n--- ')
      if (end !== -1 && end <= MOST_HEADER_BYTES) head = undefined
      else if (head.length > MOST_HEADER_BYTES) throw new Error('its header is too long')
    }
    yield piece
  }
}

/** Whether only the secret was wrong: whether the data are intact is unknown then. */
export function isOtherSecret({ cause }: QuorateError): boolean {
  return cause instanceof Error && cause.message.includes(NO_MATCH)
}

function notOpened(secret: Secret, what: string, cause: unknown): QuorateError {
  const said = cause instanceof Error ? cause.message : ''
  if (!said.includes(NO_MATCH)) {
    const message = `${what} can't be opened, its beginning is damaged: ${said}`
    return new QuorateError('backup', message, { id: 'damaged-beginning', hint: UNTOUCHED, cause })
  }
  const none =
    secret.kind === 'passphrase' ? 'this passphrase does not open' : 'none of these secret keys opens'
  return new QuorateError('backup', `${none} ${what}`, {
    id: 'wrong-secret',
    hint: 'use the identity of one of its recipients: quorate backup list',
    cause,
  })
}

type Age = typeof import('age-encryption')

function addRecipient(encrypter: InstanceType<Age['Encrypter']>, recipient: string): void {
  const complaint = checkRecipient(recipient)
  if (complaint !== undefined) throw new QuorateError('backup', complaint.message, { hint: complaint.hint })
  try {
    encrypter.addRecipient(recipient)
  } catch (error) {
    throw new QuorateError('backup', `${recipient} is not a public key of age`, {
      hint: 'write the one that age-keygen prints, which begins with age1',
      cause: error,
    })
  }
}

function addIdentity(decrypter: InstanceType<Age['Decrypter']>, identity: string): void {
  try {
    decrypter.addIdentity(identity)
  } catch {
    // Without the cause, which may quote the key.
    throw new QuorateError('backup', 'the identity is not an age secret key', {
      hint: 'give the file that age-keygen wrote: it has a line that begins with AGE-SECRET-KEY-',
    })
  }
}

function asWebStream(data: Bytes): ReadableStream<Uint8Array> {
  return ReadableStream.from(data)
}
