/** Evidence against a member's data before its journal and Raft log are read. Pure. */
import type { MemberState } from '../../host/state.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { dataElsewhere } from '../../tiers/etcd/plan/foreign.ts'
import type { Evidence } from './decide.ts'

/** @returns undefined: if it doesn't answer, the evidence can only be in its journal and Raft log */
export function evidenceAtSight(
  cluster: Cluster,
  state: MemberState,
  one: MemberStanding | undefined,
): readonly Evidence[] | undefined {
  const { dataPresent, walPresent } = state
  if (one?.listed === false)
    return [{ kind: 'unfinished', text: 'the node is no longer a member: its replacement was interrupted' }]
  if (one?.listed === true && !one.voter)
    return [{ kind: 'unfinished', text: 'the member is a learner: its replacement was interrupted' }]
  const elsewhere = dataElsewhere(cluster, state) !== undefined
  if (one?.listed === true && !(dataPresent && walPresent) && !elsewhere)
    return [lost(cluster, dataPresent, walPresent)]
  if (one?.strayLog === true && !one.healthy) return [STRAY]
  return undefined
}

/**
 * Whether the rest of the evidence is in its journal and Raft log: of a member that doesn't answer. That it is a learner
 * explains why it answers no reads, but not why it reports no status.
 */
export function mayHideDamage(
  { dataPresent, walPresent }: Pick<MemberState, 'dataPresent' | 'walPresent'>,
  one: Pick<MemberStanding, 'healthy' | 'listed' | 'version'> | undefined,
  atSight: readonly Evidence[] | undefined,
): boolean {
  if (atSight === undefined) return one?.healthy !== true
  const silentLearner = one?.listed === true && one.version === undefined
  return silentLearner && dataPresent && walPresent && atSight.every(({ kind }) => kind === 'unfinished')
}

/** A disk that was cloned or swapped. */
const STRAY: Evidence = {
  kind: 'lost',
  text: 'the data directory has the data of another member',
}

function lost(cluster: Cluster, dataPresent: boolean, walPresent: boolean): Evidence {
  const { dataDirectory, walDirectory } = cluster.etcd
  const gone = [...(dataPresent ? [] : [dataDirectory]), ...(walPresent ? [] : [walDirectory])]
  return {
    kind: 'lost',
    text: `the node is a member, but its data is missing: ${[...new Set(gone)].join(', ')}`,
  }
}
