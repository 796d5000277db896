/** One machine's container: starting it, knowing whether it runs, ending it, and what it leaves on this computer. */
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

/** Control groups of version 1, each with a tree of its own where this computer has them. */
const CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids']
const CGROUP_ROOT = '/sys/fs/cgroup'
const CGROUP_TREES = ['', 'unified', 'systemd', ...CONTROLLERS].map((name) => path.join(CGROUP_ROOT, name))

/** What runc and a kubelet ask of a machine, and systemd-nspawn keeps from it. */
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

/** The machine's process 1, as this computer numbers it; undefined while there is none. */
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
  /** Whether it runs containers itself. */
  readonly containers: boolean
  /** Folders of this computer that the machine sees. */
  readonly storage: readonly { readonly here: string; readonly there: string }[]
}

/**
 * Starts a machine's container as a process that outlives this one. Its console goes to `console.log` in the machine's
 * folder. `ended` rejects with `lab` when the container ends, and never resolves.
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
    // An end after the boot is not this promise's business, and must not count as an unhandled rejection.
    ended.catch(() => undefined)
    return { ended }
  } finally {
    await output.close()
  }
}

/**
 * Ends a machine's container: shut down in order, or at once where `orderlyMs` is 0, and at once too when that time is
 * over. Removes what it leaves on this computer.
 */
export async function stopContainer(folder: string, machine: string, orderlyMs: number): Promise<void> {
  const container = await containerOf(folder, machine)
  if (container !== undefined) {
    // systemd-nspawn passes a SIGTERM on to the machine's process 1 as an order to power off.
    if (orderlyMs > 0) process.kill(container.pid, 'SIGTERM')
    if (!(await endedWithin(container, orderlyMs))) await killContainer(container)
    if (!(await endedWithin(container, 10_000))) {
      throw new QuorateError('lab', `process ${container.pid} of ${machine} does not end`, { host: machine })
    }
  }
  await removeRemains(folder, machine)
}

/** With a pid namespace's process 1 all others in it end; systemd-nspawn then ends by itself. */
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

/** A container that ended badly leaves its record, its veth and its control groups behind. */
async function removeRemains(folder: string, machine: string): Promise<void> {
  await killStrays(folder, machine)
  await rm(path.join(machineFolder(folder, machine), 'process'), { force: true })
  await removeInterface(vethName(folder, machine))
  for (const tree of CGROUP_TREES) await removeCgroup(path.join(tree, cgroupName(folder, machine)))
}

/** Processes whose systemd-nspawn was killed under them: the machine's control group still knows them. */
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
      // The last process is still being buried.
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
  // Where systemd runs this computer, it gives each container a control group of its own.
  const systemd = existsSync('/run/systemd/system')
  const cgroup = systemd ? '' : cgroupName(folder, machine)
  // Else the kubelets of all machines would share one group of pods.
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
