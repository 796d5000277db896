/**
 * The name by which the members of a cluster recognize each other: a DNS name in their peer certificates, and in no
 * client's. Members with `peer-cert-allowed-hostname` accept Raft messages only from certificates with it.
 */

/**
 * quorate uses this zone for nothing else. `.internal` is reserved for private use (ICANN, 2024), so no public DNS has
 * it.
 */
const ZONE = 'quorate.internal'

/** Derived from the cluster's name, which never changes: two clusters with one CA don't accept each other's members. */
export function memberName(cluster: string): string {
  return `member.${cluster}.${ZONE}`
}

/** Whether a DNS name, a wildcard or a common name is reserved for members, in upper or lower case. */
export function isReservedName(name: string): boolean {
  const plain = name.toLowerCase().replace(/\.$/, '')
  return plain === ZONE || plain.endsWith(`.${ZONE}`)
}
