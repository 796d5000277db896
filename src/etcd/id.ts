/** An ID as etcdctl prints it: lower-case hexadecimal without leading zeros. */
export function formatId(id: bigint): string {
  return id.toString(16)
}
