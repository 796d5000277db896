/** Which members are started, and how. */
import type { MemberState } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { firstStart } from './ground.ts'
import { restartReasons } from './outdated.ts'
import { enableStep } from './prepare.ts'
import type { OpenSituation } from '../facts/situation.ts'
import { memberFiles } from './member-files.ts'
import { isNeverStarted, isReplaced } from '../facts/membership-map.ts'
import type { Scene } from './rule.ts'
import type { HostStep } from '../steps/steps.ts'
import { trustRestartReasons } from './trust.ts'

/** The steps on each host: start it, enable it while it becomes ready, wait for it. */
export function startSteps({ intent, observed, situation, roster, kept }: Scene): HostStep[] {
  const state = (node: Node) => observed.hosts[node.name]?.member
  const mayStart = (node: Node) => {
    const { bundle } = observed.authority
    if (isOutdated(intent.cluster, node, situation, bundle, state(node))) return false
    if (situation.kind !== 'established') return true
    if (kept.some(({ name }) => name === node.name)) return false
    const member = roster?.members.get(node.name)
    if (member !== undefined && isReplaced(intent, node.name, member)) return false
    // If no member can be asked, data says which nodes are members. A new member is started after it was added.
    if (roster === undefined) return state(node)?.dataPresent === true
    return member !== undefined && !isNeverStarted(member)
  }
  return etcdNodes(intent.cluster)
    .filter((node) => state(node)?.unit.active !== 'active' && mayStart(node))
    .flatMap((node, turn) =>
      startOf(intent.cluster, node, turn, state(node), foldersToChown(intent.cluster, state(node))),
    )
}

/** Files that etcd could not open, because its member ran as another user before it was adopted. */
export function foldersToChown({ etcd }: Cluster, state: MemberState | undefined): readonly string[] {
  const now = state?.paths[`${etcd.dataDirectory}/member`]
  if (now === undefined || now.owner === 'etcd') return []
  const { dataDirectory, walDirectory } = etcd
  return walDirectory.startsWith(`${dataDirectory}/`) ? [dataDirectory] : [dataDirectory, walDirectory]
}

/** systemd doesn't start a unit that is already starting again, even with other settings: it is restarted instead. */
function isOutdated(
  cluster: Cluster,
  node: Node,
  situation: OpenSituation,
  bundle: string | undefined,
  state: MemberState | undefined,
): boolean {
  return (
    state !== undefined &&
    (restartReasons(cluster, state, memberFiles(cluster, node, situation, state)).length > 0 ||
      trustRestartReasons(bundle, state).length > 0)
  )
}

/** `turn`: its position among those that start together. */
export function startOf(
  cluster: Cluster,
  { name: host }: Node,
  turn: number,
  state: MemberState | undefined,
  folders: readonly string[] = [],
): HostStep[] {
  const unit = state?.unit
  const why = `it is ${unit?.active ?? 'unknown'}`
  const hand = folders.length === 0 ? {} : { chown: folders }
  const opens = opening(cluster, state)
  return [
    { kind: 'start', host, turn, ...hand, ...opens, what: 'start etcd.service', why, danger: 'none' },
    ...(unit?.enabled === true ? [] : [enableStep(host)]),
    {
      kind: 'ready',
      host,
      ...opens,
      what: 'wait until etcd.service is ready',
      why: 'a quorum must form',
      danger: 'none',
    },
  ]
}

/** For steps that start a member. */
export function opening(
  cluster: Cluster,
  state: MemberState | undefined,
): { readonly firstStart?: ReturnType<typeof firstStart> } {
  const first = firstStart(cluster, state)
  return first === undefined ? {} : { firstStart: first }
}
