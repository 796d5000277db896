/** Invalid locks, clocks that jump, and `quorate unlock`. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadClusterFile, openSession, unlock } from '../../src/index.ts'
import { SILENCE_SECONDS } from '../../src/engine/lock-reading.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { applied } from './support/fresh.ts'
import { plantLock, silentFor, tokenOn } from './support/locks.ts'
import { runJson } from './support/events.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const HOLDER = 'eve@elsewhere (apply) since 2026-01-02T03:04:05.678Z'

const AHEAD = `read -r up _ </proc/uptime
  printf '%s %012d\\n' "$(cat /proc/sys/kernel/random/boot_id)" "$((\${up%.*} + 9000000))"`
const OTHER_BOOT = "echo '00000000-0000-4000-8000-000000000000 000000000005'"
/** A lock that an earlier version left behind when the clock was an hour ahead. */
const EARLIER_VERSION_AHEAD =
  ': >/run/quorate/lock/beat; touch -d "1 hour" /run/quorate/lock/beat; exec >/dev/null'

/** The time as reported by `date`: an hour later than the real one. */
const CLOCK_JUMPS = `printf '#!/bin/sh\\nexec /usr/bin/date -d "+1 hour" "$@"\\n' >/usr/local/bin/date
  chmod +x /usr/local/bin/date`

