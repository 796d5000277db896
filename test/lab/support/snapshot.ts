/** What a machine has on its disk where quorate works, to see that nothing was touched. */
import type { Machine } from '../../../src/lab/machine.ts'

const PLACES = ['/etc', '/opt', '/usr/local', '/var/lib/quorate', '/lib/systemd/system']

/**
 * Every file with owner, mode, size and time of its last change, one a line; of folders no time, since preflight tries
 * in them how fast the disk is. `skip`: paths to leave out.
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
