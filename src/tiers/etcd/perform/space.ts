/** Steps that make room in the members' databases, as etcd is asked for them. */
import { timed } from '../../../engine/timed.ts'
import { QuorateError } from '../../../errors.ts'
import { compact, defragment, disarm } from '../../../etcd/upkeep.ts'
import { verifyWrite } from '../../../etcd/verify.ts'
import { formatBytes } from '../../../spec/units.ts'
import type { Standing } from '../facts/standing.ts'
import { awaitAnswers, chosenNodes, healthyClients } from '../facts/members.ts'
import type { Session } from '../session.ts'
import type { SpaceStep } from '../steps/space.ts'
import { moveLeaderAway } from './move-leader.ts'

export interface Performing {
  readonly session: Session
  /** Aborts when the lock is lost, too. */
  readonly signal: AbortSignal
  /** As it was seen when the step was decided on. */
  readonly standing: Standing
  /** Of a compaction: waits until every member has freed the space within its file. */
  readonly physical: boolean
}

/**
 * @returns false: it was done already, by somebody else.
 * @throws QuorateError `etcd`; `blocked` where a disk lacks the room; `unhealthy` if a member does not come back.
 */
export async function performSpace(performing: Performing, step: SpaceStep): Promise<boolean> {
  const { session, signal, standing, physical } = performing
  if (step.kind === 'move-leader') {
    await moveLeaderAway(session, { step, avoid: [], must: true, signal })
    return true
  }
  if (step.kind === 'defragment') await requireDisk(performing, step.host)
  return await timed(session.emit, step, async () => {
    if (step.kind === 'defragment') return await defragmentMember(performing, step.host)
    const clients = await healthyClients(session, standing)
    const [first] = clients
    if (first === undefined) throw new TypeError('no member to ask')
    if (step.kind === 'compact') return await compact(clients, step.revision, { physical, signal })
    if (step.kind === 'prove-write') {
      await verifyWrite(first, clients, signal)
      return true
    }
    const alarm = standing.alarms.find(({ member, type }) => member === step.member && type === step.alarm)
    if (alarm === undefined) throw new TypeError(`no such alarm: ${step.alarm} of ${step.member}`)
    await disarm(first, alarm, signal)
    return true
  })
}

/** Until everybody is well again who was before. */
async function defragmentMember({ session, signal, standing }: Performing, host: string): Promise<boolean> {
  const [client] = await session.members(chosenNodes(session, [host]))
  if (client === undefined) throw new TypeError(`no client of ${host}`)
  await defragment(client, signal)
  const well = standing.members.filter(({ healthy }) => healthy).map(({ name }) => name)
  await awaitAnswers(session, well, signal)
  return true
}

/** A second copy of what is in use is written beside the file before it takes its place. */
async function requireDisk({ session, signal, standing }: Performing, host: string): Promise<void> {
  const [node] = chosenNodes(session, [host])
  const space = standing.members.find(({ name }) => name === host)?.space
  if (node === undefined || space === undefined) throw new TypeError(`${host} was not asked`)
  const bytes = space.inUseBytes ?? space.sizeBytes
  const { dataDirectory } = session.cluster.etcd
  const remote = await session.remote(node)
  const argv = ['df', '--output=avail', '-B1', '--', dataDirectory]
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal })
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