describe.skipIf(whyNoLab())('the lock', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
  })
  afterAll(async () => await lab.down())
  beforeEach(async () => {
    for (const machine of lab.machines) {
      await machine.check(['rm', '-rf', '/run/quorate/lock', '/usr/local/bin/date'])
    }
  })

  test('of a boot before this one is free at once, and a present one is not watched for it', async () => {
    for (const machine of lab.machines) await plantLock(machine, HOLDER, OTHER_BOOT)
    const moved = await runJson(lab, ['move-leader', '--yes'])
    expect(moved).toMatchObject({ exitCode: 0, error: undefined })
    expect(moved.noteIds).toContain('lock-taken-over')
    expect(moved.noteIds).not.toContain('lock-watched')
    expect(moved.notes).toContainEqual(expect.stringContaining('eve@elsewhere'))
    expect(await Promise.all(lab.machines.map(tokenOn))).toEqual([undefined, undefined, undefined])
  })

  test('that is invalid is watched, and taken over: it blocks no operator forever, and leads nowhere', async () => {
    const [one, two, three] = lab.machines
    if (one === undefined || two === undefined || three === undefined)
      throw new Error('three machines are meant')
    await plantLock(one, '\u001B]0;root\u0007 $(touch /pwned); touch /pwned', AHEAD)
    await plantLock(two, HOLDER, EARLIER_VERSION_AHEAD)
    const precious = '/var/tmp/precious'
    await three.check([
      'sh',
      '-c',
      `mkdir -p ${precious} && echo kept >${precious}/token && ln -s ${precious} /run/quorate/lock
      rm -f /run/quorate/mutex && ln -s ${precious}/token /run/quorate/mutex`,
    ])
    const { stdout, stderr, exitCode } = await quorate(lab, ['move-leader', '--yes'])
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    expect(stdout + stderr).toMatch(new RegExp(`: watching .* ${SILENCE_SECONDS} s\\b`))
    expect(stdout + stderr).not.toContain('\u001B]0')
    expect(await three.readFile(`${precious}/token`)).toBe('kept\n')
    expect((await one.exec(['test', '-e', '/pwned'])).exitCode).toBe(1)
    expect(await Promise.all(lab.machines.map(tokenOn))).toEqual([undefined, undefined, undefined])
  })

  test('with files that are pipes and mountains is shown and removed without reading them', async () => {
    const [machine] = lab.machines
    await machine?.check([
      'sh',
      '-c',
      `mkdir /run/quorate/lock && cd /run/quorate/lock
      mkfifo token && ln -s /dev/zero beat && head -c 30000000 /dev/zero | tr '\\0' x >holder`,
    ])
    const text = await quorateOk(lab, ['unlock', '--confirm', 'test', '--json'])
    expect(text.length).toBeLessThan(1_000)
    expect(JSON.parse(text)).toMatchObject({
      locks: [{ host: machine?.name, state: 'gone', user: null, command: null }],
      removed: [machine?.name],
    })
    expect((await preview()).locks).toEqual([])
  })

  test('stays with an active holder when the clock jumps; only --force and the name take it', async () => {
    for (const machine of lab.machines) await machine.check(['sh', '-c', CLOCK_JUMPS])
    const first = await held()
    for (const machine of lab.machines)
      await machine.check(['touch', '-d', '1 hour ago', '/run/quorate/lock/beat'])
    const second = await quorate(lab, ['move-leader', '--yes'])
    expect(second).toFail('locked/another-operator-holds-the-lock', {
      says: /\S+@\S+ \(restart\)/,
      fix: 'quorate unlock',
    })

    const { locks } = await preview()
    expect(locks).toHaveLength(3)
    expect(locks[0]).toMatchObject({ command: 'restart', state: 'beats' })
    const tokens = await Promise.all(lab.machines.map(tokenOn))
    const refused = await quorate(lab, ['unlock', '--confirm', 'test'])
    expect(refused).toFail('locked', { fix: 'quorate unlock --force' })
    const wrong = await quorate(lab, ['unlock', '--force', '--confirm', 'tset'])
    expect(wrong.exitCode).toBe(64)
    const unnamed = await quorate(lab, ['unlock', '--force', '--yes'])
    expect(unnamed.exitCode).toBe(12)
    expect(await Promise.all(lab.machines.map(tokenOn))).toEqual(tokens)

    const forced = await quorateOk(lab, ['unlock', '--force', '--confirm', 'test'])
    expect(forced).toBe('lock removed: etcd01, etcd02, etcd03\n')
    first.child.kill('SIGCONT')
    const end = await first.ended
    expect(end).toFail('command/lost-the-lock', { fix: 'quorate unlock --preview' })
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(JSON.parse(await quorateOk(lab, ['unlock', '--json']))).toMatchObject({ locks: [], removed: [] })
  })

  test("of an earlier version's active holder is kept, whatever its clock says", async () => {
    const [machine] = lab.machines
    if (machine === undefined) throw new Error('a machine is meant')
    await plantLock(machine, HOLDER, EARLIER_VERSION_AHEAD)
    const token = await tokenOn(machine)
    const beats = 'i=0; while :; do i=$((i + 1)); touch -d "$i minutes" /run/quorate/lock/beat; sleep 1; done'
    await machine.check(['systemd-run', '--quiet', '--unit=beats', 'sh', '-c', beats])
    const refused = await quorate(lab, ['move-leader', '--yes'])
    await machine.check(['systemctl', 'stop', 'beats.service'])
    expect(refused).toFail('locked/another-operator-holds-the-lock', { says: ': eve@elsewhere' })
    expect(await tokenOn(machine)).toBe(token)
  })

  test('that gets no new heartbeat is awaited: a killed run releases it when its connection ends', async () => {
    const [machine] = lab.machines
    if (machine === undefined) throw new Error('a machine is meant')
    await plantLock(machine, HOLDER)
    const later = ['sh', '-c', 'sleep 5; rm -rf /run/quorate/lock']
    await machine.check(['systemd-run', '--quiet', '--unit=released', ...later])
    expect(await runJson(lab, ['move-leader', '--yes'])).toMatchObject({ exitCode: 0, error: undefined })
  })

  test('is removed only if it is the one that was shown', async () => {
    const [machine] = lab.machines
    if (machine === undefined) throw new Error('a machine is meant')
    await plantLock(machine, HOLDER)
    await silentFor(machine, 40)
    const { cluster } = await loadClusterFile(lab.clusterFile)
    await using session = await openSession(cluster)
    let next: string | undefined
    const removal = unlock(session, {
      force: true,
      confirm: async ({ locks }) => {
        expect(locks[0]?.reading.who).toBe(HOLDER)
        await plantLock(machine, HOLDER)
        next = await tokenOn(machine)
      },
    })
    await expect(removal).rejects.toMatchObject({ code: 'moved', host: machine.name })
    expect(await tokenOn(machine)).toBe(next)
    expect(next).toMatch(/^[0-9a-f]{32}$/)
  })

  test('on an unreachable machine is named as unknown, and the others are unlocked', async () => {
    const [one, two] = lab.machines
    if (one === undefined || two === undefined) throw new Error('machines are meant')
    await plantLock(one, HOLDER)
    await silentFor(one, 40)
    await two.check(['systemctl', 'stop', 'ssh.socket', 'ssh.service'], {})
    const text = await quorateOk(lab, ['unlock', '--json', '--confirm', 'test'])
    await two.check(['systemctl', 'start', 'ssh.service'])
    expect(JSON.parse(text)).toMatchObject({
      locks: [{ host: one.name, user: 'eve', from: 'elsewhere', command: 'apply', state: 'gone' }],
      removed: [one.name],
      unknown: [{ host: two.name }],
    })
  })

  /** A suspended restart that holds the lock on all machines; it would continue for at least half a minute. */
  async function held(): Promise<ReturnType<typeof startQuorate>> {
    const stopped = Promise.withResolvers<void>()
    let started = false
    const running = startQuorate(lab, ['restart', 'etcd01', 'etcd02', 'etcd03', '--yes', '--json'], {
      onLine: (line, child) => {
        if (started || (JSON.parse(line) as { type?: string }).type !== 'step-done') return
        started = true
        child.kill('SIGSTOP')
        stopped.resolve()
      },
    })
    await Promise.race([stopped.promise, running.ended])
    return running
  }

  async function preview(): Promise<{ locks: readonly { host: string; state: string }[] }> {
    return JSON.parse(await quorateOk(lab, ['unlock', '--preview', '--json'])) as never
  }
})
