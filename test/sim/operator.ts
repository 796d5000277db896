/** One run in the simulated world: observe, lock, observe again, and the real loop until it ends or is interrupted. */
import { ETCD_STEPS } from '../../src/tiers/etcd/steps/kinds.ts'
import { QuorateError } from '../../src/errors.ts'
import { TIERS } from '../../src/tiers/tiers.ts'
import type { ApplyIntent } from '../../src/tiers/etcd/plan/intent.ts'
import type { Observed } from '../../src/tiers/etcd/facts/observed.ts'
import { type Plan, foresee } from '../../src/tiers/etcd/plan/plan.ts'
import type { BlockReason } from '../../src/engine/step.ts'
import type { Next, Step } from '../../src/tiers/etcd/steps/steps.ts'
import { EndlessPlan } from '../../src/engine/foresee.ts'
import { loop } from '../../src/engine/loop.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { checkDone } from './done.ts'
import { Failure } from './failure.ts'
import { checkKept, snapshot } from './harm.ts'
import { judge, lookAt, observe, reach } from './look.ts'
import { Violation } from './violation.ts'
import { type Interruption, runWave } from './wave.ts'
import { type World, fresh, raftOf } from './world.ts'

export type Planner = (intent: ApplyIntent, observed: Observed) => Next

export type Outcome =
  | { readonly kind: 'done'; readonly steps: number }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }
  | { readonly kind: 'failed'; readonly message: string }
  /** Killed, or its workstation disappeared: no one reads its result. */
  | { readonly kind: 'died' }
  | { readonly kind: 'locked' }

export interface RunOptions {
  readonly planner: Planner
  readonly cluster: Cluster
  /** Members to recreate: by node, the ID of the old member. */
  readonly replace?: ApplyIntent['replace']
  /** etcd's version may change. */
  readonly upgrade?: ApplyIntent['upgrade']
  readonly interruption?: Interruption | undefined
  /** Takes over the lock of a silent holder. */
  readonly takesOver?: boolean | undefined
  readonly lockLostLate?: boolean | undefined
  /** Receives a description of every event. */
  readonly tell?: ((line: string) => void) | undefined
}

/** More than any plan has, and enough for some waiting. */
const PATIENCE_WAVES = 80

/** Between two stages others may act. @returns whether they did. */
export type Between = (wave: number) => Promise<boolean>

const nobody: Between = async () => await Promise.resolve(false)

export async function operate(
  world: World,
  options: RunOptions,
  between: Between = nobody,
): Promise<Outcome> {
  const outcome = await attempt(world, options, between)
  options.tell?.(`  ${JSON.stringify(outcome)}`)
  return outcome
}

async function attempt(world: World, options: RunOptions, between: Between): Promise<Outcome> {
  world.truth.skewed = false
  try {
    const intent = intentOf(world, options)
    const first = options.planner(intent, observe(world, options.cluster))
    if (first.kind === 'done' && world.truth.skewed) return { kind: 'done', steps: 0 }
    if (first.kind !== 'steps') return ending(world, options, first, 0)
    if (world.lock !== undefined && options.takesOver !== true) return { kind: 'locked' }
    // The lock is taken on every machine, or on none.
    reach(world, options.cluster.nodes)
    return await underLock(world, options, intent, between)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { kind: 'failed', message: error.message }
  }
}

function intentOf(world: World, { cluster, replace, upgrade }: RunOptions): ApplyIntent {
  const count = fresh(world)
  return {
    kind: 'apply',
    cluster,
    freshToken: `${cluster.name}-${count.toString(16).padStart(16, '0')}`,
    stamp: String(count),
    replace,
    upgrade,
    beside: TIERS,
    until: 'done',
  }
}

