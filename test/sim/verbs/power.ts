/** `restart`, `stop` and `start` on simulated machines. */
import { sameSteps } from '../../../src/engine/approval.ts'
import { PATHS } from '../../../src/host/state.ts'
import { etcdNodes } from '../../../src/spec/cluster.ts'
import { quorum } from '../../../src/tiers/etcd/facts/quorum.ts'
import type { Standing } from '../../../src/tiers/etcd/facts/standing.ts'
import { ETCD_STEPS, hostKind } from '../../../src/tiers/etcd/steps/kinds.ts'
import type { SimulatedMachine } from '../../../src/tiers/etcd/steps/simulated.ts'
import { type PowerIntent, type TurnStep, leftOut, planPower } from '../../../src/verbs/power/decide.ts'
import { type Turn, canAnswer, mayAnswer, nextTurn, wellOf } from '../../../src/verbs/power/decide-turn.ts'
import { start, stop } from '../etcd.ts'
import { Failure } from '../failure.ts'
import { simulatedMachine } from '../machine.ts'
import { hasQuorum, serving, votersOf } from '../raft.ts'
import { diskOf } from '../world.ts'
import { Refusal, type Run, type SimVerb } from './run.ts'
import { VerbViolation } from './violation.ts'
import { type VerbWorld, answering, isReached, standingNow, raftIn } from './world.ts'

/** The deciders; deliberately faulty planners replace them. */
export interface PowerDeciders {
  readonly plan: typeof planPower
  readonly turn: typeof nextTurn
}

export const POWER: PowerDeciders = { plan: planPower, turn: nextTurn }

interface Decided {
  readonly plan: ReturnType<typeof planPower>
  readonly standing: Standing
}

export function powerVerb(
  vw: VerbWorld,
  intent: PowerIntent,
  { plan: decidePlan, turn }: PowerDeciders = POWER,
): SimVerb<Decided> {
  const lasting = ({ plan }: Decided) => plan.steps.filter(({ kind }) => kind !== 'move-leader')
  return {
    decide: () => {
      const standing = standingNow(vw)
      const plan = decidePlan(intent, standing)
      if (plan.blocked.length > 0) throw new Refusal(plan.blocked)
      return plan.steps.length === 0 ? undefined : { plan, standing }
    },
    same: (shown, now) => sameSteps(lasting(shown), lasting(now), ETCD_STEPS),
    essence: (decided) => lasting(decided).map(ETCD_STEPS.idOf).toSorted().join(', '),
    scope: () => etcdNodes(vw.cluster).filter(({ name }) => isReached(vw, name)),
    carryOut: async (run, decided) => {
      if (intent.verb === 'start') await startAll(run, intent, decided)
      else await oneByOne(run, intent, decided, turn)
    },
    checkDone: ({ standing }) => checkDone(vw, intent, standing),
  }
}

async function oneByOne(
  run: Run,
  intent: PowerIntent,
  { plan, standing: first }: Decided,
  decide: PowerDeciders['turn'],
): Promise<void> {
  const { vw } = run
  let left = plan.steps.flatMap(({ host }) => host ?? [])
  let standing = first
  /** Members that had their turn, and that the command waited for. */
  const back = new Set<string>()
  while (left.length > 0) {
    const answer = decide(intent, left, standing)
    if (answer.kind === 'blocked') throw new Refusal(answer.reasons)
    if (answer.kind === 'done') break
    await handOver(run, answer.turn, left)
    const { host } = answer.turn.step
    const judged = () => judge(vw, intent, host, back)
    const pid = diskOf(vw.world, host).process?.pid
    await perform(run, answer.turn.step, intent, judged)
    if (intent.verb === 'restart' && pid !== undefined && diskOf(vw.world, host).process?.pid === pid)
      throw new Failure(`${host}: the same process runs as before`)
    if (answer.turn.awaited !== undefined) awaitAnswers(vw, answer.turn.awaited)
    if (intent.verb === 'restart' && hasQuorum(vw.world, raftIn(vw)!)) back.add(host)
    left = left.filter((name) => name !== host)
    if (left.length > 0) standing = standingNow(vw)
  }
}

async function startAll(run: Run, intent: PowerIntent, { plan, standing }: Decided): Promise<void> {
  const starts = plan.steps.flatMap((step) => (step.kind === 'start-member' ? [step] : []))
  const hosts = starts.map(({ host }) => host)
  await run.onAll(starts, async (step) => await perform(run, step, intent))
  const able = canAnswer(standing, hosts) || (mayAnswer(standing, hosts) && isQuorumHeard(run.vw))
  if (able) awaitAnswers(run.vw, [...wellOf(standing), ...hosts])
}

function isQuorumHeard(vw: VerbWorld): boolean {
  const raft = raftIn(vw)
  const voters = raft === undefined ? [] : votersOf(raft).map(({ name }) => name)
  return answering(vw).filter((name) => voters.includes(name)).length >= quorum(voters.length)
}

