/** An ID as etcdctl prints it: lower-case hexadecimal without leading zeros. */
export function formatId(id: bigint): string {
  return id.toString(16)
}

/** For whom an alarm is raised that names nobody (the ID 0): as it stands in a sentence after 'of'. */
export const NOBODY = 'no member in particular'
