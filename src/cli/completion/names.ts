/** Names in the cluster file, for completion. A missing or invalid file has none. */
import { type Cluster, ROLES, etcdNodes, selectNodes } from '../../spec/cluster.ts'
import { readClusterFile } from '../../spec/parse.ts'

export interface NameCandidate {
  readonly value: string
  readonly description: string
}

export async function nameCandidates(
  file: string,
  kind: 'nodes' | 'etcd-nodes' | 'selectors',
): Promise<readonly NameCandidate[]> {
  // Completion prints no message about the file; the command itself reports its problems.
  const parsed = await readClusterFile(file).catch(() => undefined)
  return parsed?.cluster === undefined ? [] : namesIn(parsed.cluster, kind)
}

export function namesIn(
  cluster: Cluster,
  kind: 'nodes' | 'etcd-nodes' | 'selectors',
): readonly NameCandidate[] {
  const nodes = (kind === 'etcd-nodes' ? etcdNodes(cluster) : cluster.nodes).map(({ name, address }) => ({
    value: name,
    description: address,
  }))
  if (kind !== 'selectors') return nodes
  const names = [...Object.keys(cluster.groups), ...nodes.map(({ value }) => value)]
  const all = names.includes('all') ? [] : ['all']
  const selectors = [...all, ...ROLES, ...Object.keys(cluster.groups)].map((value) => ({
    value,
    description: selectNodes(cluster, value)
      .map(({ name }) => name)
      .join(', '),
  }))
  return [...selectors.filter(({ description }) => description !== ''), ...nodes]
}
