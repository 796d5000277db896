/** Whether a process of this computer lives: whose name is on what was left behind. */
import { readFile } from 'node:fs/promises'

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // There, but another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * When the process with this number was started, in clock ticks since boot (proc(5), `stat`): numbers come again, and with
 * its start a process is no other. undefined: it has ended, or is hidden from this user.
 */
export async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // Its name, in parentheses, may hold spaces and parentheses itself.
  return stat
    ?.slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .at(19)
}
