/** `quorate restart`, `stop` and `start`: members on and off, by name and with the quorum in mind. */
import { QuorateError } from '../../errors.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import { powerAll, takeTurn } from '../../tiers/etcd/perform/power.ts'
import type { MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { type PowerIntent, leftOut, planPower } from './decide.ts'
import { type Turn, canAnswer, nextTurn, wellOf } from './decide-turn.ts'
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
  /** Even if the quorum is lost by it; whoever sets it has asked for the cluster's name. */
  readonly force?: boolean | undefined
  /** Of a start: those of them that can be started. */
  readonly skipUnstartable?: boolean | undefined
}

export interface PowerReport {
  readonly done: readonly MaintenanceStep[]
  /** Voters that answer at the end, of how many, and how many of them must. */
  readonly healthyVoters: number
  readonly voters: number
  readonly quorum: number
  readonly availability: Availability | undefined
}

/**
 * One at a time, followers first, each only when all that were well before are well again; leadership is moved away
 * before its holder restarts.
 *
 * @throws QuorateError `blocked` where it would cost the quorum; `unhealthy` if one does not come back: nothing further
 *   is done then.
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
 * One at a time; they stay stopped until `startMembers`, over reboots too. A mark on the machine says that it was meant,
 * so that no other verb starts them; it is there first, and counts only once the member is down.
 *
 * @throws QuorateError `blocked` where it would cost the quorum.
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
 * All at once: a member is ready only when a quorum is there. With `skipUnstartable` those that can't be started (out of reach, no
 * data) are left as they are, and named: a cluster that is off as a whole comes back without them.
 *
 * @throws QuorateError `unhealthy` if they don't come up.
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
    if (able) await awaitAnswers(recorded, [...wellOf(standing), ...hosts], signal)
    else
      recorded.emit({
        type: 'warning',
        text: 'started, but these members are not a quorum: they wait for others',
      })
    return steps
  })
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
 * Looks and plans again before each member's turn, so that nothing rests on what was true a member ago.
 *
 * @param follow part of the turn: gets the cluster as it was before, and the unit as it was right after the step
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
