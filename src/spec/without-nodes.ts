/** A cluster without some of its nodes. */
import { QuorateError } from '../errors.ts'
import { type Cluster, etcdNodes } from './cluster.ts'

/** @throws QuorateError `usage` for an unknown name, or if no etcd node would be left. */
export function withoutNodes(cluster: Cluster, names: readonly string[]): Cluster {
  for (const name of names) {
    if (cluster.nodes.some((node) => node.name === name)) continue
    throw new QuorateError('usage', `'${name}' is not a node of the cluster file`, {
      id: 'no-such-node',
      hint: `nodes: ${cluster.nodes.map((node) => node.name).join(', ')}`,
    })
  }
  const left = { ...cluster, nodes: cluster.nodes.filter(({ name }) => !names.includes(name)) }
  if (etcdNodes(left).length === 0) throw new QuorateError('usage', 'no etcd node would be left')
  return left
}
