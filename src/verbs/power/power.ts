/** `quorate restart`, `stop` and `start`: members on and off, by name and with the quorum in mind. */
import { QuorateError } from '../../errors.ts'
import { looksFor, parseHostState } from '../../host/observe.ts'
import { PATHS, type UnitState } from '../../host/state.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import type { MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { type PowerIntent, leftOut, planPower } from './decide.ts'
import { type Turn, canAnswer, nextTurn, wellOf } from './decide-turn.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import { blaming } from '../../tiers/etcd/perform/blame.ts'
import type { Operation } from '../../host/operations.ts'
import { timed } from '../../engine/timed.ts'
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

/** How long etcd may take to be ready again, in s: it waits for the others. */
const READY_SECONDS = 60

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
    return await oneByOne(under, intent, async ({ host, awaited }, standing) => {
      const before = standing.members.find(({ name }) => name === host)?.unit?.mainPid
      const seconds = String(awaited === undefined ? 0 : READY_SECONDS)
      const unit = await onMachine(under, host, [['restart', { unit: 'etcd.service', seconds, folders: [] }]])
      if (unit?.mainPid === before) throw withoutEffect(host, 'the same process runs as before')
      if (awaited !== undefined) await awaitAnswers(recorded, awaited, under.signal)
      else
        recorded.emit({
          type: 'warning',
          host,
          text: 'there is no quorum that it could join: not waited for',
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
    return await oneByOne(under, intent, async ({ host, awaited }) => {
      const mark: Operation = [
        'file',
        {
          content: { text: `since=${recorded.now().toISOString()}\n` },
          path: PATHS.stopped,
          owner: 'root',
          group: 'root',
          mode: '600',
        },
      ]
      const unit = await onMachine(under, host, [mark, ['stop', { unit: 'etcd.service' }]])
      if (unit === undefined || unit.enabled || unit.mainPid !== 0) {
        throw withoutEffect(host, `etcd.service is ${unit?.active}${unit?.enabled ? ', enabled' : ''}`)
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
    const { session: recorded, steps, standing, signal } = under
    for (const { host, message } of intent.skipUnstartable === true ? leftOut(intent, standing) : [])
      recorded.emit({ type: 'warning', host, text: `${message}; left as it is` })
    recorded.emit({ type: 'wave', steps })
    const hosts = steps.flatMap(({ host }) => host ?? [])
    const able = canAnswer(standing, hosts)
    const ready: Operation[] = able
      ? [['ready', { unit: 'etcd.service', seconds: String(READY_SECONDS) }]]
      : []
    const started = await Promise.allSettled(
      steps.map(async (step) => {
        const words: Operation[] = [
          ['enable', { unit: 'etcd.service' }],
          ['start', { unit: 'etcd.service', delay: '0', folders: [] }],
          ...ready,
        ]
        await timed(recorded.emit, step, async () => await onMachine(under, step.host ?? '', words))
      }),
    )
    for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason
    if (able) await awaitAnswers(recorded, [...wellOf(standing), ...hosts], signal)
    else recorded.emit({ type: 'warning', text: 'started, but too few to be a quorum: they wait for others' })
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

/** Looks and plans again before each member's turn, so that nothing rests on what was true a member ago. */
async function oneByOne(
  under: UnderLock,
  intent: PowerIntent,
  take: (turn: Turn, standing: Standing) => Promise<void>,
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
    const { moves, step, host } = turn
    session.emit({ type: 'wave', steps: [...moves, step] })
    for (const before of moves) {
      await moveLeaderAway(session, { step: before, avoid: hosts, must: false, signal: under.signal })
      done.push(before)
    }
    const seen = standing
    await timed(session.emit, step, async () => await take(turn, seen))
    done.push(step)
    hosts = hosts.filter((name) => name !== host)
    if (hosts.length > 0) standing = await standingNow(session)
  }
  return done
}

/** One round trip, under the lock's fence; gives the unit as it is then. */
async function onMachine(
  { session, lock, signal }: UnderLock,
  host: string,
  operations: readonly Operation[],
): Promise<UnitState | undefined> {
  const [node] = chosenNodes(session, [host])
  if (node === undefined) throw new TypeError(`no node ${host}`)
  const { lines } = await blaming(
    session.cluster,
    lock.work(await session.remote(node), {
      operations: [...operations],
      looks: looksFor(session.cluster, node),
      signal,
    }),
  )
  return parseHostState(host, true, lines).member?.unit
}

function withoutEffect(host: string, found: string): QuorateError {
  return new QuorateError('moved', `it was done, but ${found}`, {
    host,
    hint: 'something else may be at work on this unit (a configuration management?); look there, then run it again',
  })
}
