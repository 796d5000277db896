/** Possible locks on a machine, by any holder. */
import type { Machine } from '../../../src/lab/machine.ts'

const PRESENT = '/run/quorate/lock'

/** As if the lock holder's last heartbeat was this long ago, in s of the machine's uptime. */
export async function silentFor(machine: Machine, seconds: number): Promise<void> {
  await machine.check([
    'sh',
    '-c',
    `read -r up _ </proc/uptime
    read -r boot </proc/sys/kernel/random/boot_id
    printf '%s %012d\\n' "$boot" "$((\${up%.*} - $1))" >${PRESENT}/beat`,
    'sh',
    String(seconds),
  ])
}

/** Another operator's lock, whose `beat` contains the output of this script. */
export async function plantLock(
  machine: Machine,
  holder: string,
  beat = 'cat /proc/sys/kernel/random/boot_id',
): Promise<void> {
  await machine.check([
    'sh',
    '-c',
    `umask 077
    rm -rf ${PRESENT}
    mkdir -p ${PRESENT}
    printf '%s' "$1" >${PRESENT}/holder
    head -c 16 /dev/urandom | od -A n -t x1 | tr -d ' \\n' >${PRESENT}/token
    { ${beat}; } >${PRESENT}/beat`,
    'sh',
    holder,
  ])
}

/** The token in the lock's files; undefined: there is no lock. */
export async function tokenOn(machine: Machine): Promise<string | undefined> {
  const { stdout, exitCode } = await machine.exec(['cat', `${PRESENT}/token`])
  return exitCode === 0 ? stdout : undefined
}
