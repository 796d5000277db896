/**
 * `quorate recover --from-survivor`: the quorum is lost, and what is left of it becomes a new cluster.
 *
 * Every stage is marked on the machines before the next one begins, so that the same command goes on after whatever comes
 * between; and as long as the mark is there no other verb begins.
 */
import { type LockTerms, allBut, takeLock } from '../../engine/locking.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { verifyCluster } from '../../etcd/verify.ts'
import { RECOVER } from '../../host/extensions.ts'
import { PATHS } from '../../host/state.ts'
import type { RecoveryStep } from '../../tiers/etcd/steps/recovery.ts'
import type { AnyStep } from '../../tiers/etcd/steps/steps.ts'
import type { Operation } from '../../host/operations.ts'
import { run } from '../../tiers/etcd/run.ts'
import type { Lock } from '../../engine/lock.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import { type Session, allMembers } from '../../tiers/etcd/session.ts'
import { timed } from '../../engine/timed.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { replaceClusterFile, requireUnchanged, requireWritable } from '../../cluster-file/write.ts'
import { keepDeparted } from '../../tiers/etcd/facts/removed-nodes.ts'
import { type MemberChange, memberLoss } from '../../tiers/etcd/membership-edit.ts'
import { onBystanders } from './stop-clients.ts'
import {
  type Decision,
  type RecoveryChoice,
  type RecoveryPreview,
  decideRecovery,
} from './choose-survivor.ts'
import { type Rebuild, beginCluster, makeCluster, markOperation, placeCluster } from './rebuild.ts'
import type { RecoveryProgress } from './progress.ts'
import { recorded } from '../../engine/recorded.ts'

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
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
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
  return await recorded(session, 'recover', async (own) => await goOnFrom(own, options))
}

async function goOnFrom(session: Session, options: RecoverOptions): Promise<RecoverReport> {
  const shown = await decideRecovery(session, options)
  await requireAuthority(session)
  if (shown.preview.leaving.length > 0) {
    await requireWritable(session.cluster.file, 'name the members that are left')
    await memberLoss(session.cluster.file, shown.preview.leaving)
  }
  await options.confirm(shown.preview)
  await using lock = await takeLock(session, recoverLock(session.cluster, shown.progress.lost))
  const decision = await decideRecovery(session, options)
  requireSame(shown, decision)
  const signal = AbortSignal.any([session.signal, lock.lost])
  return await carryOut({ session: { ...session, signal }, lock, decision })
}

/** Who joins needs a certificate, and without the operator's nobody can look at what was made. */
async function requireAuthority(session: Session): Promise<void> {
  if ((await session.bundle()) !== undefined) return
  throw new QuorateError('blocked', 'the CA of this cluster is not here, and nobody can join without it', {
    hint: 'put back the folder in which quorate keeps it (state in the cluster file): it is in every backup, too',
  })
}

/** @throws QuorateError `moved` */
function requireSame(shown: Decision, now: Decision): void {
  if (essence(shown) === essence(now)) return
  throw new QuorateError('moved', 'the machines are not as they were shown; nothing was changed', {
    hint: 'see what it is now: quorate recover',
  })
}

function essence({ preview, survey, progress, begun }: Decision): string {
  // What was begun may serve by now, and go on.
  const logs = begun
    ? []
    : survey.members.map(({ name, state, log }) => [name, state, `${log?.lastTerm} ${log?.lastIndex}`])
  const steps = preview.steps.map(({ kind, host }) => `${kind} ${host}`)
  return JSON.stringify([preview.survivor, preview.joining, preview.leaving, steps, logs, progress.bump])
}

/** Who were declared lost are left out; machines that have nothing to do with etcd may be away. */
export function recoverLock(cluster: Cluster, lost: readonly string[]): LockTerms {
  const scope = allBut(cluster, lost, ({ roles }) => !roles.includes('etcd'))
  return { purpose: 'recover', finishes: 'recover', scope }
}

interface Work {
  readonly session: Session
  readonly lock: Lock
  readonly decision: Decision
}

