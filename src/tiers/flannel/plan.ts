/** flannel's network configuration, where the cluster file has one. */
import { describeCapacity } from './check.ts'
import { renderConfig } from './config.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Observed } from '../etcd/facts/observed.ts'
import type { Step } from '../etcd/steps/steps.ts'

export function networkSteps(cluster: Cluster, observed: Observed): Step[] {
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
