/** Which members are started, and how. */
import type { MemberState } from '../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import { restartReasons } from './outdated.ts'
import { type OpenSituation, enableStep, memberFiles } from './prepare.ts'
import { isInvited, isReplaced } from './roster.ts'
import type { Scene } from './stage.ts'
import type { HostStep } from './steps.ts'

/** On each host: started, enabled while it gets ready, waited for. */
export function startSteps({ intent, observed, situation, roster }: Scene): HostStep[] {
  const state = (node: Node) => observed.hosts[node.name]?.member
  const mayStart = (node: Node) => {
    if (situation.kind !== 'established') return true
    if (isOutdated(intent.cluster, node, situation, state(node))) return false
    const member = roster?.members.get(node.name)
    if (member !== undefined && isReplaced(intent, node.name, member)) return false
    // With nobody to ask, data tells who was a member. A newcomer is started when it was added.
    if (roster === undefined) return state(node)?.dataPresent === true
    return member !== undefined && !isInvited(member)
  }
  return etcdNodes(intent.cluster)
    .filter((node) => state(node)?.unit.active !== 'active' && mayStart(node))
    .flatMap((node, turn) => startOf(node, turn, state(node)?.unit, handOver(intent.cluster, state(node))))
}

/** What etcd could not open, because its member ran as another user before it was adopted. */
export function handOver({ etcd }: Cluster, state: MemberState | undefined): readonly string[] {
  const now = state?.paths[`${etcd.dataDirectory}/member`]
  if (now === undefined || now.owner === 'etcd') return []
  const { dataDirectory, walDirectory } = etcd
  return walDirectory.startsWith(`${dataDirectory}/`) ? [dataDirectory] : [dataDirectory, walDirectory]
}

/** systemd does not start again what is starting already, whatever it was started with: that is restarted instead. */
function isOutdated(
  cluster: Cluster,
  node: Node,
  situation: OpenSituation,
  state: MemberState | undefined,
): boolean {
  return (
    state !== undefined &&
    restartReasons(cluster, state, memberFiles(cluster, node, situation, state)).length > 0
  )
}

/** `turn`: its place among those that start together. */
export function startOf(
  { name: host }: Node,
  turn: number,
  unit: { readonly active: string; readonly enabled: boolean } | undefined,
  folders: readonly string[] = [],
): HostStep[] {
  const why = `it is ${unit?.active ?? 'unknown'}`
  const hand = folders.length === 0 ? {} : { handOver: folders }
  return [
    { kind: 'start', host, turn, ...hand, what: 'start etcd.service', why, danger: 'none' },
    ...(unit?.enabled === true ? [] : [enableStep(host)]),
    {
      kind: 'ready',
      host,
      what: 'wait until etcd.service is ready',
      why: 'a quorum has to form',
      danger: 'none',
    },
  ]
}
