/**
 * age's public keys in public documentation: a backup for one of them could not be opened by the reader who copied it.
 */

/**
 * From the README of age (the third is of a pair with a passphrase), from its Go package's examples (their secret key
 * is public as well), and from the README of SOPS.
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

/** The placeholder for the reader's own key in new cluster files and in the documentation. Not a valid key. */
export const RECIPIENT_PLACEHOLDER = 'YOUR-AGE-PUBLIC-KEY'

/** The placeholder for a SHA-256. */
export const SHA256_PLACEHOLDER = '0'.repeat(64)

/** bech32 is the same in upper case. */
export function isSampleRecipient(text: string): boolean {
  return SAMPLES.has(text.toLowerCase())
}
