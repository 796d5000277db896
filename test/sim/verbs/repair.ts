/** `repair` on simulated machines: one member recreated from the others, whenever quorate dies in between. */
import { loop } from '../../../src/engine/loop.ts'
import { etcdNodes } from '../../../src/spec/cluster.ts'
import { applyIntent } from '../../../src/tiers/etcd/apply-intent.ts'
import { saidBy } from '../../../src/tiers/etcd/facts/judge-facts.ts'
import type { Observed } from '../../../src/tiers/etcd/facts/observed.ts'
import { quorum } from '../../../src/tiers/etcd/facts/quorum.ts'
import { type Standing, standingOf } from '../../../src/tiers/etcd/facts/standing.ts'
import { type ChangeDecision, decideChange } from '../../../src/tiers/etcd/member-change.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import { ETCD_STEPS } from '../../../src/tiers/etcd/steps/kinds.ts'
import type { HostStep, Next, Step } from '../../../src/tiers/etcd/steps/steps.ts'
import {
  type Evidence,
  type MemberSigns,
  decideRepair,
  isDamaged,
  judgeDamage,
} from '../../../src/verbs/repair/decide.ts'
import { evidenceAtSight, mayHideDamage } from '../../../src/verbs/repair/evidence.ts'
import { type ShownRepair, isOut, isSameRepair } from '../../../src/verbs/repair/progress.ts'
import type { HostState } from '../../../src/host/state.ts'
import type { Planner } from '../operator.ts'
import { isGood, requireEqual } from '../damage.ts'
import { Failure } from '../failure.ts'
import { serving, votersOf } from '../raft.ts'
import { diskOf } from '../world.ts'
import { Refusal, type Run, type SimVerb } from './run.ts'
import { VerbViolation } from './violation.ts'
import { lookAtAll, runWave } from './waves.ts'
import { type VerbWorld, answering, lookAtHosts, raftIn, viewOf } from './world.ts'

/** The deciders; deliberately faulty planners replace them. */
export interface RepairDeciders {
  readonly judge: typeof judgeDamage
  readonly next: Planner
}

export const REPAIR: RepairDeciders = { judge: judgeDamage, next }

interface Decided {
  readonly shown: ShownRepair
  readonly change: (ChangeDecision & { readonly observed: Observed }) | undefined
}

const NOW = new Date('2026-11-30T12:00:00Z')

export function repairVerb(
  vw: VerbWorld,
  name: string,
  { judge, next: plan }: RepairDeciders = REPAIR,
): SimVerb<Decided> {
  const { cluster, world } = vw
  const node = etcdNodes(cluster).find((one) => one.name === name)
  if (node === undefined) throw new TypeError(`${name} is no etcd node`)
  return {
    decide: () => {
      const look = lookForDamage(vw, judge)
      const decision = decideRepair(look.outlook, name)
      if (decision.kind === 'nothing') return undefined
      if (decision.kind === 'refused') throw new Refusal(decision.reasons)
      const from = look.agreeing.find((other) => other !== name)
      const contents =
        decision.kind === 'replace' && decision.evidence.some(({ kind }) => kind === 'contents')
      const kept = contents || look.outlook.corrupt.length > 0
      const shown = {
        node: name,
        decision,
        alarms: look.outlook.corrupt,
        snapshot: kept && from !== undefined ? { from } : undefined,
      }
      if (decision.kind === 'disarm')
        return { shown: { ...shown, replacement: undefined }, change: undefined }
      const observed = lookAtAll(vw, false)
      const damaged = isDamaged(decision.evidence)
      const wanted = { wanted: cluster, recreated: [{ node, memberId: look.ids[name], damaged }] }
      const change = decideChange(wanted, observed, applyIntent(cluster, NOW))
      const replacement = { steps: change.plan.waves.flat() }
      return { shown: { ...shown, replacement }, change: { ...change, observed } }
    },
    same: (before, now) => isSameRepair(before.shown, now.shown),
    essence: ({ shown }) => `${shown.decision.kind} ${name}`,
    scope: () => cluster.nodes,
    carryOut: async (run, { shown, change }) => {
      const carried = async (observed: Observed, decide: (seen: Observed) => Next) =>
        await carry(run, name, observed, decide)
      let observed = change?.observed
      if (shown.alarms.length > 0) {
        if (change !== undefined) {
          const { intent } = change
          await carried(change.observed, (seen) =>
            isOut(seen, intent) ? { kind: 'done' } : plan(intent, seen),
          )
        }
        await disarm(run)
        observed = change && lookAtAll(vw, false)
      }
      if (change !== undefined && observed !== undefined)
        await carried(observed, (seen) => plan(change.intent, seen))
      await run.do('compare the contents of all', () => {
        const raft = raftIn(vw)
        if (raft === undefined || answering(vw).length < votersOf(raft).length)
          throw new Failure('not all members answer')
        requireEqual(world, raft)
      })
    },
    checkDone: () => {
      const wrong = (what: string) => new VerbViolation('done-is-done', `repair: ${name} ${what}`)
      const raft = raftIn(vw)
      const member = raft?.members.find((one) => one.name === name)
      if (diskOf(world, name).process?.ready !== true) throw wrong('does not run')
      if (!isGood(diskOf(world, name))) throw wrong('is damaged still')
      if (member === undefined || member.learner) throw wrong('has no vote')
      if (raft?.alarms.has('CORRUPT') === true) throw wrong('leaves the alarm')
    },
  }
}

