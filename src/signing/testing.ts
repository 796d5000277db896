/** Signers for tests, each with a key of its own that ssh-keygen makes. */
import path from 'node:path'
import { type Signer, makeKey, publicKeyOf, signerWith } from './ssh-keygen.ts'

export interface TestSigner extends Signer {
  /** Of the private key. */
  readonly file: string
  readonly publicKey: string
  /** Its line in an allowed signers file. */
  readonly line: string
}

/** @param folder absolute path of a private folder */
export async function testSigner(folder: string, principal: string, name = principal): Promise<TestSigner> {
  const file = path.join(folder, `${name}.key`)
  await makeKey(file, principal)
  const publicKey = await publicKeyOf(file)
  return { ...signerWith(file, principal), file, publicKey, line: `${principal} ${publicKey}\n` }
}
