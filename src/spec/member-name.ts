/**
 * The name by which the members of a cluster know each other: a DNS name in their certificates among peers, and in no
 * client's. Members that are started with `peer-cert-allowed-hostname` take Raft messages from nobody without it.
 */

/** Nothing else is ever issued below it. `.internal` is reserved for private use (ICANN, 2024): no public DNS has it. */
const ZONE = 'quorate.internal'

/** Made from the cluster's name, which never changes: two clusters below one CA don't take each other's members. */
export function memberName(cluster: string): string {
  return `member.${cluster}.${ZONE}`
}

/** Whether a DNS name, a wildcard or a common name is one that only quorate gives, and only to members; in any case. */
export function isReservedName(name: string): boolean {
  const plain = name.toLowerCase().replace(/\.$/, '')
  return plain === ZONE || plain.endsWith(`.${ZONE}`)
}