async function carryOut(work: Work): Promise<RecoverReport> {
  const { session, lock, decision } = work
  const { preview, survey } = decision
  const node = survey.members.find(({ name }) => name === preview.survivor)?.node
  if (node === undefined) throw new TypeError(`${preview.survivor} is no node`)
  const rebuild: Rebuild = { session, lock, signal: session.signal, node }
  const moved: { host: string; from: string; to: string }[] = []
  const note = (host: string, pairs: readonly string[]) => {
    for (const [from = '', to = ''] of pairs.map((pair) => pair.split(' '))) moved.push({ host, from, to })
  }
  const left = preview.steps
  const of = (kind: RecoveryStep['kind']) => left.filter((step) => step.kind === kind)
  let { progress } = decision
  session.emit({ type: 'wave', steps: left.filter(({ kind }) => kind !== 'release') })

  const bystanders = async (operation: Operation) =>
    await onBystanders(session, lock, progress.lost, operation)
  if (of('fence').length > 0) await bystanders(['recover_halt'])
  await onEach(work, of('fence'), () => [
    markOperation(progress),
    ['recover_halt'],
    ['stop', { unit: 'etcd.service' }],
  ])
  for (const step of of('copy'))
    progress = await timed(session.emit, step, async () => await makeCluster(rebuild, progress))
  const { made } = progress
  if (made === undefined) throw new TypeError('nothing was made')
  for (const step of of('place'))
    note(step.host, await timed(session.emit, step, async () => await placeCluster(rebuild, progress)))
  for (const step of of('begin'))
    await timed(session.emit, step, async () => await beginCluster(rebuild, progress, made))
  const { walDirectory, dataDirectory } = session.cluster.etcd
  const cleared = await onEach(work, of('clear'), () => [
    ['aside', { suffix: progress.suffix, paths: [walDirectory, dataDirectory, PATHS.clusterId] }],
  ])
  for (const { host, pairs } of cleared) note(host, pairs)
  if (of('clear').length > 0) await mark(work, node, { ...progress, stage: 'cleared' })

  const change = await dropLost(session, preview.leaving)
  const cluster = change?.wanted ?? session.cluster
  // Machines without a member may still be off, and have nothing to do with it.
  const wanted = { ...session, cluster: { ...cluster, nodes: etcdNodes(cluster) } }
  const intent = { ...applyIntent(wanted.cluster, session.now()), finishes: 'recover' }
  const joined = await run(wanted, lock, intent, await observe(wanted))
  await verifyCluster(await allMembers(wanted), session.signal)
  // The survivor's last: its mark says that nothing is to be begun anew.
  const releases = of('release')
  const released = [['recover_resume'], ['remove', { paths: [PATHS.underway] }]] as const
  await bystanders(['recover_resume'])
  await onEach(work, releases.slice(0, -1), () => released)
  await onEach(work, releases.slice(-1), () => released)
  return {
    survivor: preview.survivor,
    clusterId: made.clusterId,
    revision: made.revision,
    bump: progress.bump,
    keys: made.keys,
    done: [...left, ...joined.done],
    moved,
    members: (joined.observed.cluster?.members ?? [])
      .filter(({ learner }) => !learner)
      .map(({ name }) => name)
      .toSorted(),
    left: preview.leaving,
  }
}

/** One round trip each, all at once. */
async function onEach(
  { session, lock }: Work,
  steps: readonly RecoveryStep[],
  operations: (step: RecoveryStep) => readonly Operation[],
): Promise<readonly { readonly host: string; readonly pairs: readonly string[] }[]> {
  const work = steps.map((step) => ({ name: step.host, step }))
  const { results, errors } = await onAll(
    work,
    async ({ step }) =>
      await timed(session.emit, step, async () => {
        const { notes } = await lock.work(await session.remote(nodeOf(session, step.host)), {
          operations: [...operations(step)],
          looks: [],
          extension: RECOVER,
          signal: session.signal,
        })
        return notes.map((line) => line.replace(/^moved /, ''))
      }),
  )
  if (errors.length > 0) throw combineErrors(errors)
  return results.map(({ host, value }) => ({ host, pairs: value }))
}

async function mark({ session, lock }: Work, node: Node, progress: RecoveryProgress): Promise<void> {
  await lock.work(await session.remote(node), {
    operations: [markOperation(progress)],
    looks: [],
    signal: session.signal,
  })
}

function nodeOf({ cluster }: Session, name: string): Node {
  const node = cluster.nodes.find((one) => one.name === name)
  if (node === undefined) throw new TypeError(`${name} is no node`)
  return node
}

/** Out of the cluster file; how they are reached is kept, for when one comes back. */
async function dropLost(session: Session, names: readonly string[]): Promise<MemberChange | undefined> {
  if (names.length === 0) return undefined
  const change = await memberLoss(session.cluster.file, names)
  await requireUnchanged(session.cluster.file, change.text.before)
  for (const node of change.leaving) await keepDeparted(change.present, node, { left: session.now() })
  await replaceClusterFile(session.cluster.file, change.text.after)
  return change
}