/** Like `lookForDamage` of the command, with evidence from simulated disks. */
function lookForDamage(vw: VerbWorld, judge: typeof judgeDamage) {
  const { cluster, world } = vw
  const hosts = lookAtHosts(vw, etcdNodes(cluster))
  const said = saidBy(cluster, viewOf(vw))
  const standing = standingOf(cluster, { hosts, ...said })
  const healthy = standing.members.filter((one) => one.healthy).map(({ name }) => name)
  const byContents = Map.groupBy(healthy, (name) => diskOf(world, name).process?.data.contentsOf)
  const enough = healthy.length >= quorum(standing.voters)
  const groups = enough ? [...byContents.values()].toSorted((a, b) => b.length - a.length) : []
  const members = etcdNodes(cluster).map(({ name }) => signsOf(vw, name, hosts[name], standing))
  const corrupt = standing.alarms.filter(({ type }) => type === 'CORRUPT').map(({ member }) => member)
  return {
    outlook: judge({ members, groups, voters: standing.voters, corrupt }),
    ids: said.cluster?.ids ?? {},
    agreeing: groups[0] ?? [],
  }
}

function signsOf(
  { cluster, world }: VerbWorld,
  name: string,
  host: HostState | undefined,
  { members }: Standing,
): MemberSigns {
  const one = members.find((member) => member.name === name)
  const healthy = one?.healthy ?? false
  const signs = { name, healthy, reached: host !== undefined }
  if (host?.member === undefined) return { ...signs, evidence: [] }
  const unreadable: Evidence[] =
    diskOf(world, name).wal?.damaged === true ? [{ kind: 'log', text: 'its log is damaged' }] : []
  const atSight = evidenceAtSight(cluster, host.member, one)
  const read = mayHideDamage(host.member, one, atSight) ? unreadable : []
  return { ...signs, evidence: [...(atSight ?? []), ...read] }
}

/** The loop of `run` in the etcd tier. */
async function carry(
  run: Run,
  name: string,
  first: Observed,
  decide: (seen: Observed) => Next,
): Promise<void> {
  const { vw } = run
  const look = (verified: boolean) => lookAtAll(vw, verified)
  await loop<Observed, Step>({
    observed: first,
    foreseen: { blocked: [] },
    decide,
    runWave: async (seen, steps) => {
      for (const step of steps) if (step.kind === 'member-remove') requireSpared(run, name, step.name)
      await runWave(run, seen, steps, (step) => requireOwn(vw, name, step))
      const proven = steps.some(({ kind }) => kind === 'verify')
      return look(seen.cluster?.verified === true || proven)
    },
    lookAgain: async ({ cluster }) => await Promise.resolve(look(cluster?.verified ?? false)),
    steps: ETCD_STEPS,
    signal: new AbortController().signal,
  })
}

/** Disarms CORRUPT, once the remaining voting members have equal contents: a learner gives no hash. */
async function disarm(run: Run): Promise<void> {
  const { vw } = run
  const raft = raftIn(vw)
  if (raft === undefined || answering(vw).length === 0) throw new Failure('no member answers any more')
  requireEqual(vw.world, raft, ({ learner }) => !learner)
  await run.do('disarm the alarm CORRUPT', () => raft.alarms.delete('CORRUPT'))
}

/** A member is about to be removed from the cluster. */
function requireSpared({ vw, disturbed }: Run, name: string, leaving: string): void {
  const { world } = vw
  const raft = raftIn(vw)
  // Contents are compared once, before anything is done.
  if (raft === undefined || vw.blind || disturbed || world.truth.skewed || leaving === '') return
  if (leaving !== name) throw new VerbViolation('as-agreed', `${leaving} is removed`)
  const disk = diskOf(world, name)
  if (isGood(disk) && answering(vw).includes(name) && !raft.alarms.has('CORRUPT'))
    throw new VerbViolation('only-the-damaged', `${name} is removed`)
  const voters = votersOf(raft)
  const good = serving(world, raft).filter(
    ([member, other]) => member.name !== name && !member.learner && isGood(other),
  )
  if (good.length < quorum(voters.length))
    throw new VerbViolation('repaired-from-others', `${name}, with ${good.length} of ${voters.length} left`)
}

/** A machine is changed; unfinished work on another one that is no longer a member is completed, too. */
function requireOwn(vw: VerbWorld, name: string, { kind, host }: HostStep): void {
  if (host === name && kind === 'start') vw.kept.delete(host)
  if (host === name || vw.blind || !['stop', 'aside'].includes(kind)) return
  if (raftIn(vw)?.members.some((member) => member.name === host && !member.learner) === true)
    throw new VerbViolation('as-agreed', `${kind} on ${host}`)
}
