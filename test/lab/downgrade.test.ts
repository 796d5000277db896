/** One cluster up two minors and down again, with etcd's own downgrade, and with kills and aborts in between. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Availability } from '../../src/engine/with-recorder.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { fill, sessionOf } from './support/fill.ts'
import { applied } from './support/fresh.ts'
import { type Happening, held, on } from './support/held.ts'
import { leftovers } from './support/no-trace.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const BLOCKED = 8

const [OLD, MIDDLE, NEW] = ['3.5.35', '3.6.16', '3.7.3'] as const

/** The cluster file's section about etcd. */
const ETCD = { source: { modules: {} } }

interface Done {
  readonly clusterVersion: string
  readonly snapshot?: { readonly file: string }
  readonly steps: readonly { readonly kind: string; readonly host?: string }[]
  readonly availability: Availability
}

interface Preview {
  readonly downgrade: string | null
  readonly cancels: string | null
  readonly order: readonly string[]
  readonly problems: readonly {
    readonly host?: string
    readonly message: string
    readonly hint?: string
  }[]
}

const kindsOf = ({ steps }: Done) =>
  steps.map(({ kind }) => kind).filter((kind) => kind.startsWith('downgrade'))

const kill: Happening['act'] = async (_event, tool) => void tool.kill('SIGKILL')

const to = (version: string) => ['upgrade', '--to', version, '--yes', '--watch', '1']

