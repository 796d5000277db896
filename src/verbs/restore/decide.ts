/** Decides whether a restore is allowed, and all that it will do. A pure function of the request and of what was observed. */
import type { OpenedBackup } from '../../backup/open.ts'
import { blockedError } from '../../engine/loop.ts'
import { canBumpRevision } from '../../etcd/versions.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { type Plan, foresee } from '../../tiers/etcd/plan/plan.ts'
import { type FreshRestore, chooseRestore } from './continue.ts'
import { planRestore } from './decide-next.ts'
import { refuseSnapshot, requireRoom } from './fit.ts'
import type { RestoreIntent } from './intent.ts'
import type { Surroundings } from './observe.ts'

export interface RestoreRequest {
  readonly cluster: Cluster
  readonly opened: Pick<OpenedBackup, 'about' | 'name' | 'snapshotFile' | 'sizeBytes'>
  /** Allows a snapshot of another cluster. */
  readonly otherCluster: boolean
  /** Names of nodes that `cluster` leaves out, though its file has them. */
  readonly without: readonly string[]
  /** The command that completes it after an interruption. */
  readonly command: string
  /** Chosen once, before the first observation, so that deciding twice gives the same restore. */
  readonly fresh: FreshRestore
}

export interface RestoreFacts {
  readonly observed: Observed
  readonly surroundings: Surroundings
}

export interface RestoreDecision extends RestoreFacts {
  readonly intent: RestoreIntent
  /** True: continues an interrupted restore. */
  readonly continued: boolean
  readonly plan: Plan
}

/** More than any cluster writes between two snapshots: watchers notice at once that they can't resume. */
const BUMP = 1_000_000_000

/** @throws QuorateError `backup` for a snapshot of another cluster or version; `blocked` with every other reason */
export function decideRestore(request: RestoreRequest, facts: RestoreFacts): RestoreDecision {
  const { cluster, opened, otherCluster, without, command, fresh } = request
  const { observed, surroundings } = facts
  const { restore, continued } = chooseRestore(cluster, observed, fresh)
  refuseSnapshot(cluster, observed, opened, { otherCluster })
  const { snapshotFile, sizeBytes } = opened
  const bump = canBumpRevision(cluster.etcd.version)
  const options = bump ? ['--bump-revision', String(BUMP), '--mark-compacted'] : []
  const intent: RestoreIntent = {
    kind: 'restore',
    cluster,
    restore,
    snapshotFile,
    sizeBytes,
    options,
    without,
    command,
  }
  const plan = foresee(cluster, observed, (state) => planRestore(intent, state))
  if (plan.blocked.length > 0) throw blockedError(plan.blocked)
  const staging = plan.waves.flat().flatMap((step) => (step.kind === 'restore-stage' ? [step.host] : []))
  requireRoom(surroundings, cluster.etcd.dataDirectory, sizeBytes, staging)
  return { intent, continued, observed, surroundings, plan }
}
