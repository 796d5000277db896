/** What of a node's words may stand in a command that a person is to type. Whoever controls the node can name anything. */

/** Whether a path that a node named is absolute, and taken by a shell as it is. */
export function isTypeable(path: string): boolean {
  return /^\/[\w@%+:,./-]*$/.test(path)
}
