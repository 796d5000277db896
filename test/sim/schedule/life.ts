/** Runs a life in which operators let one node take the backups, then another, then none. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { listOf, nodePrincipal } from '../../../src/backup/signers.ts'
import { sampleCluster, sampleNode } from '../../../src/etcd/sample.ts'
import { PLACES } from '../../../src/schedule/places.ts'
import { isPresent } from '../../../src/signing/allowed-signers.ts'
import type { Cluster } from '../../../src/spec/cluster.ts'
import { type Machine, bareMachine } from './machine.ts'
import { type Deciders, NOW, type Outcome, RIGHT, type World, operate } from './operate.ts'
import type { ScheduleAsk, ScheduleEvent, ScheduleLife } from './scenario.ts'
import { ScheduleViolation } from './violation.ts'

/** @returns how the runs ended, the last two after all faults were fixed. @throws ScheduleViolation */
export async function live(
  life: ScheduleLife,
  wrong: Partial<Deciders> = {},
  tell: (line: string) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const stateDirectory = await mkdtemp(path.join(tmpdir(), 'quorate-schedule-'))
  try {
    const nodes = [1, 2, 3].map((number) => sampleNode(`etcd0${number}`, `192.168.0.${number}`))
    const cluster: Cluster = { ...sampleCluster(), nodes, stateDirectory }
    const machines = new Map(nodes.map(({ name }) => [name, bareMachine(name)]))
    const world: World = { cluster, machines, lock: undefined, count: 0, violation: undefined, tell }
    return await play(world, life, { ...RIGHT, ...wrong })
  } finally {
    await rm(stateDirectory, { recursive: true })
  }
}

async function play(world: World, life: ScheduleLife, deciders: Deciders): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  const obey = async (ask: ScheduleAsk, options: Parameters<typeof operate>[2] = {}) => {
    world.tell(`${ask.verb} ${ask.node}`)
    const outcome = await operate(world, ask, options, deciders)
    world.tell(`  ${outcome}`)
    if (outcome === 'done') await checkDone(world, ask)
    return outcome
  }
  for (const { before, ask, during, interruption, second, heals } of life.rounds) {
    for (const event of before) happen(world, event)
    const between = async (piece: number): Promise<boolean> => {
      if (during?.piece === piece) happen(world, during.event)
      if (second?.piece !== piece) return during?.piece === piece
      await obey(second.ask, { takesOver: second.takesOver })
      return true
    }
    outcomes.push(await obey(ask, { interruption, between }))
    if (heals) heal(world)
  }
  heal(world)
  world.lock = undefined
  for (const verb of ['schedule', 'unschedule'] as const) {
    let outcome: Outcome = 'died'
    for (let count = 0; count < 3 && outcome !== 'done'; count += 1) outcome = await obey({ verb, node: 0 })
    if (outcome !== 'done') throw new ScheduleViolation('finishes', verb)
    outcomes.push(outcome)
  }
  return outcomes
}

function happen(world: World, { kind, host }: ScheduleEvent): void {
  const machine = [...world.machines.values()][host % world.machines.size]
  if (machine === undefined) return
  world.tell(`${kind} on ${machine.name}`)
  switch (kind) {
    case 'unreachable':
      machine.unreachable = true
      return
    case 'timer-stopped':
      machine.timer = { enabled: false, active: false }
      return
    case 'certificate-lost':
      machine.files.delete(PLACES.certificate)
      return
    case 'key-lost':
      machine.files.delete(PLACES.key)
  }
}

function heal({ machines }: World): void {
  for (const machine of machines.values()) machine.unreachable = false
}

/** What a person would check, on reachable machines. */
async function checkDone(world: World, { verb, node }: ScheduleAsk): Promise<void> {
  const { cluster, machines } = world
  const reached = [...machines.values()].filter(({ unreachable }) => !unreachable)
  const chosen = verb === 'schedule' ? [...machines.values()][node % machines.size] : undefined
  const list = await listOf(cluster)
  for (const machine of reached) {
    const { name, timer } = machine
    const counts = list.some(
      (one) => one.principals === nodePrincipal(cluster.name, name) && isPresent({ ...one }, LATER),
    )
    if (machine === chosen) {
      if (!timer.enabled || !timer.active || !machine.user) throw new ScheduleViolation('one-schedule', name)
      if (!isCertified(machine)) throw new ScheduleViolation('its-certificate', name)
      if (!counts) throw new ScheduleViolation('counts', `${name} does not count`)
      continue
    }
    if (timer.active) throw new ScheduleViolation('one-schedule', `${name} has one, too`)
    const left = [...machine.files.keys(), ...(machine.user ? ['its user'] : [])]
    if (left.length > 0) throw new ScheduleViolation('none-left', `${name}: ${left.join(', ')}`)
    if (machine.storeOwner === 'quorate-backup')
      throw new ScheduleViolation('backups-kept', `those on ${name} belong to nobody`)
  }
}

/** A retired key counts a while longer, for clocks that are ahead. */
const LATER = new Date(NOW.getTime() + 3_600_000)

export function isCertified({ files }: Machine): boolean {
  const key = files.get(PLACES.key)?.text
  return key !== undefined && files.get(PLACES.certificate)?.text === `certificate of ${key}`
}
