/** Users that are not in the machine's own files, as from a directory service. */
import type { Machine } from '../../../src/lab/machine.ts'

/** Additional packages of the machines' file system. */
export const DIRECTORY_PACKAGES: readonly string[] = ['libnss-extrausers']

const PLACE = '/var/lib/extrausers'

/** Makes the machine ask the directory after its own files. @param passwd lines as in /etc/passwd */
export async function joinDirectory(
  machine: Machine,
  passwd: readonly string[],
  group: readonly string[] = [],
): Promise<void> {
  await machine.writeFile(`${PLACE}/passwd`, passwd.map((line) => `${line}\n`).join(''))
  await machine.writeFile(`${PLACE}/group`, group.map((line) => `${line}\n`).join(''))
  const script = `chmod 755 ${PLACE}; chmod 644 ${PLACE}/*; sed -i -E 's/^(passwd|group):.*/\\1: files extrausers/' /etc/nsswitch.conf`
  await machine.check(['sh', '-euc', script])
}
