import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { checkRecipient } from './backup-values.ts'

test.each([
  ['X25519', generateX25519Identity],
  ['hybrid', generateHybridIdentity],
])(
  'a public key of age with a wrong, a missing or an exchanged letter is refused: %s',
  async (_kind, make) => {
    const key = await identityToRecipient(await make())
    expect(checkRecipient(key)).toBeUndefined()
    const [start, letter, next, end] = [key.slice(0, 20), key.charAt(20), key.charAt(21), key.slice(22)]
    const other = letter === 'q' ? 'p' : 'q'
    for (const slip of [
      `${start}${other}${next}${end}`,
      `${start}${next}${end}`,
      `${start}${next}${letter}${end}`,
    ]) {
      if (slip === key) continue
      expect(checkRecipient(slip)?.message).toMatch(new RegExp(`^"${slip}" .*checksum`))
    }
  },
)
