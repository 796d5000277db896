/** `recover` and `recover --abandon` on simulated machines, with quorate dying between any two pieces. */
import { loop, requireWhole } from '../../../../src/engine/loop.ts'
import { etcdNodes } from '../../../../src/spec/cluster.ts'
import { plan } from '../../../../src/tiers/etcd/plan/plan.ts'
import { ETCD_STEPS } from '../../../../src/tiers/etcd/steps/kinds.ts'
import {
  RECOVERY,
  type RecoveryStep,
  isRecoveryStep,
  predictRecovery,
} from '../../../../src/tiers/etcd/steps/recovery.ts'
import { rebuildSteps } from '../../../../src/tiers/etcd/plan/recover.ts'
import type { Step } from '../../../../src/tiers/etcd/steps/steps.ts'
import {
  type Decision,
  type RecoveryChoice,
  type RecoveryRequest,
  decideRecovery,
  isSameRecovery,
} from '../../../../src/verbs/recover/decide.ts'
import {
  type TakingBack,
  decideTakingBack,
  takingBackStages,
} from '../../../../src/verbs/recover/decide-abandon.ts'
import { type Recovering, nextRecovery } from '../../../../src/verbs/recover/decide-next.ts'
import { surveyOf } from '../../../../src/verbs/recover/survey.ts'
import { diskOf, fresh } from '../../world.ts'
import type { Run, SimVerb } from '../run.ts'
import { lookAtAll, runWave } from '../waves.ts'
import type { Log } from './logs.ts'
import { requireClean, requireKept } from './judge.ts'
import { type Progressing, recoveredMachine } from './machine.ts'
import { RecoveryViolation } from './violation.ts'
import { type RecoveryWorld, acknowledgedOn, bestOf, dataOn, findSurvivors } from './world.ts'

/** The deciders; deliberately faulty ones replace them. */
export interface RecoverDeciders {
  readonly decide: typeof decideRecovery
  readonly next: typeof nextRecovery
  readonly abandon: typeof decideTakingBack
  /** The part of a log that becomes the new cluster's. */
  readonly copied: (log: Log) => Log
  /** Modifies the whole command. */
  readonly verb: <D>(verb: SimVerb<D>, rw: RecoveryWorld) => SimVerb<D>
}

export const RECOVER: RecoverDeciders = {
  decide: decideRecovery,
  next: nextRecovery,
  abandon: decideTakingBack,
  copied: (log) => log,
  verb: (verb) => verb,
}

const JOIN = { kind: 'apply', stamp: '20260101T000000Z', freshToken: 'sample-1', until: 'done' } as const

export function recoverVerb(
  rw: RecoveryWorld,
  choice: RecoveryChoice,
  { decide, next, copied }: RecoverDeciders = RECOVER,
): SimVerb<Decision> {
  const { vw } = rw
  const { world } = vw
  const number = fresh(world)
  const request = (): RecoveryRequest => ({
    ...choice,
    cluster: vw.cluster,
    fresh: {
      suffix: `before-recover-20260101T${String(number).padStart(6, '0')}Z`,
      token: `sample-${number}`,
    },
  })
  return {
    finishes: 'recover',
    decide: () =>
      decide(request(), {
        finds: findSurvivors(rw),
        etcdClients: [],
        hasAuthority: world.ca !== undefined,
      }),
    same: isSameRecovery,
    essence: ({ preview: { survivor, joining, leaving }, progress: { token } }) =>
      JSON.stringify([survivor, joining, leaving, token]),
    scope: ({ progress }) => vw.cluster.nodes.filter(({ name }) => !progress.lost.includes(name)),
    carryOut: async (run, { preview, progress, state, started, survey }) => {
      if (!started) requireBest(rw, preview.survivor, choice.survivor)
      if (!started) begin(rw, preview.survivor)
      for (const name of progress.lost) rw.lost.add(name)
      const decided = survey.members.find(({ name }) => name === preview.survivor)?.log
      const at: Progressing = { progress, copied, decided }
      const { meet, part, undo } = meeting(rw, preview.leaving)
      try {
        await loop<Recovering, RecoveryStep | Step>({
          observed: meet({ ...state, joining: undefined }),
          foreseen: { blocked: [] },
          decide: next,
          runWave: async (now, steps) => {
            const own = steps.filter(isRecoveryStep)
            if (own.length > 0) {
              at.progress = { ...at.progress, reached: now.reached ?? 'fenced' }
              await perform(rw, run, at, own)
              return meet(own.reduce(predictRecovery, now))
            }
            const { intent, observed } = joiningOf(now)
            const joins = steps.filter((step): step is Step => !isRecoveryStep(step))
            await runWave(run, observed, joins, () => undefined)
            const proven = joins.some(({ kind }) => kind === 'verify')
            const seen = lookAtAll(vw, observed.cluster?.verified === true || proven)
            return part({ ...now, joining: { intent, observed: seen } })
          },
          lookAgain: async (now) => {
            const { intent, observed } = joiningOf(now)
            const seen = lookAtAll(vw, observed.cluster?.verified ?? false)
            return await Promise.resolve(part({ ...now, joining: { intent, observed: seen } }))
          },
          steps: ETCD_STEPS,
          signal: new AbortController().signal,
        })
      } finally {
        undo()
      }
    },
    checkDone: () => {
      for (const { name } of etcdNodes(vw.cluster)) {
        if (diskOf(world, name).process?.ready !== true)
          throw new RecoveryViolation('converges', `${name} does not run`)
      }
      requireClean(rw)
      requireKept(rw)
    },
  }
}

