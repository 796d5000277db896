/**
 * The quorum is lost: quorate reports what is left, and turns it into a cluster again with every acknowledged write.
 */
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { failureKind } from '../../src/etcd/failure.ts'
import { KV } from '../../src/etcd/gen/kv_pb.ts'
import { fromUtf8, utf8 } from '../../src/etcd/keys.ts'
import type { RecoveryReport } from '../../src/verbs/recover/report.ts'
import { type Session, allMembers } from '../../src/tiers/etcd/session.ts'
import { etcdNodes } from '../../src/spec/cluster.ts'
import type { Machine } from '../../src/lab/machine.ts'
import { tool as run } from '../../src/lab/tool.ts'
import { type ScheduleConfig, renderConfig } from '../../src/schedule/config.ts'
import { PLACES } from '../../src/schedule/places.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import type { RecoveryPreview } from '../../src/verbs/recover/decide.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type ShownEvent, eventOf, reportOf, runJson } from './support/events.ts'
import { type ToolEvent, held, on } from './support/held.ts'
import { sessionOf } from './support/fill.ts'
import { applied } from './support/fresh.ts'
import { leftovers } from './support/no-trace.ts'
import { recordsOf } from './support/records.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { UNCHANGED } from './support/unchanged.ts'

const BLOCKED = 8
const OPEN = 2
const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml'
const KEYS = '/history/'
/** Some forty runs, each killed one step further. */
const KILLS_MS = 900_000
/** This many writes are acknowledged before anything happens. */
const ENOUGH = 60
const CONFIRM = ['--confirm', 'test', '--json']
const [TRUE, FALSE] = ['tampered-with:no.', 'tampered-with:yes']

/** An acknowledged write. */
interface Written {
  readonly value: string
  readonly revision: bigint
}

