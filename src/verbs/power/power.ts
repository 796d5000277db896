/** `quorate restart`, `stop` and `start`: restarts, stops or starts members by name, without losing the quorum. */
import { QuorateError } from '../../errors.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import { powerAll, takeTurn } from '../../tiers/etcd/perform/power.ts'
import type { MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { type PowerIntent, leftOut, planPower } from './decide.ts'
import { type Turn, canAnswer, mayAnswer, nextTurn, wellOf } from './decide-turn.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import type { UnitState } from '../../host/state.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { moveLeaderAway } from '../../tiers/etcd/perform/move-leader.ts'
import { awaitAnswers, chosenNodes, standingNow } from '../../tiers/etcd/facts/members.ts'
import { type MaintenanceOptions, type UnderLock, underLock } from '../../tiers/etcd/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'

export interface PowerOptions extends MaintenanceOptions {
  /** Names of etcd nodes. */
  readonly nodes: readonly string[]
  /** Even if that costs the quorum; the caller must have asked for the cluster's name. */
  readonly force?: boolean | undefined
  /** For a start: only members that can be started. */
  readonly skipUnstartable?: boolean | undefined
}

export interface PowerReport {
  readonly done: readonly MaintenanceStep[]
  /** Voting members that answer at the end, their total, and how many must answer. */
  readonly healthyVoters: number
  readonly voters: number
  readonly quorum: number
  readonly availability: Availability | undefined
}

/**
 * Restarts one member at a time, followers first. Waits until all previously healthy members are healthy again. Moves
 * leadership away before the leader restarts.
 *
 * @throws QuorateError `blocked` if it would cost the quorum; `unhealthy` if a member doesn't come back: then nothing
 *   further is done.
 */
export async function restartMembers(session: Session, options: PowerOptions): Promise<PowerReport> {
  return await power(session, 'restart', options, async (under, intent) => {
    const { session: recorded } = under
    return await oneByOne(under, intent, async ({ step, awaited }, standing, unit) => {
      const { host } = step
      const before = standing.members.find(({ name }) => name === host)?.unit?.mainPid
      if (unit?.mainPid === before) throw withoutEffect(host, 'the old process still runs')
      if (awaited !== undefined) await awaitAnswers(recorded, awaited, under.signal)
      else
        recorded.emit({
          type: 'warning',
          host,
          text: 'not waited for: there is no quorum to join',
        })
    })
  })
}

/**
 * Stops one member at a time. They stay stopped until `startMembers`, also across reboots. A marker on the node says
 * that this is intended, so that no other command starts them. It is written first, and counts only once the member is
 * stopped.
 *
 * @throws QuorateError `blocked` if it would cost the quorum.
 */
export async function stopMembers(session: Session, options: PowerOptions): Promise<PowerReport> {
  return await power(session, 'stop', options, async (under, intent) => {
    const { session: recorded } = under
    return await oneByOne(under, intent, async ({ step, awaited }, _standing, unit) => {
      if (unit === undefined || unit.enabled || unit.mainPid !== 0) {
        throw withoutEffect(step.host, `etcd.service is ${unit?.active}${unit?.enabled ? ', enabled' : ''}`)
      }
      if (awaited !== undefined) await awaitAnswers(recorded, awaited, under.signal)
    })
  })
}

/**
 * Starts all at once: a member is ready only when there is a quorum. With `skipUnstartable`, members that can't be
 * started (unreachable, no data) are left out and named, so that a cluster that is completely stopped starts without
 * them.
 *
 * @throws QuorateError `unhealthy` if they don't start.
 */
export async function startMembers(
  session: Session,
  options: Omit<PowerOptions, 'force'>,
): Promise<PowerReport> {
  return await power(session, 'start', options, async (under, intent) => {
    const { session: recorded, standing, signal } = under
    const starts = under.steps.flatMap((step) => (step.kind === 'start-member' ? [step] : []))
    const hosts = starts.map(({ host }) => host)
    const able = canAnswer(standing, hosts)
    const steps = able ? starts : starts.map((step) => ({ ...step, unawaited: true }))
    for (const { host, message } of intent.skipUnstartable === true ? leftOut(intent, standing) : [])
      recorded.emit({ type: 'warning', host, text: `${message}; not changed` })
    await powerAll(under, steps)
    const awaited = [...wellOf(standing), ...hosts]
    if (able) await awaitAnswers(recorded, awaited, signal)
    else if (!mayAnswer(standing, hosts) || !(await formQuorum(recorded, awaited, signal)))
      recorded.emit({
        type: 'warning',
        id: 'members-wait-for-quorum',
        text: 'started, but these members are not a quorum: they wait for others',
      })
    return steps
  })
}

/**
 * Members that wait for a quorum may get it from these.
 *
 * @returns whether they did, and all of these answer
 * @throws QuorateError `unhealthy` if there is a quorum now, and one of these doesn't answer
 */
async function formQuorum(session: Session, names: readonly string[], signal: AbortSignal): Promise<boolean> {
  try {
    await awaitAnswers(session, names, signal)
    return true
  } catch (error) {
    const late = error instanceof QuorateError && error.id === 'members-not-healthy-in-time'
    if (!late) throw error
    const { healthyVoters, voters } = await standingNow(session)
    if (healthyVoters >= quorum(voters)) throw error
    return false
  }
}

async function power(
  session: Session,
  verb: PowerIntent['verb'],
  { nodes, force = false, skipUnstartable, confirm, probe }: PowerOptions,
  work: (under: UnderLock, intent: PowerIntent) => Promise<readonly MaintenanceStep[]>,
): Promise<PowerReport> {
  const hosts = chosenNodes(session, nodes).map(({ name }) => name)
  const intent: PowerIntent = { cluster: session.cluster, verb, hosts, force, skipUnstartable }
  const plan = (standing: Standing) => planPower(intent, standing)
  const { result, availability } = await underLock<readonly MaintenanceStep[]>(
    session,
    { name: verb, plan, confirm, probe, nothing: [] },
    async (under) => await work(under, intent),
  )
  const standing = await standingNow(session)
  const { healthyVoters, voters } = standing
  return {
    done: result,
    healthyVoters,
    voters,
    quorum: quorum(voters),
    availability,
  }
}

/**
 * Inspects and plans again before each member's turn, so that no decision uses outdated facts.
 *
 * @param follow part of the turn: receives the cluster before the step, and the unit right after it
 */
async function oneByOne(
  under: UnderLock,
  intent: PowerIntent,
  follow: (turn: Turn, before: Standing, unit: UnitState | undefined) => Promise<void>,
): Promise<readonly MaintenanceStep[]> {
  const { session } = under
  const done: MaintenanceStep[] = []
  let hosts = under.steps.flatMap(({ host }) => host ?? [])
  let { standing } = under
  while (hosts.length > 0) {
    under.signal.throwIfAborted()
    const answer = nextTurn(intent, hosts, standing)
    if (answer.kind === 'blocked') throw blockedError(answer.reasons)
    if (answer.kind === 'done') break
    const { turn } = answer
    const { moves, step } = turn
    if (moves.length > 0) session.emit({ type: 'wave', steps: moves })
    for (const before of moves) {
      await moveLeaderAway(session, { step: before, avoid: hosts, must: false, signal: under.signal })
      done.push(before)
    }
    const seen = standing
    await takeTurn(under, step, async (unit) => await follow(turn, seen, unit))
    done.push(step)
    hosts = hosts.filter((name) => name !== step.host)
    if (hosts.length > 0) standing = await standingNow(session)
  }
  return done
}

function withoutEffect(host: string, found: string): QuorateError {
  return new QuorateError('moved', `change did not persist: ${found}`, {
    host,
    hint: 'find out what changed this unit (configuration management?), then rerun the command',
  })
}
