/**
 * What `member add`, `remove` and `replace` request: the cluster file before and after, and which nodes join and leave.
 * Connects to nothing, and writes nothing.
 */
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import { type NewNode, type NodeEdit, editNodes } from '../spec/edit-nodes.ts'
import { parseClusterFile } from '../spec/parse.ts'
import { formatProblems } from '../spec/problem.ts'
import { removedNode } from './removed-nodes.ts'
import { EXTRA_CHECKS, loadClusterFile } from './load.ts'

export interface MemberChange {
  /** `member add` … */
  readonly verb: string
  /** The cluster file's text, before and after. */
  readonly text: { readonly before: string; readonly after: string }
  readonly edits: readonly NodeEdit[]
  readonly present: Cluster
  readonly wanted: Cluster
  /** Nodes that will become members. */
  readonly joining: readonly Node[]
  /** Nodes that will no longer be members. Some of them may already have left the file. */
  readonly leaving: readonly Node[]
  /** Nodes whose members are recreated. */
  readonly recreated: readonly RecreatedNode[]
}

export interface RecreatedNode {
  readonly node: Node
  /** ID of the old member, if the operator named it. */
  readonly memberId: string | undefined
  /** Its data is of no use: a learner is recreated, too, instead of completing its addition. */
  readonly damaged?: boolean | undefined
}

/** The node to add; without an address it must be in the cluster file. */
export type AddedNode = Pick<NewNode, 'name' | 'ssh'> & { readonly address?: string | undefined }

/** @throws QuorateError `usage` for an unknown node without an address; `cluster-file` */
export async function memberAddition(file: string, node: AddedNode): Promise<MemberChange> {
  const read = await readFileOf(file)
  return await changeOf('member add', read, { joins: node, leaves: [] })
}

/** @throws QuorateError `usage` for a node that is not in the file and did not leave it through quorate; `blocked` */
export async function memberRemoval(file: string, names: readonly string[]): Promise<MemberChange> {
  return await changeOf('member remove', await readFileOf(file), { joins: undefined, leaves: names })
}

/** Nodes that are permanently down: they lose all their roles. @throws QuorateError as `memberRemoval` does */
export async function memberLoss(file: string, names: readonly string[]): Promise<MemberChange> {
  return await changeOf('recover', await readFileOf(file), { joins: undefined, leaves: names, whole: true })
}

/** @throws QuorateError as `memberAddition` and `memberRemoval` do */
export async function memberReplacement(
  file: string,
  old: string,
  node: AddedNode,
  memberId?: string,
): Promise<MemberChange> {
  const read = await readFileOf(file)
  if (node.name !== old) {
    if (memberId !== undefined)
      throw new QuorateError('usage', '--recreate recreates a member on its own node: give no other node', {
        id: 'conflicting-options',
      })
    return await changeOf('member replace', read, { joins: node, leaves: [old] })
  }
  const own = etcdNodes(read.cluster).find(({ name }) => name === old)
  if (own === undefined) throw noEtcdNode(read.cluster, old)
  requireSameAddress(own, node)
  const unchanged = await changeOf('member replace', read, { joins: undefined, leaves: [] })
  return { ...unchanged, recreated: [{ node: own, memberId }] }
}

interface Read {
  readonly text: string
  readonly cluster: Cluster
}

async function readFileOf(file: string): Promise<Read> {
  const { cluster } = await loadClusterFile(file)
  return { cluster, text: await readText(file) }
}

async function changeOf(
  verb: string,
  { text, cluster }: Read,
  {
    joins,
    leaves,
    whole = false,
  }: {
    readonly joins: AddedNode | undefined
    readonly leaves: readonly string[]
    /** Leaving nodes lose all their roles, not just etcd. */
    readonly whole?: boolean
  },
): Promise<MemberChange> {
  requireOneStays(cluster, leaves)
  const parted = await Promise.all(leaves.map(async (name) => await departure(cluster, name, whole)))
  const edits = [
    ...(joins === undefined ? [] : arrival(cluster, joins)),
    ...parted.flatMap(({ edit }) => edit ?? []),
  ]
  const after = editNodes(text, edits)
  const wanted = parsed(after, cluster)
  return {
    verb,
    text: { before: text, after },
    edits,
    present: cluster,
    wanted,
    joining: wanted.nodes.filter(({ name }) => name === joins?.name),
    leaving: parted.map(({ node }) => node),
    recreated: [],
  }
}

