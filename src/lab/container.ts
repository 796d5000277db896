/** One machine's container: starts it, checks whether it runs, stops it, and removes what it leaves on this workstation. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open, readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { removeInterface } from './bridge.ts'
import { bridgeName, cgroupName, machineFolder, machineId, scopeName, vethName } from './identity.ts'
import {
  childrenOf,
  isRunning,
  type ProcessIdentity,
  readIfThere,
  readProcessFile,
} from '../files/process-identity.ts'
import startMachine from './start-machine.sh?raw'
import { lastLines, toolPath } from './tool.ts'
import { type Looked, giveUp, until } from '../wait/until.ts'

/** Controllers of control groups version 1, each with its own tree on hosts that use version 1. */
const CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids']
const CGROUP_ROOT = '/sys/fs/cgroup'
const CGROUP_TREES = ['', 'unified', 'systemd', ...CONTROLLERS].map((name) => path.join(CGROUP_ROOT, name))

/** What runc and a kubelet need, and systemd-nspawn doesn't allow by default. */
const CONTAINER_RIGHTS = [
  '--capability=all',
  '--system-call-filter=add_key keyctl bpf @keyring',
  '--bind=/dev/kmsg',
]

/** The systemd-nspawn process of a machine; undefined while it is off. */
export async function containerOf(folder: string, machine: string): Promise<ProcessIdentity | undefined> {
  const identity = await readProcessFile(path.join(machineFolder(folder, machine), 'process'))
  return identity !== undefined && (await isRunning(identity)) ? identity : undefined
}

/** The machine's process 1, as a PID of this workstation; undefined if it doesn't run. */
export async function leaderOf(container: ProcessIdentity): Promise<number | undefined> {
  for (const child of await childrenOf(container.pid)) {
    const status = await readIfThere(`/proc/${child}/status`)
    if (status !== undefined && /^NSpid:\s.*\s1$/m.test(status)) return child
  }
  return undefined
}

/** What to boot a machine from. */
export interface Boot {
  readonly base: string
  readonly folder: string
  readonly machine: string
  /** Pairs of image and mount point, as `prepareDisks` gives them. */
  readonly disks: readonly string[]
  /** Whether the machine runs containers itself. */
  readonly containers: boolean
  /** Directories of this workstation that are mounted in the machine. */
  readonly storage: readonly { readonly here: string; readonly there: string }[]
}

/**
 * Starts a machine's container as a process that outlives this one. Its console goes to `console.log` in the machine's
 * directory. `ended` rejects with `lab` when the container ends, and never resolves.
 */
export async function startContainer(boot: Boot): Promise<{ ended: Promise<never> }> {
  const { folder, machine } = boot
  await removeRemains(folder, machine)
  const log = consoleLog(folder, machine)
  const output = await open(log, 'w', 0o600)
  try {
    const stdio = ['ignore', output.fd, output.fd] as const
    const child = spawn('unshare', unshareArguments(boot), {
      cwd: '/',
      detached: true,
      stdio: [...stdio],
      env: { PATH: toolPath(), LANG: 'C.UTF-8' },
    })
    child.unref()
    const ended = new Promise<never>((_, reject) => {
      const end = (how: string) => void endedEarly(machine, how, log).then(reject, reject)
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => end(`exit code ${code ?? signal}`))
    })
    // If the container ends after the boot, this promise must not count as an unhandled rejection.
    ended.catch(() => undefined)
    return { ended }
  } finally {
    await output.close()
  }
}

/**
 * Stops a machine's container, and removes what it leaves on this workstation. Shuts it down in order, and kills it
 * after `orderlyMs`; 0 kills it at once.
 */
export async function stopContainer(folder: string, machine: string, orderlyMs: number): Promise<void> {
  const container = await containerOf(folder, machine)
  if (container !== undefined) {
    // systemd-nspawn forwards a SIGTERM to the machine's process 1 as a request to power off.
    if (orderlyMs > 0) process.kill(container.pid, 'SIGTERM')
    if (!(await endedWithin(container, orderlyMs))) await killContainer(container)
    if (!(await endedWithin(container, 10_000))) {
      throw new QuorateError('lab', `process ${container.pid} of ${machine} does not end`, { host: machine })
    }
  }
  await removeRemains(folder, machine)
}

