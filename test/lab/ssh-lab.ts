/** Two machines, `near` and `far`, with logins of every kind, for the tests of SSH. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import type { SshTarget } from '../../src/spec/cluster.ts'
import { type Fleet, type FleetOptions, openFleet } from '../../src/ssh/fleet.ts'
import { type TestLab, testLab } from './harness.ts'

/** Password of the user `asked`. */
export const PASSWORD = 'correct horse'

export interface SshLab {
  /** Available once the tests run. */
  readonly lab: TestLab
  target(name: string, changes?: Partial<SshTarget>): SshTarget
  /** A fleet that trusts the machines' true keys by default. */
  fleet(options?: Partial<FleetOptions>): Promise<Fleet>
  /** The command lines of all processes on `far`. */
  processesThere(): Promise<string>
  /** A known hosts file with one machine's true key. */
  knownHostsFor(name: string): Promise<string>
  /** Starts a second sshd on `far`, until the lab ends. Returns a known hosts file for it. */
  startSshd(port: number, options: readonly string[]): Promise<string>
}

/** Boots the machines before the tests of a `describe`, and removes them afterwards. */
export function useSshLab(): SshLab {
  let booted: TestLab | undefined
  beforeAll(async () => {
    booted = await testLab({
      machines: ['near', 'far'].map((name) => ({ name, roles: ['etcd'] })),
      addresses: 'dual',
      users: [
        { name: 'free', sudo: 'passwordless' },
        { name: 'asked', sudo: 'password', password: PASSWORD },
        { name: 'barred', sudo: 'none' },
        { name: 'noisy', sudo: 'passwordless' },
      ],
    })
  })
  afterAll(async () => {
    await booted?.down()
  })
  const lab = () => booted ?? expect.unreachable('the lab is there once the tests run')
  return {
    get lab() {
      return lab()
    },
    target: (name, changes = {}) => ({
      host: lab().machine(name).address,
      user: 'root',
      port: undefined,
      identityFile: lab().identityFile,
      jump: undefined,
      ...changes,
    }),
    fleet: async (options = {}) => await openFleet({ knownHosts: lab().knownHostsFile, ...options }),
    processesThere: async () => {
      const list = 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline 2>/dev/null; echo; done'
      return await lab().machine('far').check(['sh', '-c', list])
    },
    knownHostsFor: async (name) => {
      const file = path.join(lab().folder, `known-${name}`)
      const machine = lab().machine(name)
      await writeFile(file, `${machine.address} ${await machine.hostKey()}\n`)
      return file
    },
    startSshd: async (port, options) => {
      const machine = lab().machine('far')
      await machine.check(['/usr/sbin/sshd', '-p', `${port}`, '-o', 'PidFile=none', ...options])
      const known = path.join(lab().folder, `known-${port}`)
      await writeFile(known, `[${machine.address}]:${port} ${await machine.hostKey()}\n`)
      return known
    },
  }
}

/** The command lines of every ssh process on this host. */
export async function sshHere(): Promise<string> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  // A process may end during the inspection.
  const lines = await Promise.all(
    processes.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  const ours = lines.filter((line) => line.startsWith('ssh\0'))
  return ours.join('\n').replaceAll('\0', ' ')
}

/** The error that a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  )
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  await expect.poll(condition, { timeout: 60_000, interval: 100 }).toBe(true)
}