/** The remaining nodes identify the cluster: without any, it would be a new cluster. @throws QuorateError `blocked` */
function requireOneStays(cluster: Cluster, leaves: readonly string[]): void {
  const nodes = etcdNodes(cluster)
  if (nodes.some(({ name }) => !leaves.includes(name))) return
  throw new QuorateError(
    'blocked',
    `${namesOf(nodes)} ${nodes.length === 1 ? 'is the only etcd node' : 'are all the etcd nodes'} of the cluster file: without ${nodes.length === 1 ? 'it' : 'them'} there is no cluster`,
    {
      id: 'all-etcd-nodes-leave',
      hint: 'to decommission the cluster: quorate reset. To move it to other nodes, first quorate member add the new ones, then quorate member remove the old ones',
    },
  )
}

function arrival(cluster: Cluster, { name, address, ssh }: AddedNode): NodeEdit[] {
  const known = cluster.nodes.find((node) => node.name === name)
  if (known !== undefined) {
    requireSameAddress(known, { address })
    return known.roles.includes('etcd') ? [] : [{ kind: 'add-role', name, role: 'etcd' }]
  }
  if (address === undefined) {
    throw new QuorateError('usage', `'${name}' is not in the cluster file`, {
      id: 'no-such-node',
      hint: `if it is a new node, add its address: --address ADDRESS. Nodes of the cluster file: ${namesOf(cluster.nodes)}`,
    })
  }
  return [{ kind: 'add-node', node: { name, address, roles: ['etcd'], ssh } }]
}

async function departure(
  cluster: Cluster,
  name: string,
  whole: boolean,
): Promise<{ readonly node: Node; readonly edit?: NodeEdit }> {
  const node = cluster.nodes.find((one) => one.name === name)
  if (node === undefined) {
    const removed = await removedNode(cluster, name)
    if (removed === undefined) throw noEtcdNode(cluster, name)
    return { node: removed.node }
  }
  if (!node.roles.includes('etcd')) return { node }
  if (node.roles.length > 1 && !whole) return { node, edit: { kind: 'remove-role', name, role: 'etcd' } }
  const { authority } = cluster.pki
  if (authority.home === 'host' && authority.hostName === name) {
    throw new QuorateError(
      'blocked',
      `the CA location is ${name} (pki.authority.host), which this change would remove`,
      {
        id: 'ca-host-would-leave',
        hint: `set \`pki.authority.host.ssh\` under another name, so that the CA host is reachable without the node, or give ${name} another role in addition to etcd`,
      },
    )
  }
  return { node, edit: { kind: 'remove-node', name } }
}

/** @throws QuorateError `cluster-file` if the result would be invalid */
function parsed(text: string, { file }: Cluster): Cluster {
  const { cluster, problems } = parseClusterFile(text, file, { extraChecks: EXTRA_CHECKS })
  if (cluster !== undefined) return cluster
  const list = formatProblems(problems.filter(({ severity }) => severity === 'error'))
  throw new QuorateError('cluster-file', `this change would make the cluster file invalid:\n${list}`)
}

/** @throws QuorateError `usage` */
function requireSameAddress(node: Node, { address }: Pick<AddedNode, 'address'>): void {
  if (address === undefined || address === node.address) return
  throw new QuorateError(
    'usage',
    `${node.name} is already in the cluster file, with the address ${node.address}`,
    {
      id: 'another-address',
      hint: 'remove --address, or change the address in the file and run quorate apply',
    },
  )
}

function noEtcdNode(cluster: Cluster, name: string): QuorateError {
  return new QuorateError('usage', `'${name}' is not an etcd node of the cluster file`, {
    id: 'no-such-etcd-node',
    hint: `use one of the etcd nodes: ${namesOf(etcdNodes(cluster))}`,
  })
}

function namesOf(nodes: readonly Node[]): string {
  return nodes.map(({ name }) => name).join(', ')
}
