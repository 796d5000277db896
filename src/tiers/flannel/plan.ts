/** flannel's network configuration, if the cluster file has one. */
import type { BlockReason } from '../../engine/step.ts'
import { refuseChange, unsafeChanges } from '../../flannel/change.ts'
import { describeCapacity } from '../../flannel/check.ts'
import { renderConfig } from '../../flannel/config.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Observed } from '../etcd/guest.ts'
import type { NetworkStep } from './step.ts'

export function networkSteps(cluster: Cluster, observed: Observed): NetworkStep[] {
  const { network } = cluster
  if (network === undefined) return []
  const wanted = renderConfig(network.config)
  const stored = observed.network
  const v2 = network.v2 && stored?.v2 !== wanted
  if (stored?.v3 === wanted && !v2) return []
  const before = stored?.v3 === wanted ? stored?.v2 : stored?.v3
  const room = describeCapacity(network.config)
  return [
    {
      kind: 'network',
      network,
      before,
      what: [
        `write flannel's network configuration under ${network.prefix}/config`,
        ...(network.v2 ? ['through the v2 API too'] : []),
        ...(room === undefined ? [] : [`room for ${room}`]),
      ].join(', '),
      why: before === undefined ? 'there is none yet' : 'differs from the cluster file',
      danger: 'none',
    },
  ]
}

/** The parts that flannel's nodes must agree on can't change while they run. */
export function networkReasons(cluster: Cluster, observed: Observed): BlockReason[] {
  const { network } = cluster
  const stored = observed.network
  if (network === undefined || stored === undefined || stored.leases.length === 0) return []
  const changes = unsafeChanges(stored.v3, network.config)
  if (changes.length === 0) return []
  const names = new Map(cluster.nodes.map((node) => [node.address, node.name]))
  const { message, hint } = refuseChange(changes, stored.leases, network.prefix, names)
  return [{ message, hint }]
}
