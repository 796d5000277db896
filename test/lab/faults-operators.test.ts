/** Two operators at once, one who disappears, and which of their secrets can be seen. */
import { lstat, readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { startOver, stateFolder } from './support/fresh.ts'
import { silentFor } from './support/locks.ts'
import { processesMentioning } from './support/no-trace.ts'
import { runJson } from './support/events.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { WHOLE, outcomeOf } from './support/whole.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const SUDO_PASSWORD = 'Sesam-oeffne-Dich 7'
const PASSPHRASE = 'correct horse battery staple 9'

describe.skipIf(whyNoLab())('operators', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: 3,
      users: [{ name: 'ops', sudo: 'password', password: SUDO_PASSWORD }],
    })
  })
  afterAll(async () => await lab.down())
  beforeEach(async () => await startOver(lab))

  test('at the same time: the second learns who holds the lock since when, the first continues', async () => {
    const second = Promise.withResolvers<Awaited<ReturnType<typeof quorate>>>()
    let started = false
    const first = startQuorate(lab, ['apply', '--json'], {
      onLine: (line, child) => {
        if (started || typeOf(line) !== 'wave') return
        started = true
        // Suspended, because it might finish before the second run stops waiting.
        child.kill('SIGSTOP')
        second.resolve(quorate(lab, ['apply']))
      },
    })
    const refused = await second.promise
    first.child.kill('SIGCONT')
    expect(refused).toFail('locked/another-operator-holds-the-lock', {
      says: /\S+@\S+ \(apply\) since 20\d\d-/,
    })
    expect(await first.ended).toMatchObject({ exitCode: 0 })
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('of whom one becomes silent: taken over, and stopped by the fence if they return', async () => {
    const stopped = Promise.withResolvers<void>()
    let done = 0
    const first = startQuorate(lab, ['apply', '--json'], {
      onLine: (line, child) => {
        if (typeOf(line) !== 'step-done' || (done += 1) !== 5) return
        child.kill('SIGSTOP')
        stopped.resolve()
      },
    })
    await stopped.promise
    const early = await quorate(lab, ['apply'])
    expect(early).toMatchObject({ exitCode: 75 })
    // As if half a minute had passed without a heartbeat.
    for (const machine of lab.machines) await silentFor(machine, 40)
    const next = await runJson(lab, ['apply'])
    expect(next).toMatchObject({ exitCode: 0, error: undefined })
    expect(next.noteIds).toContain('lock-taken-over')

    first.child.kill('SIGCONT')
    const end = await first.ended
    expect(end.exitCode).not.toBe(0)
    expect(end.stdout).toMatch(/lock/)
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('keep their secrets: none is on a command line, in a journal, in the output, or readable to others', async () => {
    const files = await secretFiles()
    await lab.writeCluster({
      ssh: { user: 'ops', identityFile: lab.identityFile },
      pki: { authority: { local: { passphrase: true } } },
    })
    const run = startQuorate(lab, ['apply', '-v', '--json', ...files])
    const ended = new AbortController()
    const seen: string[] = []
    const secrets = [SUDO_PASSWORD, PASSPHRASE]
    const watch = async () => {
      while (!ended.signal.aborted) {
        // Machines are containers, so their processes are also visible from this host.
        seen.push(...(await processesMentioning(secrets)))
        await sleep(50)
      }
    }
    const watching = watch()
    const { exitCode, stdout, stderr } = await run.ended
    ended.abort()
    await watching
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    expect(seen).toEqual([])
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
    expect(stdout + stderr).not.toMatch(/PRIVATE KEY/)

    for (const machine of lab.machines) {
      const journal = await machine.check(['journalctl', '--no-pager', '-o', 'json'])
      for (const secret of [...secrets, 'PRIVATE KEY']) expect(journal).not.toContain(secret)
      const keys = await machine.check(
        ['grep', '-rl', 'PRIVATE KEY', '/etc/ssl/etcd.d', '/var/lib/quorate', '/run/quorate', '/tmp'],
        {},
      )
      expect(keys.trim()).toMatch(/^\/etc\/ssl\/etcd\.d\/pair\.\w+\/etcd\.key$/)
    }

    const kept = await stateFiles()
    const withKey = kept.filter(({ text }) => text.includes('PRIVATE KEY')).map(({ name }) => name)
    expect(withKey).toEqual(['operator/quorate-operator.key'])
    expect(kept.map(({ name }) => name)).toContain('ca/ca.key.age')
    const open = kept.filter(({ name, mode }) => /\.key/.test(name) && mode !== 0o600)
    expect(open).toEqual([])
    for (const folder of ['ca', 'operator']) {
      const { mode } = await lstat(path.join(stateFolder(lab), folder))
      expect(mode & 0o777).toBe(0o700)
    }
    expect(await quorateOk(lab, ['apply', ...files])).toBe(NOTHING_TO_CHANGE)
  })

  async function secretFiles(): Promise<string[]> {
    const password = path.join(lab.folder, 'sudo-password')
    const passphrase = path.join(lab.folder, 'passphrase')
    await writeFile(password, `${SUDO_PASSWORD}\n`, { mode: 0o600 })
    await writeFile(passphrase, `${PASSPHRASE}\n`, { mode: 0o600 })
    return ['--sudo-password-file', password, '--passphrase-file', passphrase]
  }

  async function stateFiles(): Promise<{ name: string; mode: number; text: string }[]> {
    const folder = stateFolder(lab)
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
    return await Promise.all(
      files.map(async (file) => ({
        name: path.relative(folder, file),
        mode: (await lstat(file)).mode & 0o777,
        text: await readFile(file, 'latin1'),
      })),
    )
  }
})

function typeOf(line: string): string | undefined {
  return (JSON.parse(line) as { type?: string }).type
}
