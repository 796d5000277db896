/** Identifies a process: a pid alone may be reused. */
import { readFile, readlink } from 'node:fs/promises'

export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot, from proc(5) stat. */
  readonly startTime: string
  /** ID of the boot in which it ran. */
  readonly bootId: string
}

/** This process. */
export async function thisProcess(): Promise<ProcessIdentity> {
  const [bootId, stat] = await Promise.all([currentBootId(), readFile('/proc/self/stat', 'utf8')])
  return { pid: process.pid, startTime: startTimeOf(stat), bootId }
}

/** Whether it is still running. A zombie counts as ended. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readIfThere(`/proc/${identity.pid}/stat`)
  if (stat === undefined) return false
  const state = afterName(stat)[0]
  if (state === 'Z' || state === 'X') return false
  return startTimeOf(stat) === identity.startTime && (await currentBootId()) === identity.bootId
}

/** The pid namespace of this process: `pid:[4026531836]`. The same pid in another namespace is another process. */
export async function pidNamespace(): Promise<string> {
  return await readlink('/proc/self/ns/pid')
}

/** What `start-machine.sh` recorded: the boot ID, then the process's stat line. Undefined if there is none. */
export async function readProcessFile(file: string): Promise<ProcessIdentity | undefined> {
  const [bootId, stat] = (await readIfThere(file))?.split('\n') ?? []
  if (!bootId || !stat) return undefined
  return { pid: Number.parseInt(stat, 10), startTime: startTimeOf(stat), bootId }
}

/** The running child processes of this one; empty if it has ended. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readIfThere(`/proc/${pid}/task/${pid}/children`)
  return (text ?? '').split(' ').filter(Boolean).map(Number)
}

/** A file's text; undefined if it does not exist, or belonged to a process that has just ended. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR' || code === 'EINVAL') return undefined
    throw error
  }
}

/**
 * `hidden` if /proc shows only processes (ProcSubset=pid of systemd.exec(5)): then only the start time
 * identifies it.
 */
async function currentBootId(): Promise<string> {
  return (await readIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? 'hidden'
}

// The name in parentheses may itself contain spaces and parentheses, so count from the last one.
function afterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function startTimeOf(stat: string): string {
  return afterName(stat)[19] ?? ''
}
