/** What was lost of an established cluster, so that nothing may be started before somebody has decided what to do. */
import { nodeNameOf } from '../../../spec/etcd-name.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import type { MemberState } from '../../../host/state.ts'
import type { Observed } from './observed.ts'
import type { Pin } from './pin.ts'
import { quorum } from './quorum.ts'
import { type Voter, remedyFor } from '../plan/remedy.ts'
import type { BlockReason } from '../../../engine/step.ts'

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

/** Every voting member that the file names, as far as machines and members say; by their marks where nobody says it. */
export function votersAmong(
  members: readonly Pick<Member, 'node' | 'state' | 'wasMember' | 'active'>[],
  { cluster }: Pick<Observed, 'cluster'>,
): readonly Voter[] {
  const listed = cluster?.members ?? []
  const votes = ({ node, wasMember }: Pick<Member, 'node' | 'wasMember'>) =>
    listed.length === 0 ? wasMember : listed.some(({ name, learner }) => name === node.name && !learner)
  return members.filter(votes).map(({ node: { name }, state: { dataPresent, walPresent }, active }) => {
    const unfounded = !dataPresent || !walPresent
    if (cluster?.healthy.includes(name) === true) return { name, state: 'serving', unfounded }
    if (unfounded) return { name, state: 'lost' }
    return { name, state: active ? 'running' : 'stopped' }
  })
}

/** Nobody answers, and too few have what a quorum could be made of: starting them would be waiting for ever. */
export function quorumReasons(members: readonly Member[]): readonly BlockReason[] {
  const peers = members.flatMap(({ pin, environment }) =>
    pin === undefined ? [] : (environment['ETCD_INITIAL_CLUSTER']?.split(',') ?? []),
  )
  const nodes = members.map(({ node }) => node)
  const names = new Set(peers.map((peer) => nodeNameOf({ nodes }, peer.slice(0, peer.indexOf('=')))))
  const whole = members.filter(({ state }) => state.dataPresent && state.walPresent)
  // Those that the file no longer names may be up, and out of our sight.
  const others = [...names].filter((name) => members.every(({ node }) => node.name !== name))
  const needed = quorum(names.size)
  if (whole.length + others.length >= needed) return []
  const who = whole.map(({ node }) => node.name).join(', ')
  return [
    {
      message: `no member answers, and of ${names.size} only ${whole.length} ${whole.length === 1 ? 'has its' : 'have their'} data${who && ` (${who})`}: ${needed} are needed to decide anything`,
      hint: remedyFor(
        { kind: 'no-quorum' },
        members.map(({ node: { name }, state }) => ({
          name,
          state: !state.dataPresent || !state.walPresent ? 'lost' : 'stopped',
        })),
        names.size,
      ).text,
    },
  ]
}

/** The log of a member and its database are of use only together: with one of them lost the member is. */
export function lossReasons(
  cluster: Cluster,
  { node, state, environment }: Member,
  clusterId: string,
  voters: readonly Voter[],
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
      hint: `nothing was started; ${remedyFor({ kind: 'lost', member: node.name }, voters).text}`,
    },
  ]
}
