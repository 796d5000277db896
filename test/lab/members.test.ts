/**
 * Members are added, removed and replaced: 1 to 3 to 5 to 3, dead ones, leaders, ghosts, with quorate killed in
 * between.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Availability } from '../../src/engine/with-recorder.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { noticed } from './support/events.ts'
import { startOver } from './support/fresh.ts'
import { leftovers } from './support/no-trace.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const BLOCKED = 8
const COMMENT = '# Looked after by the night shift.'

/** Steps that change the membership, or what is on a former member's machine. */
const TURNS = new Set([
  'member-add',
  'start',
  'ready',
  'promote',
  'move-leader',
  'member-remove',
  'stop',
  'aside',
  'remove',
])

interface Event {
  readonly type?: string
  readonly step?: { readonly kind: string; readonly host?: string; readonly what: string }
}

interface Done {
  readonly changed: boolean
  readonly steps: readonly { readonly kind: string; readonly host?: string; readonly what: string }[]
  readonly members: readonly { readonly name: string; readonly id: string }[]
  readonly notCleared: readonly string[]
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
  readonly availability?: Availability
}

describe.skipIf(whyNoLab())('members of a cluster', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 5 })
    await startOver(lab, { nodes: [nodeOf('etcd01')] })
    await writeFile(lab.clusterFile, `${await readFile(lab.clusterFile, 'utf8')}${COMMENT}\n`)
    await quorateOk(lab, ['apply'])
  })
  afterAll(async () => await lab.down())

  test('what is impossible is refused, and the file stays unchanged', async () => {
    const before = await readFile(lab.clusterFile, 'utf8')
    expect(await quorate(lab, ['member', 'add', 'etcd02'])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining('--address'),
    })
    expect(await quorate(lab, ['member', 'remove', 'etcd01', '--yes'])).toFail(
      'blocked/all-etcd-nodes-leave',
      {
        says: 'etcd01',
      },
    )
    expect(await quorate(lab, ['member', 'remove', 'etcd09', '--yes'])).toMatchObject({ exitCode: 64 })
    expect(await quorate(lab, added('etcd02'))).toMatchObject({
      exitCode: 12,
      stderr: expect.stringMatching(/1 voting member .*2 members .* failures/s),
    })

    // The other members must be able to reach it.
    await lab.machine('etcd02').cutNetwork({ ports: [2380] })
    expect(await quorate(lab, [...added('etcd02'), '--yes'])).toFail('preflight', {
      says: /etcd01: .* 2380: .* 10 s/,
    })
    await lab.machine('etcd02').restoreNetwork()
    expect(await readFile(lab.clusterFile, 'utf8')).toBe(before)
    expect(await members()).toEqual(['etcd01'])
  })

  test('from one to three, by command and by the file: no write fails, none is lost', async () => {
    const { availability, members: after } = await change(added('etcd02'))
    expect(after.map(({ name }) => name)).toEqual(['etcd01', 'etcd02'])
    expectUnnoticed(availability)

    await addToFile('etcd03')
    const events = await eventsOf(['apply', '--yes', '--json'])
    expect(events.filter(({ step }) => step?.kind === 'promote').length).toBeGreaterThan(0)
    expectUnnoticed((events.at(-1) as Partial<Done>).availability)
    expect(await members()).toEqual(['etcd01', 'etcd02', 'etcd03'])
    expect(await readFile(lab.clusterFile, 'utf8')).toContain(COMMENT)
    await expectSettled()
  })

  test('to five, killed before and after every turn: no member is added twice', async () => {
    const { kills } = await killedAtEveryTurn(added('etcd04'))
    expect(kills).toEqual(
      expect.arrayContaining(['step-started member-add', 'step-started start', 'step-started promote']),
    )
    expect(await members()).toEqual(['etcd01', 'etcd02', 'etcd03', 'etcd04'])
    expectUnnoticed((await change(added('etcd05'))).availability)
    expect((await members()).length).toBe(5)
    await expectSettled()
  })

  test('back to three: the leader goes last and unnoticed; its machine is decommissioned and its data kept', async () => {
    await quorateOk(lab, ['move-leader', 'etcd05', '--yes'])
    const { steps, moved, availability } = await change(['member', 'remove', 'etcd05'])
    expect(steps.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['move-leader', 'member-remove', 'aside']),
    )
    expectUnnoticed(availability)
    expect(availability?.report.leader.changes).toBe(1)
    await expectCleared('etcd05')
    expect(moved.map(({ from }) => from)).toContain('/opt/etcd/data')
    for (const { host, to } of moved) await lab.machine(host).check(['test', '-e', to])

    const { kills } = await killedAtEveryTurn(['member', 'remove', 'etcd04'])
    expect(kills).toEqual(expect.arrayContaining(['step-started member-remove', 'step-started stop']))
    await expectCleared('etcd04')
    expect(await members()).toEqual(['etcd01', 'etcd02', 'etcd03'])
    expect(await quorateOk(lab, ['member', 'remove', 'etcd04', '--yes'])).toBe(NOTHING_TO_CHANGE)
    await expectSettled()
  })

  test('a removal that would lose the quorum is refused with the arithmetic', async () => {
    await quorateOk(lab, ['stop', 'etcd03', '--yes'])
    const before = await readFile(lab.clusterFile, 'utf8')
    expect(await quorate(lab, ['member', 'remove', 'etcd02', '--yes'])).toFail(
      'blocked/remaining-member-does-not-answer',
      { host: 'etcd03', says: / 2 of 3 .*\b2\b/ },
    )
    expect(await readFile(lab.clusterFile, 'utf8')).toBe(before)
    await quorateOk(lab, ['start', 'etcd03'])
  })

  test('its data lost: recreated on its machine, killed before and after every turn', async () => {
    const machine = lab.machine('etcd03')
    const [id] = await idsOf(['etcd03'])
    await machine.check(['systemctl', 'kill', '-s', 'KILL', 'etcd'])
    await machine.check(['systemctl', 'stop', 'etcd'])
    await machine.check(['rm', '-rf', '/opt/etcd/data', '/opt/etcd/wal'])
    expect(await quorate(lab, ['apply', '--yes'])).toMatchObject({
      exitCode: BLOCKED,
      stderr: expect.stringContaining('quorate repair etcd03'),
    })
    const { kills } = await killedAtEveryTurn(['member', 'replace', 'etcd03'])
    expect(kills).toEqual(expect.arrayContaining(['step-started member-remove', 'step-started promote']))
    expect(await idsOf(['etcd03'])).not.toEqual([id])
    expect((await members()).length).toBe(3)
    await expectSettled()
  })

  test('a healthy one is recreated only by its ID, and a leader hands over first', async () => {
    expect(await quorateOk(lab, ['member', 'replace', 'etcd01', '--yes'])).toMatch(
      /healthy member .*--recreate [0-9a-f]+\n/,
    )
    await quorateOk(lab, ['move-leader', 'etcd01', '--yes'])
    const [id = ''] = await idsOf(['etcd01'])
    const words = ['member', 'replace', 'etcd01', '--anew', id]
    const { steps, availability } = await change(words)
    const turns = steps.map(({ kind }) => kind).filter((kind) => TURNS.has(kind))
    expect(turns.slice(0, 2)).toEqual(['move-leader', 'member-remove'])
    expect(availability?.report).toMatchObject({ lostWrites: 0, writes: { failed: 0 } })
    await lab.machine('etcd01').check(['sh', '-c', 'ls -d /opt/etcd/data.before-join-*'])
    expect(await quorateOk(lab, [...words, '--yes'])).toBe(NOTHING_TO_CHANGE)
  })

  test('its machine is gone: another takes its place; when it returns, its etcd ends and it is decommissioned', async () => {
    // The change starts during the election: a member that waits for its end is not unhealthy.
    if ((await statusOf(lab)).report.cluster.leader !== 'etcd02')
      await quorateOk(lab, ['move-leader', 'etcd02', '--yes'])
    await lab.machine('etcd02').kill()
    const words = ['member', 'replace', 'etcd02', 'etcd04', '--address', lab.machine('etcd04').address]
    const { steps, notCleared, availability } = await change(words)
    const turns = steps
      .map(({ kind }) => kind)
      .filter((kind) => kind.startsWith('member-') || kind === 'promote')
    expect(turns).toEqual(['member-remove', 'member-add', 'promote'])
    expect(notCleared).toEqual(['etcd02'])
    expect(availability?.report).toMatchObject({ lostWrites: 0, writes: { failed: 0 } })
    expect(await members()).toEqual(['etcd01', 'etcd03', 'etcd04'])
    expect((await statusOf(lab)).report.cluster.notes.join()).toContain('quorate member remove etcd02')

    await lab.machine('etcd02').boot()
    await vi.waitFor(async () => expect((await unitOf('etcd02')).active).toMatch(/inactive|failed/), {
      timeout: 60_000,
      interval: 200,
    })
    expect((await lab.machine('etcd02').exec(['journalctl', '-u', 'etcd', '-o', 'cat'])).stdout).toMatch(
      /removed/,
    )
    expect((await change(['member', 'remove', 'etcd02'])).moved.length).toBeGreaterThan(0)
    await expectCleared('etcd02')
    expect((await statusOf(lab)).report.cluster.notes).toEqual([])
    await expectSettled()
  })

  test('ghosts of adds that failed: one of no node is removed, one of a node is adopted', async () => {
    const away = lab.machine('etcd01').address.replace(/\d+$/, '99')
    await quorateOk(lab, [
      'etcdctl',
      '--',
      'member',
      'add',
      'ghost',
      '--learner',
      `--peer-urls=https://${away}:2380`,
    ])
    const peer = `https://${lab.machine('etcd05').address}:2380`
    await addToFile('etcd05')
    const events = await eventsOf(['apply', '--yes', '--json'])
    expect(kindsOf(events)).toEqual(['member-remove', 'member-add', 'promote'])
    await change(['member', 'remove', 'etcd05'])

    // As a voting member, which counts immediately.
    await new Promise((resolve) => setTimeout(resolve, 5_100))
    await quorateOk(lab, ['etcdctl', '--', 'member', 'add', 'etcd05', `--peer-urls=${peer}`])
    const { steps } = await change(added('etcd05'))
    expect(steps.map(({ kind }) => kind)).not.toContain('member-add')
    expect(await members()).toEqual(['etcd01', 'etcd03', 'etcd04', 'etcd05'])
  })

  test('a node that only loses the role in the file leaves its data behind: apply says so, and it is decommissioned', async () => {
    const text = await readFile(lab.clusterFile, 'utf8')
    const at = text.indexOf('name: etcd05')
    await writeFile(lab.clusterFile, text.slice(0, at) + text.slice(at).replace('[etcd]', '[worker]'))
    const { stdout, stderr } = await quorate(lab, ['apply', '--yes'])
    expect(stdout + stderr).toContain('quorate member remove etcd05')
    expect(await members()).toEqual(['etcd01', 'etcd03', 'etcd04'])
    await change(['member', 'remove', 'etcd05'])
    await expectCleared('etcd05')
    expect((await quorate(lab, ['apply'])).stderr).not.toContain('member remove')
    expect(await leftovers(lab.machines)).toEqual([])
  })

  function nodeOf(name: string): Record<string, unknown> {
    return { name, address: lab.machine(name).address, roles: ['etcd'] }
  }

  function added(name: string): readonly string[] {
    return ['member', 'add', name, '--address', lab.machine(name).address]
  }

  async function addToFile(name: string): Promise<void> {
    const text = await readFile(lab.clusterFile, 'utf8')
    const node = `nodes:\n  - { name: ${name}, address: ${lab.machine(name).address}, roles: [etcd] }\n`
    await writeFile(lab.clusterFile, text.replace('nodes:\n', node))
  }

  async function change(words: readonly string[]): Promise<Done> {
    const stdout = await quorateOk(lab, [...words, '--yes', '--json'])
    const done = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Done
    expect(done.changed).toBe(true)
    return done
  }

  async function eventsOf(words: readonly string[]): Promise<readonly Event[]> {
    const lines = (await quorateOk(lab, words)).trim().split('\n')
    return lines.map((line) => JSON.parse(line) as Event)
  }

  /**
   * Kills it at the first turn at which it was not killed yet, until a run completes. A completed step may not be
   * visible: the machine continued what it had started while quorate was killed.
   */
  async function killedAtEveryTurn(words: readonly string[]): Promise<{ readonly kills: readonly string[] }> {
    const kills: string[] = []
    for (let runs = 0; runs < 2 * 2 * TURNS.size; runs++) {
      let killed = false
      const { stdout, stderr, exitCode } = await startQuorate(
        lab,
        [...words, '--yes', '--json', '--no-probe'],
        {
          onLine: (line, child) => {
            const { type = '', step } = JSON.parse(line) as Event
            const moment = `${type} ${step?.kind}`
            if (killed || !type.startsWith('step-') || !TURNS.has(step?.kind ?? '') || kills.includes(moment))
              return
            kills.push(moment)
            killed = child.kill('SIGKILL')
          },
        },
      ).ended
      if (killed) continue
      if (exitCode !== 0) throw new Error(`after ${kills.join(', ')}:\n${stdout.slice(-2000)}${stderr}`)
      return { kills }
    }
    throw new Error(`no end: ${kills.join(', ')}`)
  }

  async function members(): Promise<readonly string[]> {
    const { report } = await statusOf(lab)
    expect(report.cluster).toMatchObject({ healthy: true, problems: [] })
    return report.members.map(({ name }) => name).toSorted()
  }

  async function idsOf(names: readonly string[]): Promise<readonly string[]> {
    const { report } = await statusOf(lab)
    return report.members.flatMap(({ name, id }) => (names.includes(name) && id !== null ? [id] : []))
  }

  async function expectSettled(): Promise<void> {
    expect((await quorate(lab, ['apply'])).stdout).toBe(NOTHING_TO_CHANGE)
  }

  async function unitOf(name: string): Promise<{ readonly active: string; readonly enabled: string }> {
    const ask = async (word: string) =>
      (await lab.machine(name).exec(['systemctl', word, 'etcd'])).stdout.trim()
    return { active: await ask('is-active'), enabled: await ask('is-enabled') }
  }

  async function expectCleared(name: string): Promise<void> {
    expect((await unitOf(name)).active).toBe('inactive')
    const machine = lab.machine(name)
    for (const gone of [
      '/opt/etcd/data',
      '/opt/etcd/wal',
      '/etc/systemd/system/etcd.service',
      '/etc/etcd/cluster-id',
    ])
      expect((await machine.exec(['test', '-e', gone])).exitCode).toBe(1)
    await machine.check(['sh', '-c', 'ls -d /opt/etcd/data.before-leave-* /opt/etcd/wal.before-leave-*'])
  }
})

function kindsOf(events: readonly Event[]): readonly string[] {
  return events.flatMap(({ type, step }) =>
    type === 'step-done' && (step?.kind.startsWith('member-') || step?.kind === 'promote') ? [step.kind] : [],
  )
}

/** With the gaps, which a failure shows. */
function expectUnnoticed(availability: Availability | undefined): void {
  expect(availability?.report).toMatchObject({
    lostWrites: 0,
    revisionsBackwards: 0,
    writes: { failed: 0 },
    reads: { failed: 0 },
  })
  expect(noticed(availability)).toEqual([])
}
