/** Locks as they may lie on a machine, whoever put them there. */
import type { Machine } from '../../../src/lab/machine.ts'

const PRESENT = '/run/quorate/lock'

/** As if the holder of the lock there had given its last sign of life so long ago, in s of the machine's uptime. */
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

/** A lock of another operator's, whose `beat` has what this script prints. */
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

/** The lock's files are still these: the token, or undefined where there is no lock. */
export async function tokenOn(machine: Machine): Promise<string | undefined> {
  const { stdout, exitCode } = await machine.exec(['cat', `${PRESENT}/token`])
  return exitCode === 0 ? stdout : undefined
}
