/** The checksum of bech32 (BIP 173), the format of age's keys: it detects typing errors. */

const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b_6a_57_b2, 0x26_50_8e_6d, 0x1e_a1_19_fa, 0x3d_42_33_dd, 0x2a_14_62_b3]

/**
 * @param text a prefix, `1`, and the rest, in lower case. Its length is not limited: age doesn't have BIP 173's limit
 *   of 90.
 */
export function hasBech32Checksum(text: string): boolean {
  const end = text.lastIndexOf('1')
  const prefix = Array.from(text.slice(0, end), (letter) => letter.charCodeAt(0))
  const values = Array.from(text.slice(end + 1), (letter) => LETTERS.indexOf(letter))
  if (end < 1 || values.length < 6 || values.includes(-1)) return false
  const all = [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...values]
  return polymod(all) === 1
}

function polymod(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1_ff_ff_ff) << 5) ^ value
    for (const [bit, number] of GENERATOR.entries()) if ((top >> bit) & 1) sum ^= number
  }
  return sum
}
