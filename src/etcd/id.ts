/** An ID as etcdctl prints it: lower-case hexadecimal without leading zeros. */
export function formatId(id: bigint): string {
  return id.toString(16)
}

/** The text after 'of' for an alarm that names no member (the ID 0). */
export const NO_MEMBER = 'no member in particular'