export function abandonVerb(
  rw: RecoveryWorld,
  lost: readonly string[],
  { abandon, copied }: RecoverDeciders = RECOVER,
): SimVerb<TakingBack> {
  const { vw } = rw
  return {
    finishes: 'recover',
    decide: () => abandon(surveyOf(vw.cluster, findSurvivors(rw), lost), lost),
    same: (shown, now) => shown.progress.token === now.progress.token && shown.stays === now.stays,
    essence: ({ progress, steps }) => JSON.stringify([progress.token, steps.map(ETCD_STEPS.idOf).toSorted()]),
    scope: ({ progress }) => vw.cluster.nodes.filter(({ name }) => !progress.lost.includes(name)),
    carryOut: async (run, decision) => {
      const { progress, stays } = decision
      for (const stage of takingBackStages(decision))
        await perform(rw, run, { progress, copied, decided: undefined }, stage)
      rw.lost.clear()
      // They are never started again.
      for (const name of progress.lost) rw.lost.add(name)
      if (!stays) rw.owed = undefined
    },
    checkDone: ({ progress, stays }) => {
      const marked = [...vw.world.disks].filter(
        ([name, disk]) => !progress.lost.includes(name) && disk.underway,
      )
      if (marked.length > 0) throw new RecoveryViolation('clean', marked.map(([name]) => name).join(', '))
      if (stays) return requireKept(rw)
      for (const [host, had] of rw.had) {
        if (progress.lost.includes(host)) continue
        const now = dataOn(rw, host)
        // Half of the new data may be at a path where none was before.
        const parts = (['data', 'wal'] as const).filter((part) => had[part] !== undefined)
        if (parts.some((part) => now[part] !== had[part])) throw new RecoveryViolation('put-back', host)
      }
    },
  }
}

/** A stage of steps that only a recovery has. */
async function perform(
  rw: RecoveryWorld,
  run: Run,
  at: Progressing,
  steps: readonly RecoveryStep[],
): Promise<void> {
  await run.onAll(steps, async ({ kind, host, what }) => {
    const { lost } = at.progress
    if (lost.includes(host)) throw new RecoveryViolation('locked', `${host}: ${what}`)
    const pieces = RECOVERY[kind].simulate(recoveredMachine(rw, host, at))
    for (const [index, piece] of pieces.entries())
      await run.do(`${what} (${index + 1} of ${pieces.length})`, piece, host)
  })
  const [first] = steps
  if (first?.kind !== 'clear') return
  const { survivor } = at.progress
  const machine = recoveredMachine(rw, survivor, { ...at, progress: { ...at.progress, reached: 'cleared' } })
  await run.do('note that all is cleared', () => machine.mark(), survivor)
}

/** How others join the new cluster. */
function meeting({ vw }: RecoveryWorld, leaving: readonly string[]) {
  const before = vw.cluster
  let wanted = before
  let parted = false
  /** Like the command: only once the new cluster answers, nodes declared lost are removed from the cluster file. */
  const part = (now: Recovering): Recovering => {
    parted ||= now.joining?.observed.cluster?.leader !== undefined
    return now
  }
  /** Like the command: as soon as others can join, it continues without nodes declared lost. */
  const meet = (now: Recovering): Recovering => {
    if (now.joining !== undefined || rebuildSteps(now).length > 0) return now
    wanted = { ...vw.cluster, nodes: vw.cluster.nodes.filter(({ name }) => !leaving.includes(name)) }
    vw.cluster = wanted
    const intent = { ...JOIN, cluster: wanted, finishes: 'recover' }
    const observed = lookAtAll(vw, false)
    requireWhole(plan(intent, observed))
    return part({ ...now, joining: { intent, observed } })
  }
  // Another operator may have edited the file since.
  const undo = () => {
    if (!parted && vw.cluster === wanted) vw.cluster = before
  }
  return { meet, part, undo }
}

function joiningOf({ joining }: Recovering): NonNullable<Recovering['joining']> {
  if (joining === undefined) throw new TypeError('nobody can join yet')
  return joining
}

function requireBest(rw: RecoveryWorld, survivor: string, named: string | undefined): void {
  if (named !== undefined || rw.vw.blind) return
  if (!bestOf(rw).includes(survivor)) throw new RecoveryViolation('best-log', survivor)
}

/**
 * What it must keep from now on: the acknowledged writes in the log that it continues from, and the data on the
 * machines.
 */
function begin(rw: RecoveryWorld, survivor: string): void {
  rw.survivor = survivor
  rw.doomed = false
  rw.newLost = false
  rw.hadRevision = rw.logs.revision
  rw.owed = acknowledgedOn(rw, survivor)
  rw.had = new Map([...rw.vw.world.disks.keys()].map((host) => [host, { ...dataOn(rw, host) }]))
}
