/**
 * Inotify instances. Each systemd, sshd and kubelet uses some, and the kernel counts all machines of all labs as one
 * user's. If none are left, units of a machine fail without a message that names the cause.
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { EmitLab } from './events.ts'

/** Nine machines with Kubernetes use 117; the kernel's default is 128. */
const ENOUGH = 1024

const LIMIT = '/proc/sys/fs/inotify/max_user_instances'

/**
 * Raises this workstation's limit if it is too low for labs, and reports that; without the right to, reports the
 * command that would.
 */
export async function allowWatches(emit: EmitLab, limit: string = LIMIT): Promise<void> {
  const allowed = Number(await readFile(limit, 'utf8').catch(() => ''))
  // 0: a kernel that doesn't report it.
  if (allowed === 0 || allowed >= ENOUGH) return
  const setting = `fs.inotify.max_user_instances`
  try {
    await writeFile(limit, `${ENOUGH}\n`)
    emit({
      kind: 'lab',
      text: `raised the workstation's ${setting} from ${allowed} to ${ENOUGH} (until its next boot)`,
    })
  } catch {
    emit({
      kind: 'lab',
      text: `${setting} is ${allowed} on the workstation: nodes may start degraded. Raise it: sysctl -w ${setting}=${ENOUGH}`,
    })
  }
}
