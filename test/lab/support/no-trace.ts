/** What an apply must not leave behind, however it ended. */
import { readFile, readdir } from 'node:fs/promises'
import type { Machine } from '../../../src/lab/machine.ts'

const LEFTOVERS = `
ls -d /etc/ssl/.etcd.quorate /var/lib/quorate/incoming.* /run/quorate/lock 2>/dev/null
find /etc /usr/local /opt -name '*.quorate-new' -o -name '.quorate.*'
ls -d /etc/ssl/etcd.d/pair.* 2>/dev/null | tail -n +3
grep -lsE 'quorate(-lock|-preflight)?.[0-9]' /proc/[0-9]*/cmdline
grep -Fls QUORATE_RUN= /proc/[0-9]*/environ
true`

/** Files and processes of quorate on these machines that only a running command has, each as `machine: what`. */
export async function leftovers(machines: readonly Machine[]): Promise<readonly string[]> {
  const found = await Promise.all(
    machines.map(async (machine) => {
      const { stdout } = await machine.exec(['sh', '-c', LEFTOVERS])
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [`${machine.name}: ${line}`]))
    }),
  )
  return found.flat()
}

/** Machines on which a key waits for its certificate: the result of a step, as long as the apply is not complete. */
export async function waitingKeys(machines: readonly Machine[]): Promise<readonly string[]> {
  const looks = machines.map(async (machine) => {
    const { exitCode } = await machine.exec(['test', '-e', '/etc/ssl/etcd.d/pending'])
    return exitCode === 0 ? [`${machine.name}: a key waits`] : []
  })
  return (await Promise.all(looks)).flat()
}

/** Command lines of processes on this host that contain one of the words, except this process. */
export async function processesMentioning(words: readonly string[]): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
  const lines = await Promise.all(
    pids.map(async (pid) => {
      try {
        return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
      } catch (error) {
        // It ended during the inspection.
        if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
        throw error
      }
    }),
  )
  return lines.filter((line) => words.some((word) => line.includes(word)))
}
