/** Membership that is unknown or can't be changed, so that nothing may be done. */
import { peerUrl, peerUrlsOf } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { etcdNameOf, nodeNameOf } from '../../../spec/etcd-name.ts'
import type { Observed } from '../facts/observed.ts'
import { tolerance } from '../facts/quorum.ts'
import type { Roster } from '../facts/membership-map.ts'
import type { BlockReason } from '../../../engine/step.ts'

/** Members of an established cluster for which the file changes name and address at once: then nothing identifies them. */
export function renamedAndMoved(
  cluster: Cluster,
  observed: Observed,
  roster: Roster | undefined,
): BlockReason[] {
  return etcdNodes(cluster).flatMap((node) => {
    const state = observed.hosts[node.name]?.member
    if (state === undefined || roster?.members.has(node.name) === true) return []
    const options = parseEnvironmentFile(state.contents[PATHS.environment] ?? '')
    const own = state.unit.environment ?? options
    const name = own['ETCD_NAME'] ?? options['ETCD_NAME']
    const urls = roster === undefined ? urlsIfBothDiffer(cluster, node, state, own) : urlsOf(roster, name)
    if (urls === undefined) return []
    return [
      {
        id: 'new-name-and-address',
        host: node.name,
        message: `the cluster file changes name and address of member ${name} (${urls.join(', ')}) at once`,
        hint: `change one at a time: keep the name ${name} and apply the new address, then change the name and apply again`,
      },
    ]
  })
}

/** Of the listed member with this name in etcd that no node of the file matches. */
function urlsOf({ others }: Roster, own: string | undefined): readonly string[] | undefined {
  return others.find(({ name, etcdName = name }) => etcdName !== '' && etcdName === own)?.peerUrls
}

/** If no member answers, a node's own settings show what its member was. A node without data has none. */
function urlsIfBothDiffer(
  cluster: Cluster,
  node: Node,
  { dataPresent, walPresent }: MemberState,
  own: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  const { ETCD_NAME: name, ETCD_INITIAL_ADVERTISE_PEER_URLS: urls } = own
  if ((!dataPresent && !walPresent) || name === undefined || urls === undefined) return undefined
  const known = urls.split(',')
  const stays = name === etcdNameOf(node) || known.some((url) => peerUrlsOf(cluster, node).includes(url))
  return stays ? undefined : known
}

export function membershipReasons(
  cluster: Cluster,
  observed: Observed,
  situation: { readonly kind: string },
  /** From the nodes' options files, in any order. */
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
  // A cluster that is being formed has exactly the members that it was started with.
  const wanted = new Set(etcdNodes(cluster).map((node) => node.name))
  const present = (observed.cluster?.members ?? []).map((member) => member.name).filter(Boolean)
  return present
    .filter((name) => !wanted.has(name))
    .map((name) => ({
      id: 'other-first-members',
      message: `the new cluster has member ${name}, but the cluster file does not list it as an etcd node`,
      hint: 'add the node to the cluster file again; remove it once the cluster is healthy',
    }))
}

/** A node's peer address in its own options file: what that file says of other nodes may be ahead of them. */
function knownPeer(
  cluster: Cluster,
  environment: Readonly<Record<string, string>>,
): readonly [string, readonly string[]] {
  const urls = environment['ETCD_INITIAL_ADVERTISE_PEER_URLS']
  return [nodeNameOf(cluster, environment['ETCD_NAME'] ?? ''), urls === undefined ? [] : urls.split(',')]
}

/**
 * Members connect to each other's last known addresses. Without a leader no new address can be announced, and members
 * started at new addresses would never connect. A member that runs at its old address can wait for a leader.
 */
function movedNodes(
  cluster: Cluster,
  observed: Observed,
  peers: ReadonlyMap<string, readonly string[]>,
): BlockReason[] {
  const nodes = etcdNodes(cluster)
  const moved = nodes.flatMap((node): readonly BlockReason[] => {
    const wanted = peerUrl(cluster, node)
    const known = peers.get(node.name) ?? []
    const running = observed.hosts[node.name]?.member?.unit.environment
    const stays = known.includes(running?.['ETCD_INITIAL_ADVERTISE_PEER_URLS'] ?? '')
    if (known.length === 0 || known.includes(wanted) || stays) return []
    return [
      {
        id: 'address-needs-a-leader',
        host: node.name,
        message: `can't change its address from ${known.join(', ')} to ${wanted}: without a leader its peers can't learn the new one`,
        hint: 'restore the old addresses in the cluster file and run quorate apply; then move one member at a time',
      },
    ]
  })
  // Of the existing members: new ones in the file can't help yet.
  const known = [...peers.values()].filter((urls) => urls.length > 0).length
  return known > 1 && moved.length > tolerance(known) ? moved : []
}