async function underLock(
  world: World,
  options: RunOptions,
  intent: ApplyIntent,
  between: Between,
): Promise<Outcome> {
  const { planner, cluster } = options
  const token = `lock ${fresh(world)}`
  world.lock = token
  let waves = 0
  /** Something else happened since the last stage; or at any time in this run. */
  let disturbed = false
  let everDisturbed = false
  let steps = 0
  let last: Next | undefined
  const interruption = () => (options.interruption?.wave === waves ? options.interruption : undefined)
  const notice = (happened: boolean) => {
    disturbed = happened || world.truth.skewed
    everDisturbed ||= disturbed
    world.truth.skewed = false
  }
  try {
    world.truth.skewed = false
    const atStart = observe(world, cluster)
    world.truth.led = raftOf(world)?.leader
    notice(false)
    await loop<Observed, Step>({
      steps: ETCD_STEPS,
      observed: atStart,
      foreseen: foreseen(cluster, atStart, (state) => (last = planner(intent, state))),
      decide: (observed) => (last = planner(intent, observed)),
      runWave: async (observed, wanted) => {
        checkWave(wanted, waves)
        const compared = wanted.some(({ kind }) => kind === 'compare')
        world.truth.blind = disturbed ? (compared ? 'partly' : 'wholly') : undefined
        const { healthy = [], leader } = observed.cluster ?? {}
        world.truth.seenWell = new Set(leader === undefined ? healthy : [...healthy, leader])
        if (everDisturbed) world.truth.led = undefined
        options.tell?.(
          `  wave ${waves}: ${wanted.map(({ host, what }) => `${host ?? '*'} ${what}`).join('; ')}`,
        )
        const before = snapshot(world)
        try {
          const wave = { cluster, token, observed, steps: wanted, interruption: interruption() }
          runWave(world, { ...wave, lockLostLate: options.lockLostLate === true })
        } finally {
          checkKept(world, before)
          world.truth.blind = undefined
          world.truth.seenWell = undefined
        }
        steps += wanted.length
        const seen = lookAgain(world, cluster, observed, wanted)
        notice(await between(waves))
        waves += 1
        return seen
      },
      // Like on real machines: everything is observed again before a member is stopped.
      lookAgain: async ({ cluster: before }) => {
        const seen = observe(world, cluster)
        notice(disturbed)
        if (seen.cluster === undefined || before === undefined) return await Promise.resolve(seen)
        return { ...seen, cluster: { ...seen.cluster, verified: before.verified } }
      },
      signal: new AbortController().signal,
    })
  } catch (error) {
    if (error instanceof Failure && interruption()?.how === 'dies') {
      // Its session ends with it.
      release(world, token)
      return { kind: 'died' }
    }
    // Each time what it saw was over before it acted: a wait found all ready, and the next observation none.
    const wasOver = disturbed || world.kubernetes?.faltered === true
    if (error instanceof QuorateError && error.code === 'moved' && !wasOver && last?.kind === 'steps')
      throw circles(last.steps)
    const known = error instanceof Failure || error instanceof QuorateError
    if (!known) throw error
    release(world, token)
    if (last?.kind !== 'blocked') return { kind: 'failed', message: error.message }
  }
  release(world, token)
  if (last === undefined || last.kind === 'steps') throw new TypeError('a run ended in the middle')
  if (last.kind === 'blocked' && steps > 0 && !everDisturbed && last.reasons.some(({ putsOff }) => !putsOff))
    throw new Violation('all-or-nothing', `${steps} steps, and then: ${JSON.stringify(last.reasons)}`)
  // Its last observation may be outdated: the next run decides.
  if (everDisturbed && last.kind === 'done') return { kind: 'done', steps }
  return ending(world, options, last, steps)
}

function foreseen(...asked: Parameters<typeof foresee>): Pick<Plan, 'blocked'> {
  try {
    return foresee(...asked)
  } catch (error) {
    if (error instanceof EndlessPlan) throw new Violation('plan-ends', error.message)
    throw error
  }
}

/** Like engine/wave.ts: only changed hosts are observed again. */
function lookAgain(world: World, cluster: Cluster, observed: Observed, steps: readonly Step[]): Observed {
  const proven = steps.some(({ kind }) => kind === 'verify' || kind === 'canary')
  const verified = observed.cluster?.verified === true || proven
  const worked = cluster.nodes.filter((node) => steps.some((step) => step.host === node.name))
  const seen = Object.fromEntries(worked.map((node) => [node.name, lookAt(world, node)]))
  return judge(world, cluster, { ...observed.hosts, ...seen }, verified)
}

function release(world: World, token: string): void {
  if (world.lock === token) world.lock = undefined
}

const MEMBERSHIP: ReadonlySet<string> = new Set(['member-add', 'promote', 'member-remove', 'member-update'])

function checkWave(steps: readonly Step[], waves: number): void {
  if (waves > PATIENCE_WAVES) throw circles(steps)
  const found = steps.find((step) => JSON.stringify(step).includes('PRIVATE KEY'))
  if (found !== undefined) throw new Violation('keys-stay', `${found.host}: ${found.what}`)
  const changes = steps.filter(({ kind }) => MEMBERSHIP.has(kind))
  if (changes.length > 1) {
    throw new Violation('one-change', changes.map(({ what }) => what).join(' and '))
  }
}

function circles(steps: readonly Step[]): Violation {
  return new Violation('effect', steps.map(({ host, what }) => `${host}: ${what}`).join(', '))
}

function ending(
  world: World,
  { cluster, upgrade }: RunOptions,
  answer: Exclude<Next, { kind: 'steps' }>,
  steps: number,
): Outcome {
  if (answer.kind === 'blocked') {
    const hints = answer.reasons.filter(
      ({ message, hint }) => message !== '' && hint !== undefined && hint !== '',
    )
    if (hints.length === 0) throw new Violation('ends-with-reason', JSON.stringify(answer.reasons))
    return answer
  }
  // A rollback only concerns the version; the rest is left to apply.
  if (upgrade?.back !== true) checkDone(world, cluster)
  return { kind: 'done', steps }
}
