/**
 * Decides which text from a node may be part of a suggested command: an attacker who controls the node can choose any
 * name.
 */

/** Whether a path from a node is absolute, and needs no quoting in a shell. */
export function isTypeable(path: string): boolean {
  return /^\/[\w@%+:,./-]*$/.test(path)
}
