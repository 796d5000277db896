/**
 * `quorate recover --from-survivor`: the quorum is lost, and what is left of it becomes a new cluster.
 *
 * Every milestone is marked on the machines before the next one begins, so that the same command goes on after whatever comes
 * between; and as long as the mark is there no other verb begins.
 */
import { randomBytes } from 'node:crypto'
import { replaceClusterFile, requireUnchanged, requireWritable } from '../../cluster-file/write.ts'
import { compactTime } from '../../engine/compact-time.ts'
import { type LockScope, allBut } from '../../engine/locking.ts'
import { loop, requireWhole } from '../../engine/loop.ts'
import { type Under, runVerb } from '../../engine/run-verb.ts'
import { runWave } from '../../tiers/etcd/wave.ts'
import { type Cluster, etcdNodes } from '../../spec/cluster.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { runningEtcdClients } from '../../tiers/etcd/facts/etcd-clients.ts'
import { observe, observeAgain } from '../../tiers/etcd/facts/observe.ts'
import { keepRemovedNode } from '../../cluster-file/removed-nodes.ts'
import { type MemberChange, memberLoss } from '../../cluster-file/membership-edit.ts'
import { plan } from '../../tiers/etcd/plan/plan.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type RecoveryStep, isRecoveryStep, rebuildSteps } from '../../tiers/etcd/steps/recovery.ts'
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
import { nextRecovery, withWayOut } from './decide-next.ts'
import { findSurvivors } from './observe.ts'
import { type Moved, type RecoveryRun, performRecovery } from './perform.ts'

export interface RecoverOptions extends RecoveryChoice {
  /** Is shown what will be done, and what may be lost, before anything is; throws to stop. */
  readonly confirm: (preview: RecoveryPreview) => Promise<void>
}

export interface RecoverReport {
  /** Whose data it went on from. */
  readonly survivor: string
  /** The new cluster's ID, hexadecimal. */
  readonly clusterId: string
  /** The newest revision that the survivor's log gave; revisions went on `bump` later. */
  readonly revision: number
  readonly bump: number
  /** undefined: etcd did not say. */
  readonly keys: number | undefined
  readonly done: readonly AnyStep[]
  /** What lies aside now, of this run. */
  readonly moved: readonly Moved[]
  /** Names of voting members at the end. */
  readonly members: readonly string[]
  /** Nodes that were taken out of the cluster file. */
  readonly left: readonly string[]
}

/**
 * @throws QuorateError `blocked` while a quorum could still answer, and with every other reason; `moved` if machines changed
 *   after they were shown; `locked`; what a step failed with. The same command goes on.
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
    // Nobody is served meanwhile.
    probe: () => false,
    carryOut,
  })
  return result
}

/** Who were declared lost are left out; machines that have nothing to do with etcd may be away. */
export function recoveryScope(cluster: Cluster, lost: readonly string[]): LockScope {
  return allBut(cluster, lost, ({ roles }) => !roles.includes('etcd'))
}

async function look(session: Session): Promise<RecoveryFacts> {
  const [finds, etcdClients] = await Promise.all([findSurvivors(session), runningEtcdClients(session)])
  return { finds, etcdClients, hasAuthority: (await session.bundle()) !== undefined }
}

/** @throws QuorateError `permission`, or as `memberLoss`, if these could not leave the cluster file in the end */
async function requireParting({ file }: Cluster, leaving: readonly string[]): Promise<void> {
  if (leaving.length === 0) return
  await requireWritable(file, 'name the members that are left')
  await memberLoss(file, leaving)
}

async function carryOut({ session, lock, decision }: Under<Session, Decision>): Promise<RecoverReport> {
  const { preview, progress, state } = decision
  const work = { session, lock, progress }
  const meet = async (run: RecoveryRun) => await meetCluster(session, preview.leaving, run)
  const begun: RecoveryRun = { ...state, made: progress.made, moved: [], joining: undefined }
  const { done, observed: run } = await loop<RecoveryRun, RecoveryStep | Step>({
    observed: await meet(begun),
    foreseen: { blocked: [] },
    decide: nextRecovery,
    runWave: async (now, steps) => {
      const own = steps.filter(isRecoveryStep)
      if (own.length > 0) return await meet(await performRecovery(work, now, own))
      const { intent, observed } = joiningOf(now)
      const joins = steps.filter((step): step is Step => !isRecoveryStep(step))
      const wanted = { ...session, cluster: intent.cluster }
      return { ...now, joining: { intent, observed: await runWave(wanted, lock, observed, joins) } }
    },
    lookAgain: async (now) => {
      const { intent, observed } = joiningOf(now)
      const wanted = { ...session, cluster: intent.cluster }
      return { ...now, joining: { intent, observed: await observeAgain(wanted, observed) } }
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
  if (joining === undefined) throw new TypeError('nobody can join yet')
  return joining
}

/**
 * As soon as others can join: who was declared lost leaves the cluster file, and the new cluster is looked at.
 *
 * @throws QuorateError `blocked` if the others could not all join: then nobody does
 */
async function meetCluster(
  session: Session,
  leaving: readonly string[],
  run: RecoveryRun,
): Promise<RecoveryRun> {
  if (run.joining !== undefined || rebuildSteps(run).length > 0) return run
  const present = (await dropLost(session, leaving))?.wanted ?? session.cluster
  // Machines without a member may still be off, and have nothing to do with it.
  const cluster = { ...present, nodes: etcdNodes(present) }
  const intent = { ...applyIntent(cluster, session.now()), finishes: 'recover' }
  const observed = await observe({ ...session, cluster })
  const { blocked } = plan(intent, observed)
  requireWhole({ blocked: withWayOut(blocked) })
  return { ...run, joining: { intent, observed } }
}

/** Out of the cluster file; how they are reached is kept, for when one comes back. */
async function dropLost(session: Session, names: readonly string[]): Promise<MemberChange | undefined> {
  if (names.length === 0) return undefined
  const change = await memberLoss(session.cluster.file, names)
  await requireUnchanged(session.cluster.file, change.text.before)
  for (const node of change.leaving) await keepRemovedNode(change.present, node, { left: session.now() })
  await replaceClusterFile(session.cluster.file, change.text.after)
  return change
}
