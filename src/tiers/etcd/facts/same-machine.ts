/**
 * Finds two nodes of the file that are one machine with two names or addresses: otherwise, one etcd would be counted
 * twice.
 */
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { Observed } from './observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

/**
 * The same boot ID and the same addresses. Containers on one host share the boot ID, but not the addresses. Machines
 * that were cloned with their addresses have different boot IDs.
 */
export function sameMachineReasons(cluster: Cluster, { hosts }: Observed): readonly BlockReason[] {
  const seen = new Map<string, string>()
  return etcdNodes(cluster).flatMap(({ name: host }): BlockReason[] => {
    const { bootId = '', member } = hosts[host] ?? {}
    const addresses = [...(member?.addresses ?? [])].sort()
    if (addresses.length === 0) return []
    const machine = [bootId, ...addresses].join(' ')
    const first = seen.get(machine)
    seen.set(machine, first ?? host)
    if (first === undefined) return []
    return [
      {
        id: 'same-machine',
        host,
        message: `same machine as ${first} (${addresses.join(', ')})`,
        hint: 'give each node its own machine: compare `address` and `ssh.host` of the two in the cluster file',
      },
    ]
  })
}
