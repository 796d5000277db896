/** Brings machines to what an intent asks for, by the one lifecycle: all of an `apply`, and what other verbs need of one. */
import { agreedTo, requireAgreed, risksOf } from '../../engine/approval.ts'
import { everyMachine } from '../../engine/locking.ts'
import type { RunReport } from '../../engine/loop.ts'
import { type Idle, idle, runVerb } from '../../engine/run-verb.ts'
import type { EngineStep } from '../../engine/step.ts'
import type { Availability, ProbeChoice } from '../../engine/with-recorder.ts'
import { noteLeftBehind, notePackages, noteStanding } from './apply-notes.ts'
import { newcomersIn } from './facts/joining.ts'
import { type Facets, EVERYTHING, WHOLE } from './facts/facets.ts'
import { observe } from './facts/observe.ts'
import type { Observed } from './facts/observed.ts'
import { type Situation, judgeSituation } from './facts/situation.ts'
import type { ApplyIntent } from './plan/intent.ts'
import { next } from './plan/next.ts'
import { type Plan, plan } from './plan/plan.ts'
import { preflight, requireFit } from './preflight.ts'
import { blockedError, requireWhole, run } from './run.ts'
import type { Session } from './session.ts'
import { stepId } from './steps/kinds.ts'
import type { Step } from './steps/steps.ts'

export interface ApplyReport {
  /** False: everything was already as it should be, and nothing was touched. */
  readonly changed: boolean
  readonly done: readonly Step[]
  readonly observed: Observed
  /** What clients noticed; undefined where nothing was recorded: before there is a cluster, or by choice. */
  readonly availability?: Availability | undefined
}

export interface ConvergeOptions {
  /** The verb: names the lock's holder and the record. */
  readonly name: string
  readonly intent: ApplyIntent
  /**
   * Is shown the whole plan if anything would be changed; throws to stop. Before the lock is taken, but for the first
   * work on a cluster from here. No member is restarted, comes or goes of which it was not shown that.
   */
  readonly approve?: ((plan: Plan) => Promise<void>) | undefined
  /** Looks at what was observed, before the plan is shown and again under the lock; throws to stop. */
  readonly guard?: ((observed: Observed) => Promise<void>) | undefined
  /** Whether and how it is recorded what clients notice; as usual unless given. */
  readonly probe?: ProbeChoice | undefined
}

type Ran = RunReport<Observed, Step>

interface Decision {
  readonly observed: Observed
  readonly situation: Situation
  readonly foreseen: Plan
}

/**
 * Looks first, without a lock: where nothing is to be done, nobody is kept out. Otherwise takes the lock and looks
 * again, so that what is decided rests on what was seen while nobody else was at work. Where quorate was never at work
 * before there is surely something to be done, and the first look is left out.
 *
 * @throws QuorateError `blocked`, `locked`, `moved`, `preflight`, or what a step failed with; a second run finishes it.
 */
export async function converge(session: Session, options: ConvergeOptions): Promise<ApplyReport> {
  const { name, intent, approve, probe } = options
  const scope = everyMachine(session.cluster)
  const { result, availability } = await runVerb<Session, Decision, Ran>(session, {
    name,
    decide: async (own, shown) => await decide(own, options, shown === undefined),
    confirm: async ({ foreseen }) => {
      if (foreseen.waves.length > 0) await approve?.(foreseen)
    },
    scope: () => scope,
    lockFirst: session.hasOperated
      ? undefined
      : { scope, isRisky: ({ foreseen }) => approve !== undefined && risksOf(foreseen).length > 0 },
    same: (shown, now) => {
      const agreed = agreedTo(shown.foreseen, session.steps, orRestarted)
      if (approve !== undefined) requireAgreed(agreed, now.foreseen, session.steps)
      return true
    },
    lookHint: 'quorate plan',
    prepare: async (own, decision) => await requireFeasible(own, intent, decision),
    probe: (decision) => (isServing(decision) ? probe : false),
    carryOut: async ({ session: own, lock, decision: { observed, foreseen } }) =>
      await run(own, lock, intent, observed, { foreseen, facets: facetsOf(intent) }),
    endsProven: true,
  })
  noteStanding(session, intent, result.observed)
  await noteLeftBehind(session, result.observed)
  const changed = result.done.length > 0
  if (changed) notePackages(session, result.observed)
  return { changed, ...result, availability }
}

/** What stands beside etcd is looked at only where it is planned. */
export function facetsOf({ beside }: ApplyIntent): Facets {
  return beside === undefined ? EVERYTHING : WHOLE
}

async function decide(
  session: Session,
  { intent, guard }: ConvergeOptions,
  isFirst: boolean,
): Promise<Decision | Idle<Ran>> {
  const observed = await observe(session, facetsOf(intent))
  const situation = judgeSituation(intent, observed)
  const answer = next(intent, observed)
  // Of machines without a cluster preflight says more.
  const isNew = situation.kind === 'new'
  if (isFirst && answer.kind === 'blocked' && (session.hasOperated || !isNew))
    throw blockedError(answer.reasons)
  if (isFirst && answer.kind === 'done') {
    await guard?.(observed)
    return idle({ done: [], observed })
  }
  const foreseen = plan(intent, observed)
  if (isFirst && !isNew) requireWhole(foreseen)
  await guard?.(observed)
  return { observed, situation, foreseen }
}

/** @throws QuorateError `preflight`, `blocked` */
async function requireFeasible(
  session: Session,
  { cluster }: ApplyIntent,
  { observed, situation, foreseen }: Decision,
): Promise<void> {
  // Only now: the ports that it listens on for a moment would look taken to `observe`. And nothing is sent meanwhile:
  // the machines' disks are being measured.
  const newcomers = newcomersIn(cluster, observed)
  if (situation.kind === 'new') requireFit(session, await preflight(session))
  else if (situation.kind === 'established' && newcomers.size > 0)
    requireFit(session, await preflight(session, newcomers))
  requireWhole(foreseen)
}

/** Something is to be done to a cluster that somebody may be using. */
function isServing({ observed, situation, foreseen }: Decision): boolean {
  const healthy = observed.cluster?.healthy.length ?? 0
  return situation.kind === 'established' && foreseen.waves.length > 0 && healthy > 0
}

/** A member that was down or crashing may be found starting a moment later: then it is restarted, which is the same. */
export function orRestarted(step: EngineStep): readonly string[] {
  return step.kind === 'start' ? [stepId({ ...step, kind: 'restart' })] : []
}
