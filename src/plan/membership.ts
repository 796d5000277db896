/** Whether the cluster file names the members that there are, at the addresses that they have. */
import { peerUrl } from '../etcd/configuration.ts'
import { PATHS } from '../host/state.ts'
import { type Cluster, etcdNodes } from '../spec/cluster.ts'
import type { Observed } from './observed.ts'
import type { BlockReason } from './steps.ts'

/** Members come and go one at a time and with care: that is not apply's to do yet. */
export function membershipReasons(
  cluster: Cluster,
  observed: Observed,
  situation: { readonly kind: string },
  /** Of the nodes' options files, any order. */
  environments: readonly Readonly<Record<string, string>>[],
): BlockReason[] {
  // Nobody answers, or nobody can say.
  if (observed.cluster === undefined || observed.cluster.members.length === 0) {
    return situation.kind === 'established'
      ? [
          ...unlistedNodes(cluster, observed),
          ...movedNodes(cluster, knownPeers(environments)),
          ...forgottenMembers(cluster, environments),
        ]
      : []
  }
  const wanted = new Set(etcdNodes(cluster).map((node) => node.name))
  const present = new Set(observed.cluster.members.map((member) => member.name).filter(Boolean))
  const added = [...wanted].filter((name) => !present.has(name) && situation.kind === 'established')
  const removed = [...present].filter((name) => !wanted.has(name))
  const peers = observed.cluster.members.flatMap(({ name, peerUrls }) =>
    peerUrls.map((url) => `${name}=${url}`),
  )
  return [
    ...movedNodes(cluster, new Set(peers)),
    ...added.map((host) => ({
      host,
      message: `the cluster file names it as an etcd node, but it is no member of the running cluster`,
      hint: 'adding a member is not offered yet: take the node out of the file',
    })),
    ...removed.map((name) => removedReason('the running cluster', name)),
  ]
}

/** `name=peer URL` of every member, as the options files remember them. */
function knownPeers(environments: readonly Readonly<Record<string, string>>[]): ReadonlySet<string> {
  return new Set(environments.flatMap((environment) => environment['ETCD_INITIAL_CLUSTER']?.split(',') ?? []))
}

/** Members that every options file names, and the cluster file does not. */
function forgottenMembers(
  cluster: Cluster,
  environments: readonly Readonly<Record<string, string>>[],
): BlockReason[] {
  const lists = environments.flatMap((environment) => {
    const list = environment['ETCD_INITIAL_CLUSTER']
    return list === undefined ? [] : [list.split(',').map((peer) => peer.slice(0, peer.indexOf('=')))]
  })
  const wanted = new Set(etcdNodes(cluster).map((node) => node.name))
  const [first = [], ...others] = lists
  const agreed = first.filter((name) => others.every((list) => list.includes(name)))
  return agreed.filter((name) => !wanted.has(name)).map((name) => removedReason('the cluster', name))
}

function removedReason(who: string, name: string): BlockReason {
  return {
    message: `${who} has the member ${name}, which the cluster file does not name as an etcd node`,
    hint: 'removing a member is not offered yet: put the node back into the file',
  }
}

/** A member's peer URL is part of the membership: elsewhere the others would not find it. */
function movedNodes(cluster: Cluster, peers: ReadonlySet<string>): BlockReason[] {
  return etcdNodes(cluster).flatMap((node) => {
    const wanted = peerUrl(cluster, node)
    const known = [...peers].filter((peer) => peer.startsWith(`${node.name}=`))
    if (known.length === 0 || known.includes(`${node.name}=${wanted}`)) return []
    const urls = known.map((peer) => peer.slice(node.name.length + 1)).join(', ')
    return [
      {
        host: node.name,
        message: `its peers know it as ${urls}, the cluster file makes it ${wanted}`,
        hint: 'moving a member to another address or peer port is not offered yet: put the file back',
      },
    ]
  })
}

/** With no member to ask, the nodes' own marks tell who belongs to it. */
function unlistedNodes(cluster: Cluster, observed: Observed): BlockReason[] {
  return etcdNodes(cluster)
    .filter((node) => observed.hosts[node.name]?.member?.contents[PATHS.clusterId] === undefined)
    .filter((node) => observed.hosts[node.name]?.member?.dataPresent === false)
    .map((node) => ({
      host: node.name,
      message: 'the cluster file names it as an etcd node, but it never belonged to the cluster',
      hint: 'adding a member is not offered yet: take the node out of the file',
    }))
}
