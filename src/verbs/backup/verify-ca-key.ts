/** Checks whether the CA's key in a backup can be recovered: opens its separate encryption, and parses the key. */
import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { OpenedBackup } from '../../backup/open.ts'
import { unseal } from '../../backup/sealing.ts'
import { QuorateError } from '../../errors.ts'

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * @returns what is odd, as a sentence without its period; undefined: nothing, or the backup has no CA key
 * @throws QuorateError `backup` if it can't be opened with the same secret as the backup, or is not a key
 */
export async function inspectCaKey(
  backup: Pick<OpenedBackup, 'name' | 'caKeySealed' | 'secret' | 'trustPem'>,
): Promise<string | undefined> {
  const { name, caKeySealed, secret, trustPem = '' } = backup
  if (caKeySealed === undefined || secret === undefined) return undefined
  const pem = await buffer(await unseal(secret, once(caKeySealed), `the key of the CA in ${name}`))
  const spki = { type: 'spki', format: 'der' } as const
  try {
    const own = createPublicKey(createPrivateKey(pem)).export(spki)
    const known = (trustPem.match(CERTIFICATES) ?? []).map((one) =>
      new X509Certificate(one).publicKey.export(spki),
    )
    return known.some((one) => one.equals(own)) ? undefined : 'its CA key matches none of its CA certificates'
  } catch {
    // Without its cause, which may quote the key.
    throw new QuorateError('backup', `backup ${name} does not contain a valid CA key`, {
      id: 'no-valid-ca-key',
      hint: 'take another backup and verify it (the other contents of this one are intact)',
    })
  } finally {
    pem.fill(0)
  }
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}
