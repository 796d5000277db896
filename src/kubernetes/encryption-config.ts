/** Configures how the API server encrypts Secrets before it writes them to etcd. Pure. */
import { stringify } from 'yaml'

export interface EncryptionKey {
  /** The prefix of each value that it encrypted: `key1`. */
  readonly name: string
  /** 32 bytes. */
  readonly secret: Uint8Array
}

const SECRETBOX_BYTES = 32

/**
 * The text of an EncryptionConfiguration. It is secret, because it contains the keys.
 *
 * @param keys the first one encrypts, all of them decrypt. Unencrypted older values stay readable
 * @throws RangeError for a key of the wrong length
 */
export function encryptionConfig(keys: readonly EncryptionKey[]): string {
  const wrong = keys.find(({ secret }) => secret.length !== SECRETBOX_BYTES)
  if (wrong !== undefined) throw new RangeError(`${wrong.name} is not as long as a secretbox key`)
  const secretbox = {
    keys: keys.map(({ name, secret }) => ({ name, secret: Buffer.from(secret).toString('base64') })),
  }
  return stringify(
    {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers: [{ secretbox }, { identity: {} }] }],
    },
    { lineWidth: 0 },
  )
}
