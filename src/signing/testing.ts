/** Signers for tests, each with its own key from ssh-keygen. */
import path from 'node:path'
import { type Signer, makeKey, publicKeyOf, signerWith } from './ssh-keygen.ts'

export interface TestSigner extends Signer {
  /** The private key's path. */
  readonly file: string
  readonly publicKey: string
  /** Its line in an allowed signers file. */
  readonly line: string
}

/** @param folder absolute path of a private directory */
export async function testSigner(folder: string, principal: string, name = principal): Promise<TestSigner> {
  const file = path.join(folder, `${name}.key`)
  await makeKey(file, principal)
  const publicKey = await publicKeyOf(file)
  return { ...signerWith(file, principal), file, publicKey, line: `${principal} ${publicKey}\n` }
}
