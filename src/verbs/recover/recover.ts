/**
 * `quorate recover --from-survivor`: after a quorum loss, makes a new cluster from a surviving member's data.
 *
 * Every milestone is recorded on the nodes before the next one begins, so that the same command continues after any
 * interruption. As long as the marker exists, no other command starts.
 */
import { randomBytes } from 'node:crypto'
import { replaceClusterFile, requireUnchanged, requireWritable } from '../../cluster-file/write.ts'
import { compactTime } from '../../engine/compact-time.ts'
import { type LockScope, allBut } from '../../engine/locking.ts'
import { loop, requireWhole } from '../../engine/loop.ts'
import type { Moved } from '../../engine/moved.ts'
import { type Under, runVerb } from '../../engine/run-verb.ts'
import { runWave } from '../../tiers/etcd/wave.ts'
import { type Cluster, etcdNodes } from '../../spec/cluster.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { runningEtcdClients } from '../../tiers/etcd/facts/etcd-clients.ts'
import { observe, observeAgain } from '../../tiers/etcd/facts/observe.ts'
import { keepRemovedNode } from '../../cluster-file/removed-nodes.ts'
import { memberLoss } from '../../cluster-file/membership-edit.ts'
import { plan } from '../../tiers/etcd/plan/plan.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type RecoveryStep, isRecoveryStep } from '../../tiers/etcd/steps/recovery.ts'
import { rebuildSteps } from '../../tiers/etcd/plan/recover.ts'
import type { AnyStep, Step } from '../../tiers/etcd/steps/steps.ts'
import {
  type Decision,
  type RecoveryChoice,
  type RecoveryFacts,
  type RecoveryPreview,
  type RecoveryRequest,
  decideRecovery,
  isSameRecovery,
} from './decide.ts'
import { nextRecovery, withAnother, withWayOut } from './decide-next.ts'
import { findSurvivors } from './observe.ts'
import { type RecoveryRun, performRecovery } from './perform.ts'

export interface RecoverOptions extends RecoveryChoice {
  /** Gets the preview, with possible losses, before any change; throws to stop. */
  readonly confirm: (preview: RecoveryPreview) => Promise<void>
}

export interface RecoverReport {
  /** The member whose data was used. */
  readonly survivor: string
  /** The new cluster's ID, hexadecimal. */
  readonly clusterId: string
  /** The newest revision in the surviving member's log; the new cluster's revisions are `bump` higher. */
  readonly revision: number
  readonly bump: number
  /** undefined: etcd did not report it. */
  readonly keys: number | undefined
  readonly done: readonly AnyStep[]
  /** What this run renamed. */
  readonly moved: readonly Moved[]
  /** Names of voting members at the end. */
  readonly members: readonly string[]
  /** Nodes that were removed from the cluster file. */
  readonly left: readonly string[]
}

/**
 * @throws QuorateError `blocked` while a quorum could still answer, and with every other reason; `moved` if nodes changed
 *   after the preview; `locked`; the error of a failed step. Rerun the same command to continue.
 */
export async function recover(session: Session, options: RecoverOptions): Promise<RecoverReport> {
  const { cluster } = session
  const request: RecoveryRequest = {
    cluster,
    survivor: options.survivor,
    lost: options.lost,
    fresh: {
      suffix: `before-recover-${compactTime(session.now())}`,
      token: `${cluster.name}-${randomBytes(8).toString('hex')}`,
    },
  }
  const { result } = await runVerb<Session, Decision, RecoverReport>(session, {
    name: 'recover',
    finishes: 'recover',
    decide: async (own) => {
      const decision = decideRecovery(request, await look(own))
      await requireParting(cluster, decision.preview.leaving)
      return decision
    },
    confirm: async ({ preview }) => await options.confirm(preview),
    scope: ({ progress }) => recoveryScope(cluster, progress.lost),
    same: isSameRecovery,
    lookHint: 'quorate recover',
    // No client is served during a recovery.
    probe: () => false,
    carryOut,
  })
  return result
}

/** Leaves out nodes declared lost; nodes without etcd may be unreachable. */
export function recoveryScope(cluster: Cluster, lost: readonly string[]): LockScope {
  return allBut(cluster, lost, ({ roles }) => !roles.includes('etcd'))
}

