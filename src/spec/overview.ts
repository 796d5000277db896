/** The overview of nodes, addresses and roles that `quorate nodes` prints: pure data, one row per node. */
import type { Cluster, Role, SshTarget } from './cluster.ts'

export interface OverviewRow {
  readonly name: string
  /** The primary one first. */
  readonly addresses: readonly string[]
  /** Further DNS names. */
  readonly names: readonly string[]
  readonly roles: readonly Role[]
  /** The file's own groups, in alphabetical order, without `common`. */
  readonly groups: readonly string[]
  /** ssh's destination: `root@198.18.7.11:22 via bastion`, as far as the file specifies it. */
  readonly ssh: string
}

export function overviewRows(cluster: Cluster): readonly OverviewRow[] {
  return cluster.nodes.map((node) => ({
    name: node.name,
    addresses: [node.address, ...node.addresses],
    names: node.names,
    roles: node.roles,
    groups: Object.keys(cluster.groups)
      .filter((group) => cluster.groups[group]?.includes(node.name))
      .toSorted(),
    ssh: destination(node.ssh),
  }))
}

/** `[user@]host[:port][ via jump]`, with an IPv6 address in brackets before a port. */
export function destination(ssh: SshTarget): string {
  const user = ssh.user === undefined ? '' : `${ssh.user}@`
  const bracketed = ssh.port !== undefined && ssh.host.includes(':') ? `[${ssh.host}]` : ssh.host
  const port = ssh.port === undefined ? '' : `:${ssh.port}`
  const jump = ssh.jump === undefined || ssh.jump === 'none' ? '' : ` via ${ssh.jump}`
  return `${user}${bracketed}${port}${jump}`
}
