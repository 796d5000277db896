/**
 * Inotify instances: each systemd, sshd and kubelet takes some, and all machines of all labs are one user's to the kernel.
 * Where there are none left, units of a machine fail without a word that says why.
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { EmitLab } from './events.ts'

/** Nine machines with a Kubernetes take 117; the kernel's default is 128. */
const ENOUGH = 1024

const LIMIT = '/proc/sys/fs/inotify/max_user_instances'

/** Raises this computer's limit where it is too low for labs, and says so; or says which command would. */
export async function allowWatches(emit: EmitLab, limit: string = LIMIT): Promise<void> {
  const allowed = Number(await readFile(limit, 'utf8').catch(() => ''))
  // 0: a kernel that does not say.
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
      text: `${setting} is ${allowed} on the workstation: machines may come up degraded. Raise it: sysctl -w ${setting}=${ENOUGH}`,
    })
  }
}
