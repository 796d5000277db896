/** `quorate defrag`: gives free space within the members' files back to their disks, one member at a time. */
import { QuorateError } from '../../errors.ts'
import { DEFRAG_RULE } from '../../etcd/space.ts'
import { defragment } from '../../etcd/upkeep.ts'
import type { ClusterCondition } from '../../tiers/etcd/facts/condition.ts'
import { type DefragIntent, type DefragPlan, planDefrag } from './decide-defrag.ts'
import type { MaintenanceStep } from '../../tiers/etcd/steps/maintenance.ts'
import { timed } from '../../engine/timed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { handOver } from '../power/hand-over.ts'
import { awaitAnswers, chosenNodes, lookAtMembers } from '../../tiers/etcd/facts/members.ts'
import { type MaintenanceOptions, type UnderLock, planned, underLock } from '../../engine/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'
import { formatBytes } from '../../spec/units.ts'

export interface DefragOptions extends MaintenanceOptions {
  /** Names of etcd nodes; all members unless given. */
  readonly nodes?: readonly string[] | undefined
  /** Whether or not it is worth it. */
  readonly all?: boolean | undefined
}

export interface Defragmented {
  readonly host: string
  readonly beforeBytes: number
  readonly afterBytes: number
  readonly durationMs: number
}

export interface DefragReport {
  readonly done: readonly Defragmented[]
  /** Members that were left as they are, and why. */
  readonly skipped: DefragPlan['skipped']
  readonly availability: Availability | undefined
}

/**
 * Followers first; leadership leaves the leader before its turn; each only when all are well again.
 *
 * @throws QuorateError `blocked` while a member is down, contents are in doubt, a disk lacks the room, or this version
 *   can lose data by it; `unhealthy` if a member does not come back: nothing further is done then.
 */
export async function defrag(session: Session, options: DefragOptions): Promise<DefragReport> {
  const { nodes, all = false, confirm, probe } = options
  const hosts = nodes === undefined || nodes.length === 0 ? undefined : nodes
  if (hosts !== undefined) chosenNodes(session, hosts)
  const intent: DefragIntent = { hosts, all, rule: DEFRAG_RULE }
  let skipped: DefragPlan['skipped'] = []
  const plan = (condition: ClusterCondition) => {
    const answer = planDefrag(intent, condition)
    skipped = answer.skipped
    return answer
  }
  const recorded = await underLock(session, { name: 'defrag', plan, confirm, probe }, async (under) => {
    const done: Defragmented[] = []
    let left = under.steps.flatMap(({ host }) => host ?? [])
    let { condition } = under
    while (left.length > 0) {
      under.signal.throwIfAborted()
      // What was worth it when it was shown is done, whatever the sizes are by now.
      const rest: DefragIntent = { ...intent, hosts: left, all: true }
      const { steps } = planned({ plan: (now) => planDefrag(rest, now) }, condition)
      const at = steps.findIndex(({ kind }) => kind === 'defragment')
      const turn = steps.slice(0, at + 1)
      const host = steps[at]?.host
      if (host === undefined) break
      session.emit({ type: 'wave', steps: turn })
      done.push(await defragmentMember(under, turn, condition))
      left = left.filter((name) => name !== host)
      if (left.length > 0) ({ condition } = await lookAtMembers(session))
    }
    return done
  })
  return { done: recorded?.result ?? [], skipped, availability: recorded?.availability }
}

/** One member's turn: leadership away, the work, and everybody well again. */
export async function defragmentMember(
  { session, signal }: Pick<UnderLock, 'session' | 'signal'>,
  steps: readonly MaintenanceStep[],
  condition: ClusterCondition,
): Promise<Defragmented> {
  for (const step of steps) {
    if (step.kind === 'hand-over') await handOver(session, { step, avoid: [], must: true, signal })
  }
  const step = steps.find(({ kind }) => kind === 'defragment')
  const [node] = chosenNodes(session, [step?.host ?? ''])
  if (step === undefined || node === undefined) throw new TypeError('no member to defragment')
  const before = condition.members.find(({ name }) => name === node.name)?.space
  const [client] = await session.members([node])
  if (client === undefined || before === undefined) throw new TypeError(`${node.name} was not asked`)
  await requireDisk(session, node.name, before.inUseBytes ?? before.sizeBytes)
  const well = condition.members.filter(({ healthy }) => healthy).map(({ name }) => name)
  const started = performance.now()
  await timed(session.emit, step, async () => {
    await defragment(client, signal)
    await awaitAnswers(session, well, signal)
  })
  const durationMs = Math.round(performance.now() - started)
  const after = (await lookAtMembers(session)).condition.members.find(({ name }) => name === node.name)
  const afterBytes = after?.space?.sizeBytes ?? before.sizeBytes
  return { host: node.name, beforeBytes: before.sizeBytes, afterBytes, durationMs }
}

/** A second copy of what is in use is written beside the file before it takes its place. */
async function requireDisk(session: Session, host: string, bytes: number): Promise<void> {
  const [node] = chosenNodes(session, [host])
  if (node === undefined) throw new TypeError(`no node ${host}`)
  const { dataDirectory } = session.cluster.etcd
  const remote = await session.remote(node)
  const argv = ['df', '--output=avail', '-B1', '--', dataDirectory]
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal: session.signal })
  const free = Number(stdout.trim().split('\n').at(-1))
  if (exitCode !== 0 || Number.isNaN(free)) {
    throw new QuorateError(
      'command',
      `the free space below ${dataDirectory} is not known: ${stderr.trim()}`,
      { host },
    )
  }
  if (free > bytes * 1.1) return
  throw new QuorateError(
    'blocked',
    `${dataDirectory} has ${formatBytes(free)} left, and the new file needs up to ${formatBytes(bytes)} beside the old one`,
    { host, hint: `make room on that disk, or give it a larger one: quorate run ${host} -- df -h` },
  )
}
