/** Carries out the steps that free space in the members' databases. */
import { timed } from '../../../engine/timed.ts'
import { QuorateError } from '../../../errors.ts'
import { compact, defragment, disarm } from '../../../etcd/upkeep.ts'
import { verifyWrite } from '../../../etcd/verify.ts'
import { formatBytes } from '../../../spec/units.ts'
import { awaitAnswers, chosenNodes, healthyClients } from '../facts/members.ts'
import type { Performing, SpaceStep } from '../steps/space.ts'

type StepOf<K extends SpaceStep['kind']> = Extract<SpaceStep, { readonly kind: K }>

/** @returns false: it was already compacted that far. */
export async function compactTo(performing: Performing, step: StepOf<'compact'>): Promise<boolean> {
  const { session, signal, physical } = performing
  return await timed(
    session.emit,
    step,
    async () => await compact(await clientsOf(performing), step.revision, { physical, signal }),
  )
}

export async function proveWrite(performing: Performing, step: StepOf<'prove-write'>): Promise<void> {
  const { session, signal } = performing
  await timed(session.emit, step, async () => {
    const clients = await clientsOf(performing)
    await verifyWrite(clients[0], clients, signal)
  })
}

export async function disarmAlarm(performing: Performing, step: StepOf<'disarm'>): Promise<void> {
  const { session, signal, standing } = performing
  await timed(session.emit, step, async () => {
    const [first] = await clientsOf(performing)
    const alarm = standing.alarms.find(({ member, type }) => member === step.member && type === step.alarm)
    if (alarm === undefined) throw new TypeError(`no such alarm: ${step.alarm} of ${step.member}`)
    await disarm(first, alarm, signal)
  })
}

/** Waits until every member that was healthy before is healthy again. */
export async function defragmentMember(performing: Performing, step: StepOf<'defragment'>): Promise<void> {
  const { session, signal, standing } = performing
  const { host } = step
  await requireDisk(performing, host)
  await timed(session.emit, step, async () => {
    const [client] = await session.members(chosenNodes(session, [host]))
    if (client === undefined) throw new TypeError(`no client of ${host}`)
    await defragment(client, signal)
    const well = standing.members.filter(({ healthy }) => healthy).map(({ name }) => name)
    await awaitAnswers(session, well, signal)
  })
}

/** Members that were healthy when the step was planned: at least one. */
async function clientsOf({ session, standing }: Performing) {
  const [first, ...others] = await healthyClients(session, standing)
  if (first === undefined) throw new TypeError('no member to ask')
  return [first, ...others] as const
}

/** etcd writes a second copy of the used data next to the file before it replaces it. */
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
    throw new QuorateError('command', `free space of ${dataDirectory} is unknown: ${stderr.trim()}`, { host })
  }
  if (free > bytes * 1.1) return
  throw new QuorateError(
    'blocked',
    `not enough space for defragmentation: ${dataDirectory} has ${formatBytes(free)} free, the new file needs up to ${formatBytes(bytes)}`,
    { host, hint: `free space on that disk, or enlarge it: quorate run ${host} -- df -h` },
  )
}
