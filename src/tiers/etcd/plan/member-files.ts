/** The files of a member: its unit, its options, and its cluster ID file. */
import { memberEnvironment } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile, renderEnvironmentFile } from '../../../etcd/environment-file.ts'
import { unitFile } from '../../../etcd/unit-file.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { type Roster, isNeverStarted, isReplaced } from '../facts/membership-map.ts'
import { renderPin } from '../facts/pin.ts'
import type { OpenSituation } from '../facts/situation.ts'
import type { ApplyIntent } from './intent.ts'

export interface WantedFile {
  readonly path: string
  readonly content: string
  readonly owner: string
  readonly group: string
  readonly mode: string
}

/**
 * The files that a member should have, as far as they are known in this situation. The member list in its options stays
 * unchanged (`present`) until those members are the file's. etcd ignores it, but if no member answers, it is the only
 * source.
 */
export function memberFiles(
  cluster: Cluster,
  node: Node,
  situation: OpenSituation,
  present: MemberState | undefined,
): readonly WantedFile[] {
  const pinned = situation.kind === 'established'
  const state = pinned ? 'existing' : 'new'
  const before = parseEnvironmentFile(present?.contents[PATHS.environment] ?? '')['ETCD_INITIAL_CLUSTER']
  const members = (pinned && !situation.settled ? before : undefined) ?? etcdNodes(cluster)
  const files = [
    environmentFile(memberEnvironment({ cluster, node, members, token: situation.token, state })),
    unitOf(cluster),
  ]
  if (!pinned) return files
  const pin = renderPin({ cluster: cluster.name, clusterId: situation.clusterId })
  // The cluster ID file comes first: if quorate is killed after the options file, members would otherwise belong to an
  // unknown cluster.
  return [{ path: PATHS.clusterId, content: pin, owner: 'root', group: 'root', mode: '644' }, ...files]
}

/**
 * The files that a node may have now. A node that isn't a member yet gets its options when it joins: until then, the
 * list of members that it will find is unknown.
 */
export function wantedFiles(
  { cluster, replace }: ApplyIntent,
  node: Node,
  situation: OpenSituation,
  roster: Roster | undefined,
  state: MemberState | undefined,
): readonly WantedFile[] {
  if (situation.kind !== 'established') return memberFiles(cluster, node, situation, state)
  const member = roster?.members.get(node.name)
  const belongs =
    roster === undefined
      ? state?.dataPresent === true
      : member !== undefined && !isNeverStarted(member) && !isReplaced({ replace }, node.name, member)
  return belongs ? memberFiles(cluster, node, situation, state) : [unitOf(cluster)]
}

/** The files with which a node joins an existing cluster; its cluster ID file follows after its start. */
export function joiningFiles(
  cluster: Cluster,
  node: Node,
  token: string,
  members: string,
): readonly WantedFile[] {
  return [
    environmentFile(memberEnvironment({ cluster, node, members, token, state: 'existing' })),
    unitOf(cluster),
  ]
}

function environmentFile(environment: Readonly<Record<string, string>>): WantedFile {
  const content = renderEnvironmentFile(environment)
  return { path: PATHS.environment, content, owner: 'root', group: 'etcd', mode: '640' }
}

function unitOf(cluster: Cluster): WantedFile {
  return { path: PATHS.unit, content: unitFile({ cluster }), owner: 'root', group: 'root', mode: '644' }
}
