/** What speaks against a member's data at sight, before its journal and its log are read. Pure. */
import type { MemberState } from '../../host/state.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { dataElsewhere } from '../../tiers/etcd/plan/foreign.ts'
import type { Evidence } from './decide.ts'

/** @returns undefined: only its journal and its log can tell, if it does not answer */
export function evidenceAtSight(
  cluster: Cluster,
  state: MemberState,
  one: MemberStanding | undefined,
): readonly Evidence[] | undefined {
  const { dataPresent, walPresent } = state
  if (one?.listed === false)
    return [{ kind: 'unfinished', text: 'it is no member any more: a replacement was begun' }]
  if (one?.listed === true && !one.voter)
    return [{ kind: 'unfinished', text: 'it is a learner: a replacement was begun' }]
  const elsewhere = dataElsewhere(cluster, state) !== undefined
  if (one?.listed === true && !(dataPresent && walPresent) && !elsewhere)
    return [lost(cluster, dataPresent, walPresent)]
  if (one?.strayLog === true && !one.healthy) return [STRAY]
  return undefined
}

/** A disk that was cloned or swapped. */
const STRAY: Evidence = {
  kind: 'lost',
  text: 'its own data is gone: what is in its place is the data of another member',
}

function lost(cluster: Cluster, dataPresent: boolean, walPresent: boolean): Evidence {
  const { dataDirectory, walDirectory } = cluster.etcd
  const gone = [...(dataPresent ? [] : [dataDirectory]), ...(walPresent ? [] : [walDirectory])]
  return { kind: 'lost', text: `it is a member, and its data is gone: ${[...new Set(gone)].join(', ')}` }
}
