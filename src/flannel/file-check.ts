/** flannel's rules as a check of the cluster file: each finding has its position in the file. */
import type { Cluster, FlannelNetwork } from '../spec/cluster.ts'
import { kubernetesNodes } from '../spec/kubernetes.ts'
import type { Report } from '../spec/report.ts'
import { counted } from '../spec/units.ts'
import { capacity, checkFlannelConfig } from './check.ts'

export function checkFlannelForFile(cluster: Cluster): readonly Report[] {
  if (cluster.network === undefined) return []
  const taken = cluster.nodes.flatMap((node) =>
    [node.address, ...node.addresses].map((network) => ({ what: `the address of ${node.name}`, network })),
  )
  const problems = checkFlannelConfig(cluster.network.config, { taken })
  return [
    ...problems.map(({ severity, key, message }): Report => ({
      severity,
      path: ['network', ...key.split('.')],
      message: `network.${key} ${message}`,
    })),
    ...checkRoom(cluster, cluster.network),
  ]
}

/** As a service, flannel divides the network itself: every Kubernetes node needs a subnet. */
function checkRoom(cluster: Cluster, { config }: FlannelNetwork): readonly Report[] {
  if (cluster.kubernetes?.flannel !== 'service') return []
  const room = capacity(config)
  const nodes = kubernetesNodes(cluster).length
  if (room === undefined || room.nodes >= nodes) return []
  const message = `network.Network has shares for ${counted(room.nodes, 'node')}, and ${nodes} run Kubernetes`
  return [{ severity: 'error', path: ['network', 'Network'], message, hint: 'write a larger network' }]
}
