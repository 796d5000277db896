/** What was lost of an established cluster, so that nothing may be started before somebody has decided what to do. */
import type { Cluster, Node } from '../spec/cluster.ts'
import type { MemberState } from '../host/state.ts'
import type { Pin } from './pin.ts'
import { quorum } from './quorum.ts'
import type { BlockReason } from './steps.ts'

/** What a node carries of a member, and what it remembers. */
export interface Member {
  readonly node: Node
  readonly state: MemberState
  /** What its options file says; with that gone, what its process was started with. */
  readonly environment: Readonly<Record<string, string>>
  readonly pin: Pin | undefined
  /** It was a member of a verified cluster once, whatever is left of it. */
  readonly wasMember: boolean
  readonly hasData: boolean
  /** systemd keeps a process of it, or tries to. */
  readonly active: boolean
}

/** Nobody answers, and too few have what a quorum could be made of: starting them would be waiting for ever. */
export function quorumReasons(members: readonly Member[]): readonly BlockReason[] {
  const peers = members.flatMap(({ pin, environment }) =>
    pin === undefined ? [] : (environment['ETCD_INITIAL_CLUSTER']?.split(',') ?? []),
  )
  const names = new Set(peers.map((peer) => peer.slice(0, peer.indexOf('='))))
  const whole = members.filter(({ state }) => state.dataPresent && state.walPresent)
  // Those that the file no longer names may be up, and out of our sight.
  const others = [...names].filter((name) => members.every(({ node }) => node.name !== name))
  const needed = quorum(names.size)
  if (whole.length + others.length >= needed) return []
  const who = whole.map(({ node }) => node.name).join(', ')
  return [
    {
      message: `no member answers, and of ${names.size} only ${whole.length} ${whole.length === 1 ? 'has its' : 'have their'} data${who && ` (${who})`}: ${needed} are needed to decide anything`,
      hint: 'if the data of the others was only moved, move it back and apply again. Otherwise touch nothing: what is left is the best copy there is. What it holds, and what can be done with it, tells quorate recover, which changes nothing by itself',
    },
  ]
}

/** The log of a member and its database are of use only together: with one of them lost the member is. */
export function lossReasons(
  cluster: Cluster,
  { node, state, environment }: Member,
  clusterId: string,
): readonly BlockReason[] {
  if (state.dataPresent && state.walPresent) return []
  const lost = [
    ...(state.dataPresent ? [] : [cluster.etcd.dataDirectory]),
    ...(state.walPresent ? [] : [cluster.etcd.walDirectory]),
  ].join(' and ')
  const places = [environment['ETCD_DATA_DIR'], environment['ETCD_WAL_DIR']]
  const moved = [cluster.etcd.dataDirectory, cluster.etcd.walDirectory].some(
    (path, index) => (places[index] ?? path) !== path,
  )
  if (moved) {
    return [
      {
        host: node.name,
        message: `the cluster file places its data in ${lost}, where there is none; it was set up with ${places.join(' and ')}`,
        hint: 'moving the data of a member is not offered yet: put etcd.dataDirectory and etcd.walDirectory back',
      },
    ]
  }
  return [
    {
      host: node.name,
      message: `${lost} there is lost (missing or empty), but it is a member of the cluster ${clusterId}: started empty it would forget its votes`,
      hint: `nothing was started. If the data was moved, move it back and apply again; if it is lost, have the others make the member anew: quorate repair ${node.name}`,
    },
  ]
}
