/** Checks that the node is large enough for its roles. */
import { DEFAULT_QUOTA_BYTES } from '../etcd/space.ts'
import type { Cluster, Node, Requirements } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { Disk, HostFacts } from './facts.ts'
import { goInteger } from '../spec/go-values.ts'
import { formatBytes } from '../spec/units.ts'

/**
 * A node with 1 GiB reports about 940 MiB, because the kernel reserves the rest. A disk loses a similar share
 * to its filesystem and a boot partition. So this share of a minimum may be missing.
 */
export const TOLERANCE = 0.08

/**
 * With less, the first start of etcd fails: two WAL files of 64 MB, its database, 70 MB of binaries, and a
 * copy of them.
 */
const LEAST_FREE_BYTES = 512 * 1024 ** 2

/** The highest minimum of the node's roles, for each value. */
export function requirementsOf(cluster: Cluster, node: Node): Requirements {
  const of = (pick: (requirements: Requirements) => number) =>
    Math.max(0, ...node.roles.map((role) => pick(cluster.requirements[role])))
  return {
    cpus: of((role) => role.cpus),
    memoryBytes: of((role) => role.memoryBytes),
    diskBytes: of((role) => role.diskBytes),
  }
}

export function judgeSize(cluster: Cluster, node: Node, facts: HostFacts): Check[] {
  const least = requirementsOf(cluster, node)
  const remedy = `give the node more resources, or lower \`requirements\` in the cluster file (roles: ${node.roles.join(', ')})`
  const amount = (
    id: string,
    title: string,
    found: number | undefined,
    wanted: number,
    enough: number,
    show: (n: number) => string,
  ) => {
    const check = judge(node.name, id, title)
    const finding = {
      found: found === undefined ? 'could not be read' : show(found),
      wanted: `at least ${show(wanted)}`,
    }
    if (found === undefined)
      return check.warning({ ...finding, remedy: `check by hand that the node has ${show(wanted)}` })
    return found >= enough ? check.ok(finding) : check.failure({ ...finding, remedy })
  }
  const withTolerance = 1 - TOLERANCE
  return [
    amount('cpus', 'CPUs', facts.cpus, least.cpus, least.cpus, String),
    amount(
      'memory',
      'Memory',
      facts.memoryBytes,
      least.memoryBytes,
      least.memoryBytes * withTolerance,
      formatBytes,
    ),
    amount(
      'disk',
      'Disk',
      facts.dataDisk?.sizeBytes,
      least.diskBytes,
      least.diskBytes * withTolerance,
      formatBytes,
    ),
    ...(node.roles.includes('etcd') ? judgeFreeSpace(cluster, node, facts) : []),
  ]
}

function judgeFreeSpace(cluster: Cluster, node: Node, facts: HostFacts): Check[] {
  const quota =
    Number(goInteger(cluster.etcd.settings['quota-backend-bytes'] ?? '') ?? 0) || DEFAULT_QUOTA_BYTES
  const disks = [facts.dataDisk, facts.walDisk].filter((disk) => disk !== undefined)
  const byMount = new Map<string, Disk>(disks.map((disk) => [disk.mountedOn, disk]))
  return [...byMount.values()].map(({ mountedOn, freeBytes }) => {
    const check = judge(node.name, 'disk-free', 'Free disk space')
    const found = `${formatBytes(freeBytes)} on ${mountedOn}`
    const remedy = `free space on ${mountedOn}, or set \`etcd.dataDirectory\` and \`etcd.walDirectory\` to another filesystem`
    if (freeBytes < LEAST_FREE_BYTES) {
      return check.failure({
        found,
        wanted: `at least ${formatBytes(LEAST_FREE_BYTES)} for etcd to start`,
        remedy,
      })
    }
    const wanted = `${formatBytes(quota)}, the size that etcd's database may grow to`
    return freeBytes < quota ? check.warning({ found, wanted, remedy }) : check.ok({ found, wanted })
  })
}
