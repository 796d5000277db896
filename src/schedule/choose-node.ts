/** Chooses the node that takes the backups. */
import { QuorateError } from '../errors.ts'
import { type Cluster, type Node, selectNodes } from '../spec/cluster.ts'

/** @throws QuorateError `usage` for an unknown name, or if none is given and no node has the role service */
export function scheduleNode(cluster: Cluster, name?: string): Node {
  const names = cluster.nodes.map((node) => node.name).join(', ')
  const wanted = name ?? cluster.backup?.schedule?.node
  const node =
    wanted === undefined
      ? selectNodes(cluster, 'service')[0]
      : cluster.nodes.find((one) => one.name === wanted)
  if (node !== undefined) return node
  if (wanted !== undefined) {
    throw new QuorateError('usage', `'${wanted}' is not a node of the cluster file`, {
      id: 'no-such-node',
      hint: `use one of the nodes: ${names}`,
    })
  }
  throw new QuorateError('usage', 'no node of the cluster file has the role service: choose one', {
    hint: `--node NAME, or backup.schedule.node in the cluster file, one of: ${names}. One that carries no etcd is best: a backup should not be lost with a member`,
  })
}
