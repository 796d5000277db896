/**
 * One cluster through five real versions of etcd, from 3.3 to 3.6, with everything that operators do to an upgrade in
 * between.
 */
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Availability } from '../../src/engine/with-recorder.ts'
import type { UpgradePreview } from '../../src/verbs/upgrade/examine.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { GOING_DOWN } from './support/faults.ts'
import { fill, sessionOf } from './support/fill.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { held, on } from './support/held.ts'
import { leftovers } from './support/no-trace.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE, UNCHANGED } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const BLOCKED = 8
const MOVED = 9

interface Event {
  readonly type: string
  readonly step?: { readonly kind: string; readonly host?: string }
}

interface Done {
  readonly changed: boolean
  readonly clusterVersion: string
  readonly members: readonly { readonly name: string; readonly version: string; readonly sha256: string }[]
  readonly snapshot?: { readonly file: string; readonly revision: number }
  readonly steps: readonly { readonly kind: string; readonly host?: string }[]
  readonly availability: Availability
}

/** The cluster file's section about etcd. */
function file(version: string, suite: string, more: Readonly<Record<string, unknown>> = {}) {
  return { etcd: { version, source: { debian: { suite } }, ...more } }
}

describe.skipIf(reason)(`from 3.3 to 3.6${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3, cluster: file('3.3.25', 'bullseye', { enableV2: true }) })
    await applied(lab)
    await quorateOk(lab, ['etcdctl', '--', 'put', 'since', '3.3'])
  })
  afterAll(async () => {
    await lab.down()
  })

  const versions = async () =>
    (await statusOf(lab)).report.members.map(({ version, healthy }) => (healthy ? version : 'sick'))
  const pids = async () =>
    await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd.service')))
  const get = async (key: string) => await quorateOk(lab, ['etcdctl', '--', 'get', key, '--print-value-only'])
  const clusterText = async () => await readFile(lab.clusterFile, 'utf8')

  /** Upgrades, and asserts everything that a user may rely on; leaves a key that records the upgrade. */
  async function upgradeTo(version: string, args: readonly string[] = []): Promise<Done> {
    const { stdout, exitCode, stderr } = await quorate(lab, [
      'upgrade',
      '--to',
      version,
      '--yes',
      '--watch',
      '1',
      '--json',
      ...args,
    ])
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}:\n${stdout.slice(-2000)}${stderr}`)
    const done = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Done
    const { writes, reads, lostWrites, revisionsBackwards, watch } = done.availability.report
    const harm = {
      failed: writes.failed + reads.failed,
      stale: reads.stale,
      lostWrites,
      revisionsBackwards,
      missing: watch.missing,
      duplicates: watch.duplicates,
    }
    expect(harm).toEqual({
      failed: 0,
      stale: 0,
      lostWrites: 0,
      revisionsBackwards: 0,
      missing: 0,
      duplicates: 0,
    })
    expect(writes.acknowledged).toBeGreaterThan(10)
    expect(await versions()).toEqual([version, version, version])
    // The executable of systemd's process, and not only the version that it reports.
    const running = await Promise.all(
      lab.machines.map(async (machine) => {
        const pid = await machine.mainPid('etcd.service')
        return (await machine.check(['sha256sum', `/proc/${pid}/exe`])).split(' ')[0]
      }),
    )
    expect(done.members.map(({ sha256 }) => sha256)).toEqual(running)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    return done
  }

  /** Runs an upgrade and kills it with SIGKILL at the event. @returns whose step that was */
  async function killedAt(version: string, moment: (event: Event) => boolean): Promise<string> {
    let killed: Event | undefined
    const { ended } = startQuorate(lab, ['upgrade', '--to', version, '--yes', '--watch', '1', '--json'], {
      onLine: (line, child) => {
        const event = JSON.parse(line) as Event
        if (killed === undefined && moment(event) && child.kill('SIGKILL')) killed = event
      },
    })
    const { stdout, stderr, exitCode } = await ended
    // Members that were killed or stopped a moment ago may look different at the second inspection: then quorate asks
    // for a rerun.
    if (killed === undefined && exitCode === MOVED) return await killedAt(version, moment)
    if (killed === undefined) throw new Error(`the upgrade ended by itself:\n${stdout.slice(-2000)}${stderr}`)
    return killed.step?.host ?? ''
  }

  /**
   * Upgrades with a member that is stopping at the first inspection, and starts only while quorate waits for it; killed
   * then.
   */
  async function goingDownWhenSeen(version: string): Promise<void> {
    const { leader } = (await statusOf(lab)).report.cluster
    const last = lab.machines.findLast(({ name }) => name !== leader)
    if (last === undefined) throw new Error('a cluster of leaders')
    await GOING_DOWN.strike(last, lab)
    const run = await held(
      lab,
      ['upgrade', '--to', version, '--yes', '--watch', '1'],
      [
        { at: on('step-started await-health'), act: async () => await GOING_DOWN.heal(last, lab) },
        { at: on('step-done await-health'), act: async (_event, tool) => void tool.kill('SIGKILL') },
      ],
    )
    expect({ happened: run.happened, error: run.events.at(-1)?.error }).toEqual({ happened: 2 })
  }

  test('skipping a minor, a version that loses data and a wrong word are refused, all reasons at once, nothing touched', async () => {
    const before = await pids()
    const skip = await quorate(lab, ['upgrade', '--to', '3.5.16', '--yes'])
    expect(skip).toFail('blocked', { says: /3\.3\.25 .*3\.5\.16/, fix: /3\.4\.45, then 3\.5\./ })
    const bad = await quorate(lab, ['upgrade', '--to', '3.5.1', '--suite', 'trixie', '--check'])
    expect(bad.exitCode).toBe(BLOCKED)
    expect(bad.stdout).toContain('fixed in 3.5.3')
    expect(bad.stdout).toContain('etcd01, etcd02, etcd03: etcd 3.3.25 is running')
    expect((await quorate(lab, ['upgrade'])).exitCode).toBe(64)
    expect((await quorate(lab, ['upgrade', '--to', '3.4.22'])).stderr).toContain('--suite SUITE')
    // No terminal, no --yes.
    const unasked = await quorate(lab, ['upgrade', '--to', '3.4.23'])
    expect(unasked).toMatchObject({
      exitCode: 12,
      stderr: expect.stringMatching(/\bsnapshot\b.* 3\.3\.25\b/),
    })
    expect(await pids()).toEqual(before)
  })

  test('data behind the v2 API that the next version would not serve is named; one thing at a time', async () => {
    await quorateOk(lab, ['etcdctl', '--api', '2', '--', 'set', '/seed/key', 'value'])
    const before = await clusterText()
    await writeFile(lab.clusterFile, before.replace('enableV2: true', 'enableV2: false'))
    const refused = await quorate(lab, ['upgrade', '--to', '3.4.23', '--yes'])
    expect(refused).toFail('blocked', { says: [/\(\/seed\).* etcd 3\.4/, /other changes/] })
    await writeFile(lab.clusterFile, before)
  })

  test('3.3.25 to 3.4.23: a snapshot first, a follower first, the leader last; the file says so with its comments kept', async () => {
    const text = `# ours\n${(await clusterText()).replace('version: 3.3.25', 'version: "3.3.25"   # Debian')}`
    await writeFile(lab.clusterFile, text)
    const { report } = await statusOf(lab)
    const done = await upgradeTo('3.4.23')
    expect(done.clusterVersion).toBe('3.4')
    const restarts = done.steps.flatMap(({ kind, host }) => (kind === 'restart' ? [host] : []))
    expect(restarts).toHaveLength(3)
    expect(restarts.at(-1)).toBe(report.cluster.leader)
    expect(await get('since')).toBe('3.3\n')
    expect(await quorateOk(lab, ['etcdctl', '--api', '2', '--', 'get', '/seed/key'])).toBe('value\n')
    expect(await clusterText()).toBe(text.replace('"3.3.25"', '"3.4.23"').replace('bullseye', 'bookworm'))
    const snapshot = done.snapshot?.file ?? ''
    expect(path.dirname(snapshot)).toBe(path.join(stateFolder(lab), 'snapshots'))
    expect((await stat(snapshot)).mode & 0o777).toBe(0o600)
    // A second time: nothing to do, and no question.
    expect(await quorateOk(lab, ['upgrade', '--to', '3.4.23'])).toContain(UNCHANGED)
    expect(await readdir(path.dirname(snapshot))).toEqual([path.basename(snapshot)])
  })

  test('a setting that the next version does not know is refused by name, with the way out', async () => {
    const changed = (await clusterText()).replace(
      'etcd:\n',
      'etcd:\n  settings: { log-output: stderr, debug: false }\n',
    )
    const before = await clusterText()
    await writeFile(lab.clusterFile, changed)
    const refused = await quorate(lab, ['upgrade', '--to', '3.5.16', '--check', '--json'])
    const { problems } = JSON.parse(refused.stdout) as { problems: { message: string; hint: string }[] }
    expect(refused.exitCode).toBe(BLOCKED)
    expect(problems.find(({ message }) => message.includes('etcd.settings.log-output'))?.hint).toMatch(
      // Both versions know the other name: it is changed before.
      /\blog-outputs\b.*\bapply\b.*\bupgrade\b/,
    )
    expect(problems.find(({ message }) => message.includes('etcd.settings.debug'))?.hint).toContain(
      'remove debug',
    )
    await writeFile(lab.clusterFile, before)
  })

  test('3.4.23 to 3.5.16, killed behind the first member: apply keeps its hands off, --abort goes back', async () => {
    await quorateOk(lab, ['etcdctl', '--', 'put', 'since', '3.4'])
    await killedAt('3.5.16', ({ type, step }) => type === 'step-started' && step?.kind === 'canary')
    const mixed = await versions()
    expect(mixed.filter((version) => version === '3.5.16')).toHaveLength(1)
    const before = await pids()
    const apply = await quorate(lab, ['apply'])
    expect(apply).toFail('blocked/another-etcd-version', {
      fix: ['quorate upgrade --to 3.5.16', 'quorate upgrade --abort'],
    })
    expect(await pids()).toEqual(before)
    const text = await quorateOk(lab, ['upgrade', '--abort', '--yes'])
    expect(text).toContain('etcd 3.4.23')
    expect(await versions()).toEqual(['3.4.23', '3.4.23', '3.4.23'])
    // Only the one that had left was restarted.
    const after = await pids()
    expect(after.filter((pid, index) => pid !== before[index])).toHaveLength(1)
    expect(await get('since')).toBe('3.4\n')
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await quorateOk(lab, ['upgrade', '--abort', '--yes'])).toContain(UNCHANGED)
  })

  test('killed again and again, it continues each time and completes; a member that was stopped in between goes first', async () => {
    await killedAt('3.5.16', ({ type, step }) => type === 'step-done' && step?.kind === 'binaries')
    // Commands that were still running on the nodes have ended.
    await vi.waitFor(async () => expect(await leftovers(lab.machines)).toEqual([]), 60_000)
    await goingDownWhenSeen('3.5.16')
    const name = await killedAt(
      '3.5.16',
      ({ type, step }) => type === 'step-started' && step?.kind === 'restart',
    )
    // Commands that were still running on the nodes have ended.
    await vi.waitFor(async () => expect(await leftovers(lab.machines)).toEqual([]), 60_000)
    await lab.machine(name).check(['systemctl', 'stop', 'etcd'])
    await killedAt('3.5.16', ({ type, step }) => type === 'step-started' && step?.kind === 'move-leader')
    const { clusterVersion } = await upgradeTo('3.5.16')
    expect(clusterVersion).toBe('3.5')
    expect(await get('since')).toBe('3.4\n')
    expect(await leftovers(lab.machines)).toEqual([])
  })

  test('every member has been on 3.5: there is no rollback to 3.4, and the reason is reported', async () => {
    const text = await clusterText()
    await writeFile(lab.clusterFile, text.replace('"3.5.16"', '"3.4.23"').replace('trixie', 'bookworm'))
    const before = await pids()
    const abort = await quorate(lab, ['upgrade', '--abort', '--yes'])
    expect(abort).toFail('blocked/cluster-has-run-a-newer-minor', { says: / 3\.5\b/ })
    expect(await pids()).toEqual(before)
    await writeFile(lab.clusterFile, text)
  })

  test('what 3.6 requires first is reported all at once, before anything is downloaded', async () => {
    const { stdout, exitCode } = await quorate(lab, [
      'upgrade',
      '--to',
      '3.6.14',
      '--suite',
      'sid',
      '--check',
      '--json',
    ])
    expect(exitCode).toBe(BLOCKED)
    expect(stdout).toContain('3.5.26')
    expect(stdout).toContain('quorate upgrade --to 3.5.35')
    const { problems } = JSON.parse(stdout) as UpgradePreview
    expect(problems.find(({ id }) => id === 'v2-api-has-data')?.message).toMatch(/\(\/seed\).* etcd 3\.6/)
    expect(problems.map(({ id }) => id)).toContain('v2-api-is-enabled')
  })

  test('3.5.16 to 3.5.30, a new version that does not come up: it stops at the first member, and --abort brings it back', async () => {
    await quorateOk(lab, ['etcdctl', '--', 'put', 'since', '3.5'])
    // The canary's new binary is installed but can't be started.
    await Promise.all(
      lab.machines.map(async (machine) => {
        await machine.check(['mkdir', '-p', '/etc/systemd/system/etcd.service.d'])
        const trap = '[Service]\nExecStartPre=/bin/sh -c "! /usr/local/bin/etcd --version | grep -q 3.5.30"\n'
        await machine.writeFile('/etc/systemd/system/etcd.service.d/trap.conf', trap)
        await machine.check(['systemctl', 'daemon-reload'])
      }),
    )
    const failed = await quorate(lab, ['upgrade', '--to', '3.5.30', '--yes', '--watch', '1'])
    expect(failed.exitCode).not.toBe(0)
    expect(failed.stderr).toContain('quorate upgrade --abort')
    expect((await versions()).filter((version) => version === '3.5.16')).toHaveLength(2)
    await quorateOk(lab, ['upgrade', '--abort', '--yes'])
    expect(await versions()).toEqual(['3.5.16', '3.5.16', '3.5.16'])
    await Promise.all(
      lab.machines.map(async (machine) => {
        await machine.check(['rm', '-r', '/etc/systemd/system/etcd.service.d'])
        await machine.check(['systemctl', 'daemon-reload'])
      }),
    )
    await upgradeTo('3.5.30')
    expect(await get('since')).toBe('3.5\n')
  })

  test('on to 3.6.16, built from modules: the source is changed in the file, and a snapshot leaves the v2 API behind', async () => {
    await quorateOk(lab, ['etcdctl', '--api', '2', '--', 'rm', '--recursive', '/seed'])
    const settings = 'enableV2: false\n  settings: { snapshot-count: "100" }'
    const text = (await clusterText()).replace('enableV2: true', settings)
    await writeFile(lab.clusterFile, text.replace(/debian:\s+suite: sid/, 'modules: {}'))
    await quorateOk(lab, ['apply', '--yes'])
    await using session = await sessionOf(lab)
    await fill(session, 'history', 10, 150)
    expect((await upgradeTo('3.6.16')).clusterVersion).toBe('3.6')
    expect(await get('since')).toBe('3.5\n')
    expect(await clusterText()).toMatch(/version: "3\.6\.16"[^]*modules: \{\}/)
  })
})
