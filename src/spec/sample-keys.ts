/** Public keys of age that stand in public documentation: a backup for one of them opens for no reader of that page. */

/**
 * Of the README of age (the third is of a pair with a passphrase), of its Go package's examples (the secret key is public
 * as well), and of the README of SOPS.
 */
const SAMPLES: ReadonlySet<string> = new Set([
  'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg',
  'age1yhm4gctwfmrpz87tdslm550wrx6m79y9f2hdzt0lndjnehwj0ukqrjpyx5',
  'age1cy0su9fwf3gf9mw868g5yut09p6nytfmmnktexz2ya5uqg9vl9sss4euqm',
  'age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw',
  'age1s3cqcks5genc6ru8chl0hkkd04zmxvczsvdxq99ekffe4gmvjpzsedk23c',
  'age1qe5lxzzeppw5k79vxn3872272sgy224g2nzqlzy3uljs84say3yqgvd0sw',
])

/** What stands in a new cluster file, and on our pages, where a key of the reader's own belongs. No valid key. */
export const RECIPIENT_PLACEHOLDER = 'YOUR-AGE-PUBLIC-KEY'

/** The same for a SHA-256. */
export const SHA256_PLACEHOLDER = '0'.repeat(64)

/** bech32 is the same in upper case. */
export function isSampleRecipient(text: string): boolean {
  return SAMPLES.has(text.toLowerCase())
}
