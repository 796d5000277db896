/** Makes nodes match the cluster file, and previews the changes first. */
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { noteStanding } from '../../tiers/etcd/apply-notes.ts'
import { type ApplyReport, type ConvergeOptions, converge, facetsOf } from '../../tiers/etcd/converge.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { ApplyIntent } from '../../tiers/etcd/plan/intent.ts'
import { type Plan, plan } from '../../tiers/etcd/plan/plan.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { TIERS } from '../../tiers/tiers.ts'

export interface PlanReport extends Plan {
  readonly intent: ApplyIntent
  readonly observed: Observed
}

/** As `applyIntent`, plus everything other than etcd. Only `apply` and `plan` touch that. */
export function wholeIntent(...asked: Parameters<typeof applyIntent>): ApplyIntent {
  return { ...applyIntent(...asked), beside: TIERS }
}

/** What `apply` would do. Changes nothing. */
export async function planApply(
  session: Session,
  intent = wholeIntent(session.cluster, session.now()),
): Promise<PlanReport> {
  const observed = await observe(session, facetsOf(intent))
  noteStanding(session, intent, observed)
  return { intent, observed, ...plan(intent, observed) }
}

/** `intent`: default: what the cluster file says. */
export type ApplyOptions = Partial<Omit<ConvergeOptions, 'name'>>

/** @throws QuorateError as `converge` does; a second run completes what a first one started */
export async function apply(session: Session, options: ApplyOptions = {}): Promise<ApplyReport> {
  const intent = options.intent ?? wholeIntent(session.cluster, session.now())
  return await converge(session, { ...options, name: 'apply', intent })
}
