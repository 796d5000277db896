/**
 * `quorate upgrade`: changes the version of etcd on every member, one after the other; and back again while that is
 * possible.
 */
import { everyMachine } from '../../engine/locking.ts'
import path from 'node:path'
import { compactTime } from '../../engine/compact-time.ts'
import { QuorateError } from '../../errors.ts'
import type { UpgradeProblem } from '../../etcd/upgrade-facts.ts'
import { type SnapshotFile, takeSnapshot } from '../../etcd/snapshot.ts'
import { ascend } from '../../tiers/etcd/plan/descend.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { blockedError, run } from '../../tiers/etcd/run.ts'
import type { Lock } from '../../engine/lock.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { runWave } from '../../tiers/etcd/wave.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { type Examined, type UpgradePreview, architectureIn, examine } from './examine.ts'
import { editFile } from './file.ts'
import { type ProvenMember, awaitClusterVersion, proveUpgrade } from './proof.ts'
import { type TargetOptions, type UpgradeTarget, upgradeTarget } from './target.ts'
import type { Availability, ProbeChoice } from '../../engine/with-recorder.ts'

/** How long the canary is watched by default, in seconds. */
export const CANARY_SECONDS = 10

export interface UpgradeOptions extends TargetOptions {
  /** Returns to the cluster file's version, while at least one member has never left it. Excludes `to`. */
  readonly abort?: boolean | undefined
  /** Seconds for which the first member is watched before the others follow; default: 10. */
  readonly canarySeconds?: number | undefined
  /** The availability probe; default: as usual. */
  readonly probe?: ProbeChoice | undefined
  /** Receives what will be done before anything is; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: UpgradePreview) => Promise<void>
}

export interface UpgradeReport {
  /** False: every member already ran the version, and the cluster file named it. */
  readonly changed: boolean
  /** The previous versions, oldest first. */
  readonly from: readonly string[]
  readonly to: string
  /** The cluster version now, `3.5`. */
  readonly clusterVersion: string
  readonly members: readonly ProvenMember[]
  /** Taken before the first restart; undefined: not needed. */
  readonly snapshot: SnapshotFile | undefined
  readonly done: readonly Step[]
  readonly availability: Availability | undefined
}

/**
 * What `upgrade` would do, and what prevents it. Changes nothing. Downloads the binaries if nothing prevents the
 * upgrade.
 */
export async function previewUpgrade(
  session: Session,
  options: Omit<UpgradeOptions, 'confirm'>,
): Promise<UpgradePreview> {
  return (await look(session, options)).examined.preview
}

type Result = Omit<UpgradeReport, 'availability'>

interface Decision {
  readonly target: UpgradeTarget
  readonly examined: Examined
  /** Taken before anything is changed. */
  readonly snapshot: SnapshotFile | undefined
}

/**
 * Inspects everything twice: for the preview, and again under the lock. After an interruption the same call continues
 * with the members as they are; with `abort`, they go back.
 *
 * @throws QuorateError `blocked` with every reason at once; `usage`; `moved` if the cluster changed after the preview;
 *   `locked`; `unhealthy` if a member is not as it should be afterwards; the error of a failed step.
 */
export async function upgrade(session: Session, options: UpgradeOptions): Promise<UpgradeReport> {
  const { result, availability } = await runVerb<Session, Decision, Result>(session, {
    name: options.abort === true ? 'upgrade --abort' : 'upgrade',
    decide: async (own) => {
      const { target, examined } = await look(own, options)
      requireClear(examined.preview)
      if (isNothing(examined.preview)) return idle(await unchanged(wantedBy(own, target), examined))
      return { target, examined, snapshot: undefined }
    },
    confirm: async ({ examined }) => await options.confirm(examined.preview),
    scope: () => everyMachine(session.cluster),
    same: (shown, now) => whatWasShown(shown.examined.preview) === whatWasShown(now.examined.preview),
    lookHint: 'quorate status',
    prepare: async (own, decision) => {
      const { target, examined } = decision
      if (examined.preview.snapshotBytes === null) return decision
      return { ...decision, snapshot: await snapshotFirst(wantedBy(own, target), examined) }
    },
    probe: () => options.probe,
    carryOut: async ({ session: own, lock, decision }) => await carryOut(own, lock, decision, options),
    endsProven: true,
  })
  return { ...result, availability }
}

function isNothing({ from, order, fileEdits, cancels }: UpgradePreview): boolean {
  return from.length === 0 && order.length === 0 && fileEdits.length === 0 && cancels === null
}

async function unchanged(session: Session, examined: Examined): Promise<Result> {
  const { to } = examined.preview
  return { ...(await prove(session, examined)), changed: false, from: [], to, snapshot: undefined, done: [] }
}