async function look(session: Session): Promise<RecoveryFacts> {
  const [finds, etcdClients] = await Promise.all([findSurvivors(session), runningEtcdClients(session)])
  return { finds, etcdClients, hasAuthority: (await session.bundle()) !== undefined }
}

/** @throws QuorateError `permission`, or as `memberLoss`, if these nodes can't be removed from the cluster file */
async function requireParting({ file }: Cluster, leaving: readonly string[]): Promise<void> {
  if (leaving.length === 0) return
  await requireWritable(file, 'list the remaining members')
  await memberLoss(file, leaving)
}

async function carryOut({ session, lock, decision }: Under<Session, Decision>): Promise<RecoverReport> {
  const { preview, progress, state, survey } = decision
  const decided = survey.members.find(({ name }) => name === preview.survivor)?.log
  const work = { session, lock, progress, decided }
  let { leaving } = preview
  /**
   * Removes nodes declared lost from the cluster file, once the new cluster answers. If it never does, because one of them
   * had joined it, another recovery has to know them.
   */
  const part = async (run: RecoveryRun): Promise<RecoveryRun> => {
    if (run.joining?.observed.cluster?.leader === undefined) return run
    await dropLost(session, leaving)
    leaving = []
    return run
  }
  const meet = async (run: RecoveryRun) => await part(await meetCluster(session, preview.leaving, run))
  const initial: RecoveryRun = { ...state, made: progress.made, moved: [], joining: undefined }
  const { done, observed: run } = await loop<RecoveryRun, RecoveryStep | Step>({
    observed: await meet(initial),
    foreseen: { blocked: [] },
    decide: nextRecovery,
    runWave: async (now, steps) => {
      const own = steps.filter(isRecoveryStep)
      if (own.length > 0) return await meet(await performRecovery(work, now, own))
      const { intent, observed } = joiningOf(now)
      const joins = steps.filter((step): step is Step => !isRecoveryStep(step))
      const wanted = { ...session, cluster: intent.cluster }
      const seen = await runWave(wanted, lock, observed, joins).catch((error: unknown) => {
        throw withAnother(error, observed, preview.leaving)
      })
      return await part({ ...now, joining: { intent, observed: seen } })
    },
    lookAgain: async (now) => {
      const { intent, observed } = joiningOf(now)
      const wanted = { ...session, cluster: intent.cluster }
      return await part({ ...now, joining: { intent, observed: await observeAgain(wanted, observed) } })
    },
    steps: session.steps,
    signal: session.signal,
  })
  const { made } = run
  if (made === undefined) throw new TypeError('nothing was made')
  return {
    survivor: preview.survivor,
    clusterId: made.clusterId,
    revision: made.revision,
    bump: progress.bump,
    keys: made.keys,
    done,
    moved: run.moved,
    members: (joiningOf(run).observed.cluster?.members ?? [])
      .filter(({ learner }) => !learner)
      .map(({ name }) => name)
      .toSorted(),
    left: preview.leaving,
  }
}

function joiningOf({ joining }: RecoveryRun): NonNullable<RecoveryRun['joining']> {
  if (joining === undefined) throw new TypeError('no member can join yet')
  return joining
}

/**
 * As soon as others can join: observes the new cluster without the nodes declared lost.
 *
 * @throws QuorateError `blocked` if not all others can join: then none does
 */
async function meetCluster(
  session: Session,
  leaving: readonly string[],
  run: RecoveryRun,
): Promise<RecoveryRun> {
  if (run.joining !== undefined || rebuildSteps(run).length > 0) return run
  const present =
    leaving.length === 0 ? session.cluster : (await memberLoss(session.cluster.file, leaving)).wanted
  // Nodes without a member don't matter, and may still be off.
  const cluster = { ...present, nodes: etcdNodes(present) }
  const intent = { ...applyIntent(cluster, session.now()), finishes: 'recover' }
  const observed = await observe({ ...session, cluster })
  const { blocked } = plan(intent, observed)
  requireWhole({ blocked: withWayOut(blocked) })
  return { ...run, joining: { intent, observed } }
}

/** Removes them from the cluster file; keeps how to reach them, in case one comes back. */
async function dropLost(session: Session, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const change = await memberLoss(session.cluster.file, names)
  await requireUnchanged(session.cluster.file, change.text.before)
  for (const node of change.leaving) await keepRemovedNode(change.present, node, { left: session.now() })
  await replaceClusterFile(session.cluster.file, change.text.after)
}