/** In the pieces between which quorate can die. @param judged called before a member is stopped */
async function perform(
  run: Run,
  step: TurnStep,
  { hosts }: PowerIntent,
  judged: () => void = () => undefined,
): Promise<void> {
  const { vw } = run
  const { host } = step
  const disk = diskOf(vw.world, host)
  const machine = simulatedMachine(vw.world, vw.cluster, host, undefined)
  /** A request by name is judged by the rules of this command, not by those of `apply`. */
  const asked: SimulatedMachine = {
    ...machine,
    enable: () => {
      if (!hosts.includes(host)) throw new VerbViolation('as-agreed', `${host} is started`)
      vw.kept.delete(host)
      machine.enable()
    },
    start: () => start(vw.world, vw.cluster, disk, 'quorate'),
    stop: () => {
      judged()
      machine.stop()
      vw.kept.add(host)
    },
    stopToRestart: () => {
      judged()
      vw.kept.delete(host)
      disk.files.delete(PATHS.stopped)
      stop(disk)
    },
  }
  for (const piece of hostKind(step).simulate(asked, step)) await run.do(step.what, piece, host)
}

/** Tried, but not required to succeed. */
async function handOver(run: Run, { moves }: Turn, left: readonly string[]): Promise<void> {
  const { vw } = run
  for (const { from } of moves) {
    await run.do(`move leadership from ${from}`, () => {
      const raft = raftIn(vw)
      const leader = raft?.members.find(({ id }) => id === raft.leader)
      if (raft === undefined || leader?.name !== from) return
      const able = heirs(vw, from)
      raft.leader = (able.find(({ name }) => !left.includes(name)) ?? able[0])?.id ?? raft.leader
    })
  }
}

/** Possible new leaders, as far as quorate can see. */
function heirs(vw: VerbWorld, from: string) {
  const raft = raftIn(vw)
  if (raft === undefined || raft.alarms.has('CORRUPT')) return []
  const seen = answering(vw)
  return serving(vw.world, raft)
    .filter(([{ name, learner }, disk]) => name !== from && !learner && !disk.slow && seen.includes(name))
    .map(([member]) => member)
}

/** @throws Failure as `awaitAnswers` after a minute */
export function awaitAnswers(vw: VerbWorld, names: readonly string[]): void {
  const there = answering(vw)
  // A member on an unreachable machine is not asked.
  const missing = names.filter((name) => isReached(vw, name) && !there.includes(name))
  if (missing.length > 0) throw new Failure(`not well again: ${missing.join(', ')}`)
}

/** A member is about to be stopped, for a moment or for longer. */
function judge(vw: VerbWorld, { verb, hosts, force }: PowerIntent, host: string, back: ReadonlySet<string>) {
  const { world, blind } = vw
  const raft = raftIn(vw)
  if (!hosts.includes(host)) throw new VerbViolation('as-agreed', `${host} is stopped`)
  if (raft === undefined || blind || !hasQuorum(world, raft)) return
  const there = serving(world, raft)
  const self = there.find(([, { node }]) => node.name === host)?.[0]
  const gone = [...back].filter((name) => !there.some(([member]) => member.name === name))
  if (gone.length > 0) throw new VerbViolation('one-away', `${host} while ${gone.join(', ')} is away`)
  if (self === undefined || self.learner) return
  // Only the member itself reports that it leads.
  if (raft.leader === self.id && answering(vw).includes(host) && heirs(vw, host).length > 0)
    throw new VerbViolation('leader-moved', `${host} leads`)
  const rest = there.filter(([{ id, learner }]) => id !== self.id && !learner).length
  // If no member answers, no client seems to be served.
  if (answering(vw).length === 0) return
  if (!force && rest < Math.floor(votersOf(raft).length / 2) + 1)
    throw new VerbViolation('quorum-stays', `${verb} of ${host} leaves ${rest} of ${votersOf(raft).length}`)
}

function checkDone(vw: VerbWorld, intent: PowerIntent, before: Standing): void {
  const { verb, hosts, skipUnstartable } = intent
  const wrong = (host: string, what: string) => new VerbViolation('done-is-done', `${verb}: ${host} ${what}`)
  const left = skipUnstartable === true ? leftOut(intent, before).map(({ host }) => host) : []
  const heard = isQuorumHeard(vw)
  for (const host of hosts.filter((name) => !left.includes(name))) {
    const { process, enabled, files } = diskOf(vw.world, host)
    if (verb === 'stop' && (process !== undefined || enabled || !files.has(PATHS.stopped)))
      throw wrong(host, 'is not off, or would not stay so')
    if (verb === 'start' && !enabled) throw wrong(host, 'would not start at boot')
    // Without a quorum that quorate hears, it waits for none, and says so.
    if (verb === 'stop' || !heard) continue
    if (process?.ready !== true) throw wrong(host, 'does not run')
  }
}
