/** What is on a machine's disk where quorate works, to check that nothing was changed. */
import type { Machine } from '../../../src/lab/machine.ts'

const PLACES = ['/etc', '/opt', '/usr/local', '/var/lib/quorate', '/lib/systemd/system']

/**
 * Every file with owner, mode, size and time of its last change, one per line; directories without a time, because
 * preflight measures the disk in them. `skip`: paths to omit.
 */
export async function snapshot(machine: Machine, skip: readonly string[] = []): Promise<string> {
  const pruned = skip.flatMap((path) => ['-path', path, '-prune', '-o'])
  const format = '%p %y %m %u:%g'
  const file = ['-printf', `${format} %s %T@ %l\\n`]
  const folder = ['-type', 'd', '-printf', `${format}\\n`, '-o']
  const { stdout } = await machine.exec(['find', ...PLACES, ...pruned, ...folder, ...file])
  return stdout.split('\n').sort().join('\n')
}

export async function snapshots(
  machines: readonly Machine[],
  skip: readonly string[] = [],
): Promise<Record<string, string>> {
  const texts = await Promise.all(machines.map(async (machine) => await snapshot(machine, skip)))
  return Object.fromEntries(machines.map((machine, index) => [machine.name, texts[index] ?? '']))
}
