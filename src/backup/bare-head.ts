/** Distinguishes a bare snapshot from a bundle, and lists what a bare snapshot lacks. */

/** bbolt's magic number, in the first meta page after its 16-byte header, in the machine's byte order. */
const BOLT_MAGIC = Buffer.from('edda0ced', 'hex')
const PAGE_HEADER_BYTES = 16

/** What only a bundle has. */
export const BARE = {
  about: undefined,
  proof: undefined,
  clusterFile: undefined,
  trustPem: undefined,
  caKeySealed: undefined,
  signer: undefined,
}

/** @param head its first 64 bytes, or more */
export function isBare(head: Buffer): boolean {
  return head.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + BOLT_MAGIC.length).equals(BOLT_MAGIC)
}
