/** The files that a member has: its unit, its options, and the mark of the cluster that it belongs to. */
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
 * The files that a member should have, as far as they are known in this situation. Who its options say is in the cluster
 * stays as it is (`present`) until that are the file's members: etcd ignores it, but where nobody answers it is all there is.
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
  // The pin is first: a tool that dies right behind the options file would leave members that belong to they know not what.
  return [{ path: PATHS.clusterId, content: pin, owner: 'root', group: 'root', mode: '644' }, ...files]
}

/**
 * The files that a node may have now. One that is no member yet, or has not joined yet, gets its options when it joins:
 * until then nobody knows whom it will find.
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

/** What a node is given with which it joins a cluster that others have formed; its mark comes when it has started. */
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
