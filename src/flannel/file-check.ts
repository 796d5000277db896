/** flannel's rules as a check of the cluster file: every finding with its place in the file. */
import type { Cluster } from '../spec/cluster.ts'
import type { Report } from '../spec/report.ts'
import { checkFlannelConfig } from './check.ts'

export function checkFlannelForFile(cluster: Cluster): readonly Report[] {
  if (cluster.network === undefined) return []
  const taken = cluster.nodes.flatMap((node) =>
    [node.address, ...node.addresses].map((network) => ({ what: `the address of ${node.name}`, network })),
  )
  const problems = checkFlannelConfig(cluster.network.config, { taken })
  return problems.map(({ severity, key, message }) => ({
    severity,
    path: ['network', ...key.split('.')],
    message: `network.${key} ${message}`,
  }))
}