describe.skipIf(reason)(`up to 3.7 and down to 3.5${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: 3,
      cluster: { etcd: { ...ETCD, version: OLD } },
    })
    await applied(lab)
    await quorateOk(lab, ['etcdctl', '--', 'put', 'since', OLD])
  })
  afterAll(async () => {
    await lab.down()
  })

  const versions = async () =>
    (await statusOf(lab)).report.members.map(({ version, healthy }) => (healthy ? version : 'sick'))
  const check = async (args: readonly string[]) => {
    const { stdout, exitCode } = await quorate(lab, [...args, '--check', '--json'])
    return { exitCode, preview: JSON.parse(stdout) as Preview }
  }

  /** Runs it completely, and asserts everything that a user may rely on. */
  async function whole(args: readonly string[], version: string): Promise<Done> {
    const { stdout, exitCode, stderr } = await quorate(lab, [...args, '--json'])
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}:\n${stdout.slice(-2000)}${stderr}`)
    const done = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Done
    const { writes, reads, lostWrites, revisionsBackwards, watch } = done.availability.report
    expect({
      failed: writes.failed + reads.failed,
      stale: reads.stale,
      lostWrites,
      revisionsBackwards,
      missing: watch.missing,
      duplicates: watch.duplicates,
    }).toEqual({ failed: 0, stale: 0, lostWrites: 0, revisionsBackwards: 0, missing: 0, duplicates: 0 })
    expect(writes.acknowledged).toBeGreaterThan(10)
    expect(await versions()).toEqual([version, version, version])
    expect((await statusOf(lab)).report.cluster).toMatchObject({
      healthy: true,
      version: version.split('.').slice(0, 2).join('.'),
      downgrade: null,
    })
    expect(await readFile(lab.clusterFile, 'utf8')).toContain(version)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'since', '--print-value-only'])).toBe(`${OLD}\n`)
    return done
  }

  /** Runs it and kills it with SIGKILL at the moment. */
  async function killedAt(args: readonly string[], moment: string): Promise<void> {
    const run = await held(lab, args, [{ at: on(moment), act: kill }])
    expect({ happened: run.happened, error: run.events.at(-1)?.error }).toEqual({ happened: 1 })
    // Commands that were still running on the nodes have ended.
    await vi.waitFor(async () => expect(await leftovers(lab.machines)).toEqual([]), 60_000)
  }

  test('killed when the last member runs 3.6, --abort goes back to 3.5 by a downgrade', async () => {
    const { leader } = (await statusOf(lab)).report.cluster
    await killedAt(to(MIDDLE), `step-done restart ${leader}`)
    expect(await versions()).toEqual([MIDDLE, MIDDLE, MIDDLE])
    const back = await whole(['upgrade', '--abort', '--yes'], OLD)
    expect(kindsOf(back)).toEqual(['downgrade-enable', 'downgrade-await'])
    expect(back.clusterVersion).toBe('3.5')
    expect(back.snapshot?.file).toContain(MIDDLE)
  })

  test('up to 3.6; 3.7 waits until a snapshot has left behind what members of 3.5 wrote into their logs', async () => {
    expect((await whole(to(MIDDLE), MIDDLE)).clusterVersion).toBe('3.6')
    const held35 = await check(['upgrade', '--to', NEW])
    expect(held35.exitCode).toBe(BLOCKED)
    expect(held35.preview.problems.map(({ host }) => host)).toEqual(['etcd01', 'etcd02', 'etcd03'])
    expect(held35.preview.problems[0]?.hint).toContain('etcd.settings.snapshot-count: "100"')
    await lab.writeCluster({ etcd: { ...ETCD, version: MIDDLE, settings: { 'snapshot-count': '100' } } })
    await quorateOk(lab, ['apply', '--yes'])
    await using session = await sessionOf(lab)
    await fill(session, 'history', 10, 150)
    expect((await whole(to(NEW), NEW)).clusterVersion).toBe('3.7')
    const far = await check(['upgrade', '--to', OLD])
    expect(far.exitCode).toBe(BLOCKED)
    expect(far.preview.problems[0]?.hint).toContain(`${MIDDLE}, then ${OLD}`)
  })

  test('a downgrade that is not continued is reported, blocks everything else, and is canceled', async () => {
    const shown = await check(['upgrade', '--to', MIDDLE])
    expect(shown).toMatchObject({ exitCode: 0, preview: { downgrade: '3.6', cancels: null } })
    await killedAt(to(MIDDLE), 'step-done downgrade-enable')
    const { report } = await statusOf(lab)
    expect(report.cluster).toMatchObject({ healthy: true, downgrade: '3.6' })
    expect(report.cluster.notes.join()).toContain('quorate upgrade --abort')
    const apply = await quorate(lab, ['apply'])
    expect(apply.exitCode).toBe(BLOCKED)
    expect(apply.stderr).toContain(`quorate upgrade --to ${MIDDLE}`)
    const up = await check(['upgrade', '--to', NEW])
    expect(up.exitCode).toBe(BLOCKED)
    expect(up.preview.problems[0]?.hint).toContain('quorate upgrade --abort')
    expect(await check(['upgrade', '--abort'])).toMatchObject({
      exitCode: 0,
      preview: { cancels: '3.6', order: [] },
    })
    const back = await quorateOk(lab, ['upgrade', '--abort', '--yes'])
    expect(back).toContain(NEW)
    expect((await statusOf(lab)).report.cluster).toMatchObject({ version: '3.7', downgrade: null, notes: [] })
  })

  test('killed behind the first member, --abort brings it back up and cancels', async () => {
    await killedAt(to(MIDDLE), 'step-started canary')
    expect((await versions()).filter((version) => version === MIDDLE)).toHaveLength(1)
    const back = await whole(['upgrade', '--abort', '--yes'], NEW)
    expect(kindsOf(back)).toEqual(['downgrade-cancel'])
    expect(back.steps.filter(({ kind }) => kind === 'restart')).toHaveLength(1)
  })

  test('down to 3.6 and to 3.5, killed in between: the same command continues', async () => {
    const done = await whole(to(MIDDLE), MIDDLE)
    expect(kindsOf(done)).toEqual(['downgrade-enable', 'downgrade-await'])
    const { leader } = (await statusOf(lab)).report.cluster
    await killedAt(to(OLD), 'step-started move-leader')
    const rest = await whole(to(OLD), OLD)
    expect(rest.steps.flatMap(({ kind, host }) => (kind === 'restart' ? [host] : []))).toEqual([leader])
    expect(kindsOf(rest)).toEqual([])
  })
})