describe.skipIf(whyNoLab())('a quorum that is lost', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: [
        ...['etcd01', 'etcd02', 'etcd03'].map((name) => ({ name })),
        { name: 'service01', roles: ['service'] },
      ],
    })
  })
  afterAll(async () => await lab.down())
  const members = () => lab.machines.filter(({ name }) => name !== 'service01')

  test(
    'crashed right behind a write, two members lost their data; killed at every step, no acknowledged write is missing',
    { timeout: KILLS_MS },
    async () => {
      // For a while, applied entries are only in the log: as in the moment after a write, but longer.
      const settings = { 'backend-batch-interval': '10m', 'backend-batch-limit': 1_000_000 }
      await applied(lab, { etcd: { ...LAB_ETCD, settings } })
      expect(await recoverJson([])).toMatchObject({ exitCode: 0, report: { kind: 'serving', choices: [] } })

      const leader = (await statusOf(lab)).report.cluster.leader ?? ''
      const others = members().filter(({ name }) => name !== leader)
      const history = await writeUntil(async () => undefined)
      await put('tampered', TRUE)
      await Promise.all(members().map(crash))
      const whole = await recoverJson([])
      expect(whole).toMatchObject({ exitCode: OPEN, report: { kind: 'startable', mayBeLost: [] } })
      expect(whole.report.choices).toMatchObject([{ kind: 'start', command: 'quorate start --all' }])
      const refused = await quorate(lab, ['recover', '--from-survivor', ...CONFIRM])
      expect(refused).toMatchObject({ exitCode: BLOCKED })
      expect(refused.stdout).toContain('quorate start --all')

      for (const machine of others) await machine.check(['mv', '/opt/etcd/data', '/opt/etcd/data.away'])
      const [user, pod] = [lab.machine(leader), others[0] ?? lab.machine(leader)]
      const etcdClient = lab.machine('service01')
      for (const [machine, unit] of [
        [user, 'kube-apiserver'],
        [etcdClient, 'flanneld'],
      ] as const) {
        const text = '[Service]\nExecStart=/bin/sleep infinity\n'
        await machine.writeFile(`/etc/systemd/system/${unit}.service`, text)
        await machine.check(['systemctl', 'start', unit])
      }
      await pod.writeFile(MANIFEST, 'kind: Pod\n')
      const users = async () => [
        (await user.exec(['systemctl', 'is-active', 'kube-apiserver'])).stdout.trim(),
        (await pod.exec(['cat', MANIFEST])).stdout.trim(),
        (await etcdClient.exec(['systemctl', 'is-active', 'flanneld'])).stdout.trim(),
      ]
      const { report } = await recoverJson([])
      expect(report).toMatchObject({ kind: 'lost', best: leader, complete: false, voters: 3, quorum: 2 })
      // Since the last write in its log, and before that what it did not get.
      expect(report.mayBeLost).toEqual([
        expect.stringMatching(new RegExp(` \\d{4}-\\d\\d-\\d\\dT.* ${leader}\\), .* ${leader}\\b`)),
      ])
      await offersBackupOf(etcdClient)
      // The last write was acknowledged, and no remaining log shows that.
      const log = report.members.find(({ name }) => name === leader)?.log
      expect(log?.lastIndex).toBeGreaterThan(log?.commit ?? 0)
      const shown = await quorate(lab, ['recover', '--from-survivor', '--yes', '--json'])
      expect(shown.exitCode).toBe(12)
      const preview = shown.stdout.split('\n').find((line) => line.includes('"type":"preview"')) ?? ''
      const { stopped } = JSON.parse(preview) as Pick<RecoveryPreview, 'stopped'>
      expect(stopped.map(({ host, what }) => `${host}: ${what}`).toSorted()).toEqual(
        [
          `${user.name}: kube-apiserver.service`,
          `${pod.name}: ${MANIFEST}`,
          `${etcdClient.name}: flanneld.service`,
        ].toSorted(),
      )

      await killed('step-done fence')
      // The next run fences those that were not fenced yet.
      const apply = await quorate(lab, ['apply'])
      expect(apply).toMatchObject({ exitCode: BLOCKED })
      expect(apply.stderr).toContain('quorate recover --from-survivor')
      expect(await quorate(lab, ['start', '--all'])).toMatchObject({ exitCode: BLOCKED })
      expect(await quorateOk(lab, ['recover', '--abandon'])).toContain('abandoned')
      expect((await recordsOf(lab)).at(-1)).toMatchObject({ verb: 'recover', error: null })
      expect(await users()).toEqual(['active', 'kind: Pod', 'active'])
      expect((await recoverJson([])).report.kind).toBe('lost')

      const seconds: ProcessResult[] = []
      const second = async (_: ToolEvent, tool: ChildProcess) => {
        seconds.push(await quorate(lab, ['recover', '--from-survivor', '--confirm', 'test']))
        tool.kill('SIGKILL')
      }
      await held(
        lab,
        ['recover', '--from-survivor', '--confirm', 'test'],
        [{ at: on('step-started copy'), act: second }],
      )
      const another = expect.toFail('locked/another-operator-holds-the-lock', { says: /\(recover\) since/ })
      expect(seconds).toEqual([another])
      await killed('step-done copy')
      expect((await recoverJson([])).report.choices).toMatchObject([{ kind: 'finish' }])
      // Same keys, same revisions, another value: also detected if revisions were raised.
      await tamper(lab.machine(leader), 'data.recover-new', [TRUE, FALSE])
      await differs(['--from-survivor'])
      await tamper(lab.machine(leader), 'data', [FALSE, TRUE])
      await killed('step-started begin')
      expect(await quorate(lab, ['recover', '--abandon'])).toMatchObject({ exitCode: BLOCKED })
      await killed('step-done clear')
      await givenUpForLackOfData(lab.machine(leader))
      await killed('step-done clear')
      expect(await users()).toEqual(['inactive', '', 'inactive'])
      await killed('step-done release')
      await quorateOk(lab, ['recover', '--from-survivor', ...CONFIRM])
      expect(await users()).toEqual(['active', 'kind: Pod', 'active'])
      expect((await recoverJson([])).report.kind).toBe('serving')
      expect(await quorateOk(lab, ['apply'])).toContain(UNCHANGED)
      await using session = await sessionOf(lab)
      expect(missing(history, await contents(session))).toEqual([])
      expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
      expect(await leftovers(lab.machines)).toEqual([])
      const folders = await lab.machine(leader).check(['ls', '/opt/etcd'])
      expect(folders).toMatch(/^data\ndata\.before-recover-\d+T\d+Z\nwal\nwal\.before-recover-\d+T\d+Z\n$/)
      // A watcher of the old cluster must read everything again, instead of waiting for revisions that others had seen.
      const [first] = [...history.values()]
      await expect(readAt(session, first?.revision ?? 0n)).rejects.toSatisfy(
        (error: unknown) => failureKind(error) === 'out-of-range',
      )
    },
  )

  test('a whole cluster that is off is started together, with all that it had', async () => {
    await using before = await sessionOf(lab)
    const had = await contents(before)
    await Promise.all(
      members().map(async (machine) => {
        await machine.check(['systemctl', 'disable', 'etcd'])
        await machine.kill()
        await machine.boot()
      }),
    )
    expect((await recoverJson([])).report).toMatchObject({ kind: 'startable', mayBeLost: [] })
    expect(await quorateOk(lab, ['start', '--all'])).toMatch(/started etcd01, etcd02, etcd03/)
    await using session = await sessionOf(lab)
    expect(await contents(session)).toEqual(had)
    expect(await quorateOk(lab, ['start', '--all'])).toContain(UNCHANGED)
  })

  test('members are started one after the other: the first one waits for a quorum, the second one is waited for', async () => {
    await Promise.all(
      members().map(async (machine) => await machine.check(['systemctl', 'disable', '--now', 'etcd'])),
    )
    const alone = await runJson(lab, ['start', 'etcd01'])
    expect(alone).toMatchObject({ exitCode: 1, noteIds: ['members-wait-for-quorum'] })
    const both = await runJson(lab, ['start', 'etcd02'])
    expect(both).toMatchObject({ exitCode: 0, noteIds: [] })
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthyMembers: 2 })
    await quorateOk(lab, ['start', 'etcd03'])
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
  })

  test('3.4: the surviving member was cut off before; exactly what only the others acknowledged is lost, and they do no harm when they return', async () => {
    await applied(lab, { etcd: { version: '3.4.23', source: { debian: { suite: 'bookworm' } } } })
    const [survivor, ...others] = members() as [Machine, ...Machine[]]
    const shared = await writeUntil(async () => undefined)
    await put('tampered', TRUE)
    await quorateOk(lab, ['move-leader', 'etcd02', '--yes', '--no-probe'])
    await survivor.cutNetwork({ ports: [2380] })
    const alone = await writeUntil(async () => undefined, 'alone')
    await Promise.all(others.map(async (machine) => await machine.kill()))
    const open = await recoverJson([])
    expect(open).toMatchObject({ exitCode: OPEN, report: { kind: 'open', best: 'etcd01' } })
    expect(open.report.choices.map(({ kind }) => kind)).toEqual(['wait', 'survivor'])
    const refused = await quorate(lab, ['recover', '--from-survivor', ...CONFIRM])
    expect(refused).toMatchObject({ exitCode: BLOCKED })
    expect(refused.stdout).toContain('--lost etcd02 etcd03')

    const command = open.report.choices[1]?.command?.split(' ').slice(1) ?? []
    await killed('step-done copy', command)
    await tamper(survivor, 'data.recover-new', [TRUE, FALSE])
    await differs(command.slice(1))
    await tamper(survivor, 'data', [FALSE, TRUE])
    const done = lastEvent(await quorateOk(lab, [...command, ...CONFIRM])) as unknown as {
      readonly revision: number
      readonly members: readonly string[]
      readonly left: readonly string[]
    }
    expect(done).toMatchObject({ members: ['etcd01'], left: ['etcd02', 'etcd03'] })
    await survivor.restoreNetwork()
    await using session = await sessionOf(lab)
    const now = await contents(session)
    expect(missing(shared, now)).toEqual([])
    for (const [key, { revision }] of alone) {
      expect(now.has(key)).toBe(false)
      expect(Number(revision)).toBeGreaterThan(done.revision)
    }

    // Together they are a quorum of the old cluster, and continue as that.
    await Promise.all(others.map(async (machine) => await machine.boot()))
    const { id } = (await statusOf(lab)).report.cluster
    const after = await writeUntil(async () => undefined, 'after')
    expect((await statusOf(lab)).report.cluster).toMatchObject({ id, healthy: true, healthyMembers: 1 })
    expect(missing(after, await contents(session))).toEqual([])
    await quorateOk(lab, ['member', 'remove', 'etcd02', 'etcd03', '--yes'])
    const listed = await others[0]?.check(['ls', '/opt/etcd'])
    expect(listed).toMatch(/data\.before-leave-/)
  })

  async function recoverJson(args: readonly string[]) {
    const { exitCode, stdout, stderr } = await quorate(lab, ['recover', ...args, '--json'])
    if (stdout === '') throw new Error(stderr)
    return { exitCode, report: JSON.parse(stdout) as RecoveryReport }
  }

  /**
   * Two backups in the directory of a node with a schedule: the newer one is offered, and the suggested command fetches
   * it.
   */
  async function offersBackupOf(machine: Machine): Promise<void> {
    const names = ['20260101T000000.000Z-r7', '20260102T000000.000Z-r9'].map(
      (end) => `test-${end}.bundle.age`,
    )
    const config: ScheduleConfig = {
      format: 1,
      cluster: 'test',
      node: machine.name,
      members: [{ name: 'etcd01', address: '198.18.0.1', port: 2379 }],
      plaintext: false,
      store: { kind: 'directory', path: '/srv/kept backups' },
      recipients: ['age1'],
      every: 'hourly',
      etcdVersion: '3.6.16',
      tool: 'etcdutl',
      exporter: '/none',
      keep: { hourly: 1, daily: 1, weekly: 1, monthly: 1 },
    }
    await machine.writeFile(PLACES.config, renderConfig(config))
    for (const name of names) await machine.writeFile(`/srv/kept backups/${name}`, `of ${name}`)
    const offered = (await recoverJson([])).report.choices.filter(({ kind }) => kind === 'backup')
    expect(offered).toMatchObject([{ text: expect.stringContaining('revision 9') }])
    const [fetch = '', restore] = offered[0]?.command?.split(' && ') ?? []
    expect(restore).toBe(`quorate restore ./${names[1]}`)
    await run(['sh', '-euc', `cd "$1"; ${fetch}`, 'fetch', lab.folder])
    expect(await readFile(path.join(lab.folder, names[1] ?? ''), 'utf8')).toBe(`of ${names[1]}`)
    await machine.check(['rm', '-rf', '/etc/quorate-backup', '/srv/kept backups'])
  }

  /** Recovers, and ends with the new cluster started, whose contents differ from the copy's. */
  async function differs(words: readonly string[]): Promise<void> {
    expect(await quorate(lab, ['recover', ...words, ...CONFIRM])).toFail('unhealthy/differs-from-the-copy', {
      says: / hash is \d+, .* \d+/,
    })
  }

  async function put(key: string, value: string): Promise<void> {
    await using session = await sessionOf(lab)
    const [client] = await allMembers(session)
    await client?.call(KV.method.put, { key: utf8(key), value: utf8(value) })
  }

  /** Recovers, and is killed at this moment (`step-done copy`). */
  async function killed(moment: string, words = ['recover', '--from-survivor']): Promise<void> {
    const [type, kind] = moment.split(' ')
    const events: ShownEvent[] = []
    let hit = false
    const { ended } = startQuorate(lab, [...words, ...CONFIRM], {
      onLine: (line, child) => {
        const event = eventOf(line)
        events.push(event)
        if (event.type === type && event.step?.kind === kind) hit = child.kill('SIGKILL')
      },
    })
    await ended
    if (!hit) throw new Error(`${moment} never came: ${JSON.stringify(events.at(-1))}`)
  }

  /** The surviving member loses the new data: the old data is put back, so that everything starts again. */
  async function givenUpForLackOfData(survivor: Machine): Promise<void> {
    const pin = '/etc/etcd/cluster-id'
    const clusterOf = async () => (await survivor.check(['cat', pin])).match(/cluster-id=\w+/)?.[0]
    const made = await clusterOf()
    await survivor.check(['systemctl', 'stop', 'etcd'])
    await survivor.check(['rm', '-rf', '/opt/etcd/data'])
    const lost = await quorate(lab, ['recover', '--from-survivor', ...CONFIRM])
    expect(lost).toFail('blocked/new-data-is-lost', { fix: 'quorate recover --abandon' })
    const abandoned = await reportOf(lab, ['recover', '--abandon'])
    expect(abandoned).toMatchObject({ changed: true, stays: false })
    for (const machine of members()) {
      const names = await machine.check(['ls', '/opt/etcd'])
      expect(names).not.toContain('before-recover')
      // The copy of the log, which only exists with a surviving member's data.
      expect(names.includes('wal.abandoned-recover-')).toBe(machine.name === survivor.name)
    }
    expect(await survivor.check(['ls', '/opt/etcd'])).toMatch(/^data\nwal\n/)
    expect(await clusterOf()).not.toBe(made)
    const { report } = await recoverJson([])
    expect(report).toMatchObject({ kind: 'lost', best: survivor.name })
    await survivor.check(['sh', '-c', 'rm -r /opt/etcd/wal.abandoned-recover-*'])
  }

  /** Writes one key after the other until `until` is over; returns what was acknowledged. */
  async function writeUntil(until: () => Promise<unknown>, name = 'key'): Promise<Map<string, Written>> {
    await using session = await sessionOf(lab)
    const written = new Map<string, Written>()
    const over = new AbortController()
    const writer = async (lane: number) => {
      const clients = await session.members(etcdNodes(session.cluster).slice(0, 3))
      const client = clients.at(lane % clients.length)
      for (let count = 0; !over.signal.aborted; count++) {
        const [key, value] = [`${KEYS}${name}-${lane}-${count}`, `value ${count}`]
        try {
          const answer = await client?.call(
            KV.method.put,
            { key: utf8(key), value: utf8(value) },
            { timeoutMs: 1_000 },
          )
          written.set(key, { value, revision: answer?.header?.revision ?? 0n })
        } catch {
          await sleep(20)
        }
      }
    }
    const writers = [0, 1, 2].map(async (lane) => await writer(lane))
    while (written.size < ENOUGH) await sleep(50)
    await until()
    over.abort()
    await Promise.all(writers)
    return written
  }
})

