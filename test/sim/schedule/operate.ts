/** One run of `backup schedule`, or of its removal: the real decisions and the real work, on simulated machines. */
import { listOf } from '../../../src/backup/signers.ts'
import type { Lock } from '../../../src/engine/lock.ts'
import { QuorateError } from '../../../src/errors.ts'
import { type ScheduleChange, type WantedSchedule, sameChanges } from '../../../src/schedule/changes.ts'
import { outlineOf, renderConfig } from '../../../src/schedule/config.ts'
import type { ScheduleThere } from '../../../src/schedule/look.ts'
import { PLACES } from '../../../src/schedule/places.ts'
import { signingThere } from '../../../src/schedule/signing.ts'
import type { Cluster } from '../../../src/spec/cluster.ts'
import { BACKUP_DEFAULTS } from '../../../src/spec/defaults.ts'
import type { Session } from '../../../src/tiers/etcd/session.ts'
import { changesFor, removalsFor } from '../../../src/verbs/schedule/decide.ts'
import { installSchedule, removeSchedules } from '../../../src/verbs/schedule/install.ts'
import { isCertified } from './life.ts'
import { type Machine, STORE, effectsOf, lookAt } from './machine.ts'
import type { ScheduleAsk } from './scenario.ts'
import { ScheduleViolation } from './violation.ts'

export interface World {
  readonly cluster: Cluster
  readonly machines: ReadonlyMap<string, Machine>
  lock: string | undefined
  count: number
  /** A violation found during work whose errors are collected. */
  violation: ScheduleViolation | undefined
  readonly tell: (line: string) => void
}

export type Outcome = 'done' | 'failed' | 'died' | 'locked'

/** The deciders and workers; deliberately faulty ones for the test of the test. */
export interface Deciders {
  readonly changes: typeof changesFor
  readonly removals: typeof removalsFor
  readonly install: typeof installSchedule
  readonly remove: typeof removeSchedules
  readonly installsFirst: boolean
  readonly lockless: boolean
}

export const RIGHT: Deciders = {
  changes: changesFor,
  removals: removalsFor,
  install: installSchedule,
  remove: removeSchedules,
  installsFirst: false,
  lockless: false,
}

export const NOW = new Date('2026-11-30T12:00:00Z')

const PUSHED = { file: '/nowhere', sizeBytes: 1, sha256: 'aa' }
const SOURCES = { program: PUSHED, tool: { ...PUSHED, name: 'etcdutl' as const } }

interface RunOptions {
  readonly takesOver?: boolean
  /** The number of pieces after which it is killed. */
  readonly interruption?: number | undefined
  /** @returns whether something happened in between */
  readonly between?: (piece: number) => Promise<boolean>
}

interface Seen {
  readonly all: readonly ScheduleThere[]
  readonly changes: readonly ScheduleChange[]
  readonly target: { readonly there: ScheduleThere; readonly wanted: WantedSchedule } | undefined
}

/** @throws ScheduleViolation */
export async function operate(
  world: World,
  ask: ScheduleAsk,
  options: RunOptions,
  deciders: Deciders,
): Promise<Outcome> {
  const token = `lock ${fresh(world)}`
  const run = { died: false }
  try {
    const shown = await look(world, ask, deciders)
    if (shown.changes.length === 0) return 'done'
    if (world.lock !== undefined && options.takesOver !== true && !deciders.lockless) return 'locked'
    if (!deciders.lockless || world.lock === undefined) world.lock = token
    const seen = await look(world, ask, deciders)
    if (!sameChanges(shown.changes, seen.changes)) return 'failed'
    await carryOut(
      world,
      seen,
      { session: sessionOf(world), lock: lockOf(world, token, run, options, deciders) },
      deciders,
    )
    if (world.violation !== undefined) throw world.violation
    return (await look(world, ask, deciders)).changes.length === 0 ? 'done' : 'failed'
  } catch (error) {
    if (world.violation !== undefined) throw world.violation
    if (!(error instanceof QuorateError)) throw error
    return run.died ? 'died' : 'failed'
  } finally {
    if (world.lock === token) world.lock = undefined
  }
}

async function look(world: World, { verb, node }: ScheduleAsk, deciders: Deciders): Promise<Seen> {
  const { cluster, machines } = world
  const all = [...machines.values()].filter(({ unreachable }) => !unreachable).map(lookAt)
  if (verb === 'unschedule') return { all, changes: deciders.removals(cluster, all), target: undefined }
  const name = cluster.nodes[node % cluster.nodes.length]?.name ?? ''
  const there = all.find(({ host }) => host === name)
  if (there === undefined) throw new QuorateError('unreachable', 'no answer', { host: name })
  const target = { there, wanted: await wantedOf(cluster, there) }
  return { all, changes: deciders.changes(cluster, all, target), target }
}

