/** Brings nodes to the state of an intent, with the common lifecycle: all of `apply`, and parts of it for other commands. */
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
  /** False: everything already matched, and nothing was changed. */
  readonly changed: boolean
  readonly done: readonly Step[]
  readonly observed: Observed
  /** Client-visible impact; undefined: not measured, before there is a cluster, or by choice. */
  readonly availability?: Availability | undefined
}

export interface ConvergeOptions {
  /** The command: names the lock holder and the record. */
  readonly name: string
  readonly intent: ApplyIntent
  /**
   * Gets the whole plan if anything would change; throws to stop. Called before the lock is taken, except for the first
   * work on a cluster from this workstation. No member is restarted, added or removed without being shown.
   */
  readonly approve?: ((plan: Plan) => Promise<void>) | undefined
  /** Checks the observed state before the plan is shown, and again under the lock; throws to stop. */
  readonly guard?: ((observed: Observed) => Promise<void>) | undefined
  /** Options of the availability probe; default: as usual. */
  readonly probe?: ProbeChoice | undefined
}

type Ran = RunReport<Observed, Step>

interface Decision {
  readonly observed: Observed
  readonly situation: Situation
  readonly foreseen: Plan
}

/**
 * Observes first without a lock: if there is nothing to do, no other operator is locked out. Otherwise takes the lock and
 * observes again, so that the decision uses a state that no other run changes. The first observation is skipped if quorate
 * has never managed the cluster, because then there is something to do.
 *
 * @throws QuorateError `blocked`, `locked`, `moved`, `preflight`, or the error of a failed step; a rerun completes it.
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

/** The other tiers are observed only if they are planned. */
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
  // For nodes without a cluster, preflight says more.
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
  // Only now: the ports that it listens on for a moment would look used to `observe`. And nothing is uploaded during this
  // time: the nodes' disks are being measured.
  const newcomers = newcomersIn(cluster, observed)
  if (situation.kind === 'new') requireFit(session, await preflight(session))
  else if (situation.kind === 'established' && newcomers.size > 0)
    requireFit(session, await preflight(session, newcomers))
  requireWhole(foreseen)
}

/** The cluster to change may be in use. */
function isServing({ observed, situation, foreseen }: Decision): boolean {
  const healthy = observed.cluster?.healthy.length ?? 0
  return situation.kind === 'established' && foreseen.waves.length > 0 && healthy > 0
}

/** A member that was down or crashing may be starting a moment later: then it is restarted, which is equivalent. */
export function orRestarted(step: EngineStep): readonly string[] {
  return step.kind === 'start' ? [stepId({ ...step, kind: 'restart' })] : []
}
