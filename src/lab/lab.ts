/** A whole lab: start it, stop it, and show its state. */
import { existsSync } from 'node:fs'
import { readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { requireLab } from './available.ts'
import { attachToBridge, ensureBridge, interfaceExists, removeInterface } from './bridge.ts'
import { containerOf, stopContainer } from './container.ts'
import { type EmitLab, silent } from './events.ts'
import { bridgeName, vethName } from './identity.ts'
import { withLock } from './lock.ts'
import { Machine } from './machine.ts'
import type { ProcessIdentity } from '../files/process-identity.ts'
import { type LabRecord, readRecord, writeRecord } from './record.ts'
import { checkSpec, labNetworks, type LabSpec, type MachineSpec, plainAddress } from './spec.ts'
import { releaseSubnet } from './subnet.ts'
import { allowWatches } from './watches.ts'
import { counted } from '../spec/units.ts'

export interface Lab {
  readonly spec: LabSpec
  readonly machines: readonly Machine[]
  /** @throws `lab` for a name that the lab does not have. */
  machine(name: string): Machine
}

export interface BootOptions {
  /** The base file system, from `labBase`. */
  readonly base: string
  /** The lab ends with this process; see `sweepLabs`. */
  readonly owner?: ProcessIdentity | undefined
  /** The claim from `allocateSubnet`, which is released with the lab. */
  readonly claim?: string | undefined
  readonly emit?: EmitLab | undefined
  readonly signal?: AbortSignal | undefined
}

export interface BootResult {
  readonly lab: Lab
  /** Names of the machines that this call booted, and of those that ran before. */
  readonly booted: readonly string[]
  readonly running: readonly string[]
}

/**
 * Starts a lab: boots every machine that doesn't run yet, all at once. Returns when every sshd answers.
 *
 * @throws `lab` if something is missing on this workstation, if an address is in use, or if a machine of the same name
 *   is different. Also if a machine doesn't boot: the others stay up then.
 */
export async function bootLab(spec: LabSpec, options: BootOptions): Promise<BootResult> {
  requireLab()
  checkSpec(spec)
  const { emit = silent, signal } = options
  return await withLock(`${spec.folder}.lock`, { waitMs: 120_000, signal }, async () => {
    const before = await readRecord(spec.folder)
    const record = mergeRecord(before, spec, options)
    const lab = labOf(record)
    await ensureBridge(bridgeName(spec.folder), {
      networks: labNetworks(spec),
      machines: spec.machines.flatMap(({ addresses }) => addresses.map(plainAddress)),
    })
    await writeRecord(record)
    await stopOthers(record.spec, emit)
    const running = await namesOfRunning(record.spec)
    const absent = lab.machines.filter((machine) => !running.includes(machine.name))
    if (absent.length === 0) {
      emit({ kind: 'lab', text: `the lab ${spec.name} is up already: ${counted(running.length, 'node')}` })
    } else {
      emit({ kind: 'lab', text: `booting ${absent.map((machine) => machine.name).join(', ')}` })
    }
    if (absent.length > 0) await allowWatches(emit)
    await bootAll(absent, emit, signal)
    for (const name of running) {
      // The bridge may be new, and the lab may have more machines than before.
      await attachToBridge(vethName(spec.folder, name), bridgeName(spec.folder))
      await lab.machine(name).refreshHosts()
    }
    return { lab, booted: absent.map((machine) => machine.name), running }
  })
}

export interface LabStatus {
  /** All machines run, some do, none does, or the directory has no lab. */
  readonly state: 'up' | 'partial' | 'down' | 'absent'
  readonly name: string | undefined
  readonly machines: readonly {
    readonly name: string
    readonly addresses: readonly string[]
    readonly running: boolean
    /** Of its systemd-nspawn process on this workstation; undefined if the machine is off. */
    readonly pid: number | undefined
  }[]
}

export async function labStatus(folder: string): Promise<LabStatus> {
  const record = await readRecord(folder)
  if (record === undefined) return { state: 'absent', name: undefined, machines: [] }
  const machines = await Promise.all(
    record.spec.machines.map(async ({ name, addresses }) => {
      const container = await containerOf(folder, name)
      return { name, addresses, running: container !== undefined, pid: container?.pid }
    }),
  )
  const running = machines.filter((machine) => machine.running).length
  // Without their bridge, machines have no network.
  const bridge = await interfaceExists(bridgeName(folder))
  const state = running === 0 ? 'down' : running === machines.length && bridge ? 'up' : 'partial'
  return { state, name: record.spec.name, machines }
}

export interface DownOptions {
  /** Also removes the machines' files, and kills the machines at once, because no data need to stay intact. */
  readonly purge?: boolean
  readonly emit?: EmitLab | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Stops a lab, even one that only partly started or has failed: removes its processes, control groups, mounts and
 * interfaces. Its files stay for the next `bootLab`, unless `purge` is set. Does nothing if there is no lab.
 */
export async function downLab(folder: string, options: DownOptions = {}): Promise<void> {
  const { purge = false, emit = silent, signal } = options
  await withLock(`${folder}.lock`, { waitMs: 120_000, signal }, async () => {
    const record = await readRecord(folder)
    const names = new Set([
      ...(record?.spec.machines ?? []).map(({ name }) => name),
      ...(await machineFolders(folder)),
    ])
    if (names.size > 0) emit({ kind: 'lab', text: `taking down ${[...names].join(', ')}` })
    const ends = await Promise.allSettled(
      [...names].map((name) => stopContainer(folder, name, purge ? 0 : 15_000)),
    )
    await removeInterface(bridgeName(folder))
    throwFirst(ends)
    if (!purge) return
    await rm(path.join(folder, 'machines'), { recursive: true, force: true })
    if (record?.claim !== undefined) await releaseSubnet(record.claim)
    for (const name of ['lab.json', 'lab.json.new']) await rm(path.join(folder, name), { force: true })
    await removeIfEmpty(folder)
  })
}

/** Reverts every machine to its initial files, and boots it again. Addresses and host keys stay. */
export async function resetLab(lab: Lab, signal?: AbortSignal): Promise<void> {
  await Promise.all(
    lab.machines.map(async (machine) => {
      await machine.kill()
      await machine.wipe()
    }),
  )
  await bootAll(lab.machines, silent, signal)
}

function labOf(record: LabRecord): Lab {
  const { spec, base } = record
  const machines = spec.machines.map((machine) => new Machine(spec, base, machine))
  return {
    spec,
    machines,
    machine(name) {
      const found = machines.find((machine) => machine.name === name)
      if (found === undefined) throw new QuorateError('lab', `the lab ${spec.name} has no machine ${name}`)
      return found
    },
  }
}

/** Machines may join a running lab; existing ones keep their settings. */
function mergeRecord(before: LabRecord | undefined, spec: LabSpec, options: BootOptions): LabRecord {
  const { base, owner, claim } = options
  if (before === undefined) return { spec, base, owner, claim }
  for (const machine of spec.machines) {
    const other = before.spec.machines.find(({ name }) => name === machine.name)
    if (other === undefined || sameMachine(other, machine)) continue
    throw new QuorateError('lab', 'the node exists already, with other addresses, users or disks', {
      host: machine.name,
      hint: 'quorate lab down --purge removes the lab with its data; then run quorate lab up',
    })
  }
  return { ...before, spec }
}

function sameMachine(one: MachineSpec, other: MachineSpec): boolean {
  return essence(one) === essence(other)
}

function essence({
  addresses,
  users = [],
  disks = [],
  containers = false,
  environment = {},
}: MachineSpec): string {
  return JSON.stringify([addresses, users, disks, containers, environment])
}

async function bootAll(
  machines: readonly Machine[],
  emit: EmitLab,
  signal: AbortSignal | undefined,
): Promise<void> {
  const boots = await Promise.allSettled(
    machines.map(async (machine) => {
      await machine.boot(signal)
      emit({ kind: 'lab', text: `${machine.name} is up at ${machine.address}` })
    }),
  )
  throwFirst(boots)
}

/** Stops machines that are no longer part of the lab. */
async function stopOthers(spec: LabSpec, emit: EmitLab): Promise<void> {
  const wanted = new Set(spec.machines.map(({ name }) => name))
  for (const name of await machineFolders(spec.folder)) {
    if (wanted.has(name) || (await containerOf(spec.folder, name)) === undefined) continue
    emit({ kind: 'lab', text: `${name} is not in the lab any more: it is shut down, its files stay` })
    await stopContainer(spec.folder, name, 15_000)
  }
}

async function namesOfRunning(spec: LabSpec): Promise<string[]> {
  const containers = await Promise.all(spec.machines.map(({ name }) => containerOf(spec.folder, name)))
  return spec.machines.filter((_, index) => containers[index] !== undefined).map(({ name }) => name)
}

/** Machines that have a directory, even if the record is lost. */
async function machineFolders(folder: string): Promise<string[]> {
  const machines = path.join(folder, 'machines')
  return existsSync(machines) ? await readdir(machines) : []
}

function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  const failure = results.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error
  }
}
