/** Brings machines to what the cluster file says, and shows beforehand what that would change. */
import { everyMachine, takeLock } from '../../engine/locking.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import type { ApplyIntent } from '../../tiers/etcd/plan/intent.ts'
import { keptNote, keptStopped } from '../../tiers/etcd/plan/kept.ts'
import { newcomersIn } from '../../tiers/etcd/facts/joining.ts'
import { next } from '../../tiers/etcd/plan/next.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { openPeers } from '../../tiers/etcd/plan/peer-identity.ts'
import { type Plan, plan } from '../../tiers/etcd/plan/plan.ts'
import { judgeSituation } from '../../tiers/etcd/facts/situation.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { blockedError, requireWhole, run } from '../../tiers/etcd/run.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { TIERS } from '../../tiers/tiers.ts'
import { leftBehind } from '../../tiers/etcd/facts/left-behind.ts'
import { packageWarnings } from '../../tiers/etcd/facts/package-notes.ts'
import { preflight, requireFit } from '../../tiers/etcd/preflight.ts'
import type { Availability, ProbeChoice } from '../../engine/with-recorder.ts'
import { agreedTo, requireAgreed, risksOf } from '../../engine/approval.ts'
import type { EngineStep } from '../../engine/step.ts'
import { stepId } from '../../tiers/etcd/steps/kinds.ts'
import { recorded } from '../../engine/recorded.ts'

/** What was looked at so long ago holds still, where no member is taken away on the strength of it. */
const SOON_MS = 2_000

export interface ApplyReport {
  /** False: everything was already as it should be, and nothing was touched. */
  readonly changed: boolean
  readonly done: readonly Step[]
  readonly observed: Observed
  /** What clients noticed; undefined where nothing was recorded: before there is a cluster, or by choice. */
  readonly availability?: Availability | undefined
}

export interface PlanReport extends Plan {
  readonly intent: ApplyIntent
  readonly observed: Observed
}

/** As `applyIntent`, with all that stands beside etcd. Only `apply` and `plan` touch that. */
export function wholeIntent(...asked: Parameters<typeof applyIntent>): ApplyIntent {
  return { ...applyIntent(...asked), beside: TIERS }
}

/** What `apply` would do, without doing any of it. */
export async function planApply(
  session: Session,
  intent = wholeIntent(session.cluster, session.now()),
): Promise<PlanReport> {
  const observed = await observe(session)
  warnOfOpenPeers(session, observed)
  noteKept(session, intent, observed)
  return { intent, observed, ...plan(intent, observed) }
}

function warnOfOpenPeers({ cluster, emit }: Session, observed: Observed): void {
  const text = openPeers(cluster, observed)
  if (text !== undefined) emit({ type: 'warning', text })
}

/** Of members that stay stopped because an operator stopped them. */
function noteKept({ emit }: Session, intent: ApplyIntent, observed: Observed): void {
  for (const node of keptStopped(intent, observed))
    emit({ type: 'note', host: node.name, text: keptNote(node, observed.hosts[node.name]?.member) })
}

export interface ApplyOptions {
  readonly intent?: ApplyIntent | undefined
  /**
   * Is shown the whole plan if anything would be changed; throws to stop. Before the lock is taken, but for the first
   * work on a cluster from here. No member is restarted, comes or goes of which it was not shown that.
   */
  readonly approve?: ((plan: Plan) => Promise<void>) | undefined
  /** Looks at what was observed, before the plan is shown and again under the lock; throws to stop. */
  readonly confirm?: ((observed: Observed) => Promise<void>) | undefined
  /** Whether and how it is recorded what clients notice; as usual unless given. */
  readonly probe?: ProbeChoice | undefined
}

/**
 * Looks first, without a lock: where nothing is to be done, nobody is kept out. Otherwise takes the lock and looks
 * again, so that what is decided rests on what was seen while nobody else was at work. Where quorate was never at work
 * before there is surely something to be done, and the first look is left out.
 *
 * @throws QuorateError `blocked`, `locked`, `moved`, `preflight`, or what a step failed with; a second run finishes it.
 */