async function wantedOf(cluster: Cluster, there: ScheduleThere): Promise<WantedSchedule> {
  const own = { owner: 'root', group: 'quorate-backup', mode: '640', what: '' }
  const config = renderConfig({
    format: 1,
    cluster: cluster.name,
    node: there.host,
    members: cluster.nodes.map(({ name, address }) => ({ name, address, port: 2379 })),
    plaintext: false,
    store: { kind: 'directory', path: STORE },
    recipients: ['age1'],
    every: 'hourly',
    etcdVersion: cluster.etcd.version,
    tool: 'etcdutl',
    exporter: '/exporter',
    keep: BACKUP_DEFAULTS.keep,
  })
  const certified = there.certificate !== undefined && there.certificate === `certificate of ${there.keySpki}`
  return {
    files: [
      { ...own, path: PLACES.config, text: config },
      { ...own, path: PLACES.service, text: 'service' },
      { ...own, path: PLACES.timer, text: 'timer' },
    ],
    programSha256: PUSHED.sha256,
    programBytes: 1,
    tool: SOURCES.tool,
    certificate: certified ? undefined : 'it has none',
    ...signingThere(cluster, there, await listOf(cluster), NOW),
    caKey: false,
    kubernetesKeys: false,
    unwanted: [],
    exporter: '/exporter',
  }
}

interface Means {
  readonly session: Session
  readonly lock: Lock
}

async function carryOut(
  world: World,
  seen: Seen,
  { session, lock }: Means,
  deciders: Deciders,
): Promise<void> {
  const { all, changes, target } = seen
  const outlines = new Map(all.map(({ host, config = '' }) => [host, outlineOf(config)] as const))
  const remove = async () => await deciders.remove(session, lock, { changes, outlines })
  if (!deciders.installsFirst || target === undefined) await remove()
  if (target === undefined) return
  const node = world.cluster.nodes.find(({ name }) => name === target.there.host)
  if (node === undefined) throw new TypeError('no such node')
  await deciders.install(session, {
    lock,
    desired: {
      node,
      every: 'hourly',
      keep: BACKUP_DEFAULTS.keep,
      store: { kind: 'directory', path: STORE },
      recipients: ['age1'],
    },
    wanted: target.wanted,
    sources: SOURCES,
    changes,
    signingKey: target.there.signingKey,
  })
  if (deciders.installsFirst) await remove()
}

/** The CA signs every request. */
async function issue({ csrPem }: { readonly csrPem: string }) {
  return await Promise.resolve({ pem: `certificate of ${csrPem}`, warnings: [] })
}

function sessionOf({ cluster }: World): Session {
  const session: Partial<Session> = {
    cluster,
    emit: () => undefined,
    now: () => NOW,
    signal: new AbortController().signal,
    remote: async ({ name }) =>
      await Promise.resolve({ host: name } as Awaited<ReturnType<Session['remote']>>),
    authority: async () =>
      await Promise.resolve({ issue } as unknown as Awaited<ReturnType<Session['authority']>>),
  }
  return session as Session
}

/** The way to change machines: in pieces, between which quorate can die. */
function lockOf(
  world: World,
  token: string,
  run: { died: boolean },
  { interruption, between }: RunOptions,
  { lockless }: Deciders,
): Lock {
  let pieces = 0
  let disturbed = [...world.machines.values()].some(({ unreachable }) => unreachable)
  const takers = () => [...world.machines.values()].filter(({ timer }) => timer.active).length
  const before = takers()
  const work: Lock['work'] = async ({ host }, { operations, onDone }) => {
    const machine = world.machines.get(host)
    if (machine === undefined) throw new TypeError(`there is no machine ${host}`)
    const lines: string[] = []
    for (const [index, operation] of operations.entries()) {
      for (const effect of effectsOf(machine, operation, () => fresh(world))) {
        if ((await between?.(pieces)) === true) disturbed = true
        run.died ||= pieces === interruption
        if (run.died || machine.unreachable) throw new QuorateError('unreachable', 'gone', { host })
        if (world.lock !== token) {
          if (lockless) world.violation ??= new ScheduleViolation('one-operator', host)
          throw new QuorateError('locked', 'the lock is not ours any more', { host })
        }
        pieces += 1
        world.tell(`    ${pieces} ${host}: ${operation[0]}`)
        const said = effect()
        if (said !== undefined) lines.push(said)
        if (machine.timer.active && operation[0] === 'restart' && !isCertified(machine) && !disturbed)
          world.violation ??= new ScheduleViolation('its-certificate', host)
        if (!disturbed && takers() > Math.max(1, before))
          world.violation ??= new ScheduleViolation('never-two', host)
      }
      onDone?.(index)
    }
    return { lines, notes: [] }
  }
  return { work } as Lock
}

function fresh(world: World): number {
  world.count += 1
  return world.count
}