async function carryOut(
  session: Session,
  lock: Lock,
  { target, examined, snapshot }: Decision,
  options: UpgradeOptions,
): Promise<Result> {
  const { from, to } = examined.preview
  const work = await changeVersions(wantedBy(session, target), lock, examined, options)
  await editFile(target.cluster, target.edits)
  return { changed: true, from, to, snapshot, ...work }
}

type Work = Pick<UpgradeReport, 'done' | 'members' | 'clusterVersion'>

async function changeVersions(
  session: Session,
  lock: Lock,
  examined: Examined,
  options: UpgradeOptions,
): Promise<Work> {
  try {
    if (examined.cancelsOnly) return await cancelOnly(session, lock, examined)
    const { done, observed } = await run(session, lock, examined.intent, examined.observed)
    return { done, ...(await prove(session, { ...examined, observed })) }
  } catch (error) {
    session.emit({ type: 'note', text: wayOn(examined.preview, options) })
    throw error
  }
}

/** How to continue after a failure or Ctrl-C. */
function wayOn({ to, pointOfNoReturn, downgrade }: UpgradePreview, { abort }: UpgradeOptions): string {
  const same = `rerun to continue (completed steps stay done)`
  if (abort === true) return same
  if (downgrade !== null)
    return `${same}: quorate upgrade --to ${to}; cancel the downgrade: quorate upgrade --abort`
  const until = pointOfNoReturn ? ' (possible while at least one member has never run the new version)' : ''
  return `${same}: quorate upgrade --to ${to}; or roll back: quorate upgrade --abort${until}`
}

async function look(session: Session, options: Omit<UpgradeOptions, 'confirm'>) {
  if (options.abort === true && options.to !== undefined) {
    throw new QuorateError('usage', '--abort goes back to the version in the cluster file: it takes no --to')
  }
  const target = upgradeTarget(session.cluster, options)
  const direction = options.abort === true ? 'abort' : 'upgrade'
  const canarySeconds = options.canarySeconds ?? CANARY_SECONDS
  const asked = { direction, canarySeconds } as const
  return { target, examined: await examine(wantedBy(session, target), session.cluster, target, asked) }
}

/** A session on the target cluster. */
function wantedBy(session: Session, { cluster }: UpgradeTarget): Session {
  return { ...session, cluster }
}

/** @throws QuorateError `blocked` */
function requireClear({ problems }: UpgradePreview): void {
  const blockers = problems.filter(({ severity }: UpgradeProblem) => severity === 'blocker')
  if (blockers.length > 0) throw blockedError(blockers)
}

/**
 * The order may change with the leader. For a downgrade in both inspections, the cluster may switch to the newer minor
 * while the operator reads the preview: that is what the downgrade is for.
 */
export function whatWasShown(preview: UpgradePreview): string {
  const { from, clusterVersion, order, downgrade, cancels } = preview
  return JSON.stringify([
    from,
    downgrade === null ? clusterVersion : null,
    order.toSorted(),
    downgrade,
    cancels,
  ])
}

/** Whether all members are healthy or not: those that aren't are not waited for. */
async function cancelOnly(
  session: Session,
  lock: Lock,
  { observed, preview, ...examined }: Examined,
): Promise<Work> {
  const steps = ascend({ intent: examined.intent, observed })
  await runWave(session, lock, observed, steps)
  const well = preview.problems.length === 0
  if (well) return { done: steps, ...(await prove(session, { ...examined, observed })) }
  return { done: steps, members: [], clusterVersion: preview.clusterVersion ?? '' }
}

/** From the leader, which has everything; the canary is another member. */
async function snapshotFirst(session: Session, { observed, preview }: Examined): Promise<SnapshotFile> {
  const { cluster, signal, emit, now } = session
  const leader = observed.cluster?.leader
  const nodes = etcdNodes(cluster)
  const [client] = await session.members(
    nodes.filter(({ name }) => name === (leader ?? preview.order.at(-1))),
  )
  if (client === undefined) throw new TypeError('a healthy cluster has a leader')
  const name = `${compactTime(now())}-${preview.from.join('+')}.db`
  const file = path.join(cluster.stateDirectory, 'snapshots', name)
  const taken = await takeSnapshot(client, { file, signal })
  const text = `saved a snapshot up to revision ${taken.revision}: ${file}`
  emit({ type: 'note', host: taken.member, text })
  return taken
}

async function prove(
  session: Session,
  { supplies, observed }: { readonly supplies: Examined['supplies']; readonly observed: Observed },
): Promise<Pick<UpgradeReport, 'members' | 'clusterVersion'>> {
  const members = await proveUpgrade(session, supplies, architectureIn(observed))
  return { members, clusterVersion: await awaitClusterVersion(session) }
}