/** When process 1 of a PID namespace ends, all others in it end, and then systemd-nspawn ends too. */
async function killContainer(container: ProcessIdentity): Promise<void> {
  const pid = (await leaderOf(container)) ?? container.pid
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function endedWithin(container: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const look = async (): Promise<Looked<boolean, undefined>> =>
    (await isRunning(container)) ? { missing: undefined } : { found: true }
  return await until(look, { ms: timeoutMs, everyMs: 30, signal: undefined, late: () => false })
}

/** A container that was killed leaves its record, its veth and its control groups. */
async function removeRemains(folder: string, machine: string): Promise<void> {
  await killStrays(folder, machine)
  await rm(path.join(machineFolder(folder, machine), 'process'), { force: true })
  await removeInterface(vethName(folder, machine))
  for (const tree of CGROUP_TREES) await removeCgroup(path.join(tree, cgroupName(folder, machine)))
}

/** Kills processes that outlived a killed systemd-nspawn: the machine's control group still lists them. */
async function killStrays(folder: string, machine: string): Promise<void> {
  const names = [cgroupName(folder, machine), scopeName(folder, machine)]
  const cgroups = CGROUP_TREES.flatMap((tree) => names.map((name) => path.join(tree, name)))
  const kill = async (): Promise<Looked<void, undefined>> => {
    const pids = (await Promise.all(cgroups.map(processesIn))).flat()
    if (pids.length === 0) return { found: undefined }
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    return { missing: undefined }
  }
  const late = () => {
    throw new QuorateError('lab', `processes of ${machine} do not end`, { host: machine })
  }
  await until(kill, { ms: Number.POSITIVE_INFINITY, attempts: 100, everyMs: 30, signal: undefined, late })
}

async function processesIn(cgroup: string): Promise<number[]> {
  const own = (await readIfThere(path.join(cgroup, 'cgroup.procs'))) ?? ''
  const pids = own.split('\n').filter(Boolean).map(Number)
  const below = await Promise.all(
    (await subfolders(cgroup)).map((name) => processesIn(path.join(cgroup, name))),
  )
  return [...pids.filter((pid) => pid > 0), ...below.flat()]
}

async function removeCgroup(cgroup: string): Promise<void> {
  if (!existsSync(cgroup)) return
  for (const name of await subfolders(cgroup)) await removeCgroup(path.join(cgroup, name))
  const remove = async (): Promise<Looked<void, unknown>> => {
    try {
      return { found: await rmdir(cgroup) }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return { found: undefined }
      // The kernel has not finished removing the last process.
      if (code !== 'EBUSY') throw error
      return { missing: error }
    }
  }
  await until(remove, {
    ms: Number.POSITIVE_INFINITY,
    attempts: 100,
    everyMs: 30,
    signal: undefined,
    late: giveUp,
  })
}

async function subfolders(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return []
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

function unshareArguments({ base, folder, machine, disks, containers, storage }: Boot): string[] {
  const directory = machineFolder(folder, machine)
  // On a workstation with systemd, systemd gives each container its own control group.
  const systemd = existsSync('/run/systemd/system')
  const cgroup = systemd ? '' : cgroupName(folder, machine)
  // Otherwise the kubelets of all machines would share one control group of pods.
  const own = containers ? CONTROLLERS.join(' ') : ''
  const program = ['sh', '-c', startMachine, 'start-machine', base, directory, cgroup, own, ...disks]
  const nspawn = [
    'systemd-nspawn',
    '--quiet',
    '--boot',
    '--register=no',
    `--directory=${path.join(directory, 'root')}`,
    `--machine=${machineId(folder, machine)}`,
    `--hostname=${machine}`,
    `--network-bridge=${bridgeName(folder)}`,
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    '--console=pipe',
    ...(systemd ? [] : ['--keep-unit']),
    ...(containers ? CONTAINER_RIGHTS : []),
    ...storage.map(({ here, there }) => `--bind=${here}:${there}`),
  ]
  return ['--mount', '--propagation', 'private', '--', ...program, '--', ...nspawn]
}

export function consoleLog(folder: string, machine: string): string {
  return path.join(machineFolder(folder, machine), 'console.log')
}

async function endedEarly(machine: string, how: string, log: string): Promise<QuorateError> {
  const said = lastLines((await readIfThere(log)) ?? '')
  return new QuorateError('lab', `${machine} stopped while booting (${how}): ${said}`, {
    host: machine,
    hint: said.includes('mount')
      ? "move the lab's directory to a file system that overlayfs can write to: not to an overlay"
      : `read its console in ${log}`,
  })
}