/** Like a power failure, except that the machine stays up; etcd is not started again. */
async function crash(machine: Machine): Promise<void> {
  await machine.check(['sh', '-euc', 'systemctl kill --signal=KILL etcd; systemctl disable --now etcd'])
}

/** Changes a value in the database of a member that is stopped for that: its file has no checksums. */
async function tamper(
  machine: Machine,
  folder: string,
  [from, to]: readonly [string, string],
): Promise<void> {
  const script = `systemctl stop etcd
    places=$(grep -abo "$2" "$1" | cut -d: -f1)
    for at in $places; do printf %s "$3" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none; done
    [ -n "$places" ]`
  await machine.check(['sh', '-euc', script, 'tamper', `/opt/etcd/${folder}/member/snap/db`, from, to])
}

async function contents(session: Session): Promise<Map<string, Written>> {
  const [client] = await allMembers(session)
  const range = { key: utf8(KEYS), rangeEnd: utf8('/history0') }
  const answer = await client?.call(KV.method.range, range)
  return new Map(
    (answer?.kvs ?? []).map(({ key, value, modRevision }) => [
      fromUtf8(key),
      { value: fromUtf8(value), revision: modRevision },
    ]),
  )
}

async function readAt(session: Session, revision: bigint): Promise<void> {
  const [client] = await allMembers(session)
  await client?.call(KV.method.range, { key: utf8(KEYS), revision })
}

/** Acknowledged keys that are missing, or have another value. */
function missing(
  history: ReadonlyMap<string, Written>,
  now: ReadonlyMap<string, Written>,
): readonly string[] {
  return [...history].flatMap(([key, { value, revision }]) => {
    const found = now.get(key)
    return found?.value === value && found.revision === revision ? [] : [key]
  })
}

function lastEvent(output: string): ShownEvent {
  return eventOf(output.trimEnd().split('\n').at(-1) ?? '')
}