export async function apply(session: Session, options: ApplyOptions = {}): Promise<ApplyReport> {
  const intent = options.intent ?? wholeIntent(session.cluster, session.now())
  const report = await recorded(session, 'apply', async (own) => await carryOut(own, intent, options))
  warnOfOpenPeers(session, report.observed)
  noteKept(session, intent, report.observed)
  for (const { host, text } of await leftBehind(session.cluster, report.observed))
    session.emit({ type: 'note', host, text })
  if (report.changed) warnOfPackages(session, report.observed)
  return report
}

/** Until its operator has seen to it. */
function warnOfPackages({ cluster, emit }: Session, observed: Observed): void {
  for (const { host, message, fix } of packageWarnings(cluster, observed))
    if (fix !== undefined) emit({ type: 'note', host, text: `${message}. Fix: ${fix}` })
}

async function carryOut(session: Session, intent: ApplyIntent, options: ApplyOptions): Promise<ApplyReport> {
  let agreed: ReadonlySet<string> = new Set()
  if (session.hasOperated) {
    const before = await observe(session)
    const answer = next(intent, before)
    if (answer.kind === 'blocked') throw blockedError(answer.reasons)
    if (answer.kind === 'done') {
      await options.confirm?.(before)
      return { changed: false, done: [], observed: before }
    }
    const foreseen = plan(intent, before)
    // Of machines without a cluster preflight says more.
    if (judgeSituation(intent, before).kind !== 'new') requireWhole(foreseen)
    await options.confirm?.(before)
    await options.approve?.(foreseen)
    agreed = agreedTo(foreseen, session.steps, orRestarted)
  }
  await using lock = await takeLock(session, { purpose: 'apply', scope: everyMachine(session.cluster) })
  let observed = await observe(session)
  await options.confirm?.(observed)
  if (!session.hasOperated && options.approve !== undefined) {
    // A new cluster, somebody else's work, or another computer's: there was no first look to show anything of.
    const foreseen = plan(intent, observed)
    const shownAt = performance.now()
    if (foreseen.waves.length > 0) await options.approve(foreseen)
    agreed = agreedTo(foreseen, session.steps, orRestarted)
    const isOld = performance.now() - shownAt > SOON_MS
    if (isOld || risksOf(foreseen).length > 0) observed = await observe(session)
  }
  const foreseen = plan(intent, observed)
  if (options.approve !== undefined) requireAgreed(agreed, foreseen, session.steps)
  const situation = judgeSituation(intent, observed)
  // Only now: the ports that it listens on for a moment would look taken to `observe`. And nothing is sent meanwhile:
  // the machines' disks are being measured.
  const newcomers = newcomersIn(intent.cluster, observed)
  if (situation.kind === 'new') requireFit(session, await preflight(session))
  else if (situation.kind === 'established' && newcomers.size > 0)
    requireFit(session, await preflight(session, newcomers))
  requireWhole(foreseen)
  // Something is to be done to a cluster that somebody may be using.
  if (situation.kind === 'established' && next(intent, observed).kind === 'steps') {
    const { withRecorder } = await import('../../engine/with-recorder.ts')
    const { result, availability } = await withRecorder(
      session,
      // Of a cluster that serves nobody there is nothing to record.
      { verb: 'apply', probe: (observed.cluster?.healthy.length ?? 0) > 0 ? options.probe : false },
      async (probed) => await run(probed, lock, intent, observed, foreseen),
    )
    return { changed: result.done.length > 0, ...result, availability }
  }
  const report = await run(session, lock, intent, observed, foreseen)
  return { changed: report.done.length > 0, ...report }
}

/** A member that was down or crashing may be found starting a moment later: then it is restarted, which is the same. */
export function orRestarted(step: EngineStep): readonly string[] {
  return step.kind === 'start' ? [stepId({ ...step, kind: 'restart' })] : []
}
