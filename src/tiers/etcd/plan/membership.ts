/** What of the cluster's membership can't be told, or can't be changed, so that nothing may be done at all. */
import { peerUrl } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { PATHS } from '../../../host/state.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import { nodeNameOf } from '../../../spec/etcd-name.ts'
import type { Observed } from '../facts/observed.ts'
import { tolerance } from '../facts/quorum.ts'
import type { Roster } from '../facts/membership-map.ts'
import type { BlockReason } from '../../../engine/step.ts'

/** Members of this very cluster to whose machines the file gives another name and another address at once. */
export function renamedAndMoved(
  cluster: Cluster,
  observed: Observed,
  roster: Roster | undefined,
): BlockReason[] {
  if (roster === undefined) return []
  return etcdNodes(cluster).flatMap((node) => {
    const state = observed.hosts[node.name]?.member
    if (state === undefined || roster.members.has(node.name)) return []
    const options = parseEnvironmentFile(state.contents[PATHS.environment] ?? '')
    const own = state.unit.environment?.['ETCD_NAME'] ?? options['ETCD_NAME']
    const member = roster.others.find(({ name, etcdName = name }) => etcdName !== '' && etcdName === own)
    if (member === undefined) return []
    return [
      {
        host: node.name,
        message: `its machine is the member ${own} (${member.peerUrls.join(', ')}), to which the file gives another name and another address at once`,
        hint: `one after the other: keep the name ${own} and apply the new address, then change the name and apply again`,
      },
    ]
  })
}

export function membershipReasons(
  cluster: Cluster,
  observed: Observed,
  situation: { readonly kind: string },
  /** Of the nodes' options files, any order. */
  environments: readonly Readonly<Record<string, string>>[],
): BlockReason[] {
  if (situation.kind === 'established') {
    if (observed.cluster?.leader !== undefined) return []
    const listed = (observed.cluster?.members ?? []).map(({ name, peerUrls }) => [name, peerUrls] as const)
    return movedNodes(
      cluster,
      observed,
      new Map(listed.length > 0 ? listed : environments.map((one) => knownPeer(cluster, one))),
    )
  }
  // A cluster that is just being formed has the members it was begun with, and no others.
  const wanted = new Set(etcdNodes(cluster).map((node) => node.name))
  const present = (observed.cluster?.members ?? []).map((member) => member.name).filter(Boolean)
  return present
    .filter((name) => !wanted.has(name))
    .map((name) => ({
      message: `the cluster that is being formed has the member ${name}, which the cluster file does not name as an etcd node`,
      hint: 'put the node back into the file, and take it out again when the cluster is healthy',
    }))
}

/** Where a node's own options file says that its peers find it: what it says of others may be further than they are. */
function knownPeer(
  cluster: Cluster,
  environment: Readonly<Record<string, string>>,
): readonly [string, readonly string[]] {
  const urls = environment['ETCD_INITIAL_ADVERTISE_PEER_URLS']
  return [nodeNameOf(cluster, environment['ETCD_NAME'] ?? ''), urls === undefined ? [] : urls.split(',')]
}

/**
 * Members look for each other where they last were. Without a leader nobody can be told where they are now, and so many
 * started at new addresses would never find together. One that runs where it was can wait for a leader.
 */
function movedNodes(
  cluster: Cluster,
  observed: Observed,
  peers: ReadonlyMap<string, readonly string[]>,
): BlockReason[] {
  const nodes = etcdNodes(cluster)
  const moved = nodes.flatMap((node) => {
    const wanted = peerUrl(cluster, node)
    const known = peers.get(node.name) ?? []
    const running = observed.hosts[node.name]?.member?.unit.environment
    const stays = known.includes(running?.['ETCD_INITIAL_ADVERTISE_PEER_URLS'] ?? '')
    if (known.length === 0 || known.includes(wanted) || stays) return []
    return [
      {
        host: node.name,
        message: `its peers know it as ${known.join(', ')}, the cluster file makes it ${wanted}, and without a leader nobody can be told`,
        hint: 'start the cluster at its old addresses first (put the file back and apply), then move one member at a time',
      },
    ]
  })
  // Of the members that there are: newcomers that the file names can't help yet.
  const known = [...peers.values()].filter((urls) => urls.length > 0).length
  return known > 1 && moved.length > tolerance(known) ? moved : []
}
