/** Runs the commands for storage maintenance: each is a description that the engine's loop carries out. */
import { loop } from '../../engine/loop.ts'
import type { Next } from '../../engine/step.ts'
import { type MaintenanceOptions, underLock } from '../../tiers/etcd/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import { standingNow } from '../../tiers/etcd/facts/members.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { MaintenancePlan } from '../../tiers/etcd/steps/maintenance.ts'
import { type SpaceFacts, type SpaceStep, advance, spaceKind } from '../../tiers/etcd/steps/space.ts'

export interface SpaceVerb<F extends SpaceFacts> {
  /** The command's name. */
  readonly name: string
  /** The facts at the start of a run. */
  readonly begin: (standing: Standing) => F
  /** The whole plan, for the preview. */
  readonly plan: (facts: F) => MaintenancePlan<SpaceStep>
  /** The step that is safe now. */
  readonly decide: (facts: F) => Next<SpaceStep>
  /** Advice for the end of the run. */
  readonly advise?: ((standing: Standing) => readonly string[]) | undefined
}

export interface Defragmented {
  readonly host: string
  readonly beforeBytes: number
  readonly afterBytes: number
  readonly durationMs: number
}

export interface SpaceReport {
  /** In the order in which they were done. */
  readonly done: readonly SpaceStep[]
  /** Steps among them that something else had already done. */
  readonly vain: readonly SpaceStep[]
  readonly defragmented: readonly Defragmented[]
  readonly availability: Availability | undefined
}

/** @param options.physical makes a compaction wait until every member has freed the space within its file */
export async function runSpaceVerb<F extends SpaceFacts>(
  session: Session,
  verb: SpaceVerb<F>,
  options: MaintenanceOptions & { readonly physical?: boolean | undefined },
): Promise<SpaceReport> {
  const { confirm, probe, physical = true } = options
  const { name, begin, decide } = verb
  const plan = (standing: Standing) => verb.plan(begin(standing))
  const nothing: Omit<SpaceReport, 'availability'> = { done: [], vain: [], defragmented: [] }
  const { result, availability } = await underLock(
    session,
    { name, plan, confirm, probe, nothing },
    async (under) => {
      const vain: SpaceStep[] = []
      const defragmented: Defragmented[] = []
      const runWave = async (facts: F, steps: readonly SpaceStep[]): Promise<F> => {
        under.session.emit({ type: 'wave', steps })
        const performing = {
          session: under.session,
          signal: under.signal,
          standing: facts.standing,
          physical,
        }
        let { progress } = facts
        const durations = new Map<string, number>()
        for (const step of steps) {
          under.signal.throwIfAborted()
          const began = performance.now()
          if (!(await spaceKind(step).perform(performing, step))) vain.push(step)
          if (step.kind === 'defragment') durations.set(step.host, Math.round(performance.now() - began))
          progress = advance(progress, step)
        }
        const standing = await standingNow(session)
        for (const [host, durationMs] of durations)
          defragmented.push({ host, ...sizes(host, facts.standing, standing), durationMs })
        return { ...facts, standing, progress }
      }
      const { done, observed } = await loop({
        observed: begin(under.standing),
        foreseen: { blocked: [] },
        decide,
        runWave,
        steps: session.steps,
        signal: under.signal,
      })
      for (const text of verb.advise?.(observed.standing) ?? []) under.session.emit({ type: 'warning', text })
      return { done, vain, defragmented }
    },
  )
  return { ...result, availability }
}

function sizes(host: string, before: Standing, after: Standing) {
  const sizeIn = ({ members }: Standing) => members.find(({ name }) => name === host)?.space?.sizeBytes
  const beforeBytes = sizeIn(before) ?? 0
  return { beforeBytes, afterBytes: sizeIn(after) ?? beforeBytes }
}
