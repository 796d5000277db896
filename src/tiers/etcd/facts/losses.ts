/** What an established cluster has lost. Then nothing may start before an operator has decided what to do. */
import { nodeNameOf } from '../../../spec/etcd-name.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import type { MemberState } from '../../../host/state.ts'
import type { Observed } from './observed.ts'
import type { Pin } from './pin.ts'
import { quorum } from './quorum.ts'
import { counted } from '../../../spec/units.ts'
import { type Voter, remedyFor } from '../plan/remedy.ts'
import type { BlockReason } from '../../../engine/step.ts'

/** A member's data and records on a node. */
export interface Member {
  readonly node: Node
  readonly state: MemberState
  /** From its options file; without one, from its process. */
  readonly environment: Readonly<Record<string, string>>
  readonly pin: Pin | undefined
  /** It was a member of a verified cluster, whatever is left of it. */
  readonly wasMember: boolean
  readonly hasData: boolean
  /** systemd runs it, or tries to. */
  readonly active: boolean
}

/** Every voting member in the file, as reported by nodes and members; by their cluster ID files if none reports it. */
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

/** No member answers, and too few have their data for a quorum: starting them would wait forever. */
export function quorumReasons(members: readonly Member[]): readonly BlockReason[] {
  const peers = members.flatMap(({ pin, environment }) =>
    pin === undefined ? [] : (environment['ETCD_INITIAL_CLUSTER']?.split(',') ?? []),
  )
  const nodes = members.map(({ node }) => node)
  const names = new Set(peers.map((peer) => nodeNameOf({ nodes }, peer.slice(0, peer.indexOf('=')))))
  const whole = members.filter(({ state }) => state.dataPresent && state.walPresent)
  // Members that the file no longer lists may be running, unseen.
  const others = [...names].filter((name) => members.every(({ node }) => node.name !== name))
  const needed = quorum(names.size)
  if (whole.length + others.length >= needed) return []
  const intact = whole.map(({ node }) => node.name).join(', ')
  return [
    {
      id: 'no-quorum-possible',
      message: `no quorum is possible: no member answers, and ${whole.length} of ${counted(names.size, 'member')} ${whole.length === 1 ? 'has its' : 'have their'} data${intact && ` (${intact})`}, ${needed} needed`,
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

/** A member needs both its WAL and its database: if one of them is lost, the member is lost. */
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
        id: 'changed-data-directories',
        host: node.name,
        message: `the cluster file changes its data directories: no data in ${lost}, it was set up with ${places.join(' and ')}`,
        hint: 'restore etcd.dataDirectory and etcd.walDirectory in the cluster file; moving data directories is not supported',
      },
    ]
  }
  return [
    {
      id: 'data-is-missing',
      host: node.name,
      message: `data is missing or empty: ${lost} (the node is a member of cluster ${clusterId}; started without data, it could break Raft safety)`,
      hint: remedyFor({ kind: 'lost', member: node.name }, voters).text,
    },
  ]
}
