/**
 * A member's data is damaged, in every possible way: detected, reported, recreated from the others, without a lost
 * write.
 */
import { stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KV } from '../../src/etcd/gen/kv_pb.ts'
import { AlarmRequest_AlarmAction, AlarmType, Maintenance } from '../../src/etcd/gen/maintenance_pb.ts'
import { NO_MEMBER } from '../../src/etcd/id.ts'
import { utf8 } from '../../src/etcd/keys.ts'
import type { RepairOutlook } from '../../src/verbs/repair/decide.ts'
import type { Recorder } from '../../src/recorder/recorder.ts'
import { type Session, allMembers } from '../../src/tiers/etcd/session.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type EtcdClient, INTACT, openEtcdClient } from './support/etcd-client.ts'
import { reportOf } from './support/events.ts'
import { LOST_DATA } from './support/faults.ts'
import { sessionOf } from './support/fill.ts'
import { applied } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'

const BLOCKED = 8
const OPEN = 2
const MARK = 'a-value-that-is-nowhere-else'

interface Done {
  readonly changed: boolean
  readonly snapshot?: string
  readonly disarmed: readonly string[]
  readonly moved: readonly { readonly host: string; readonly to: string }[]
}

const BOOKWORM = { version: '3.4.23', source: { debian: { suite: 'bookworm' } } }

describe.skipIf(whyNoLab())('repair', () => {
  let lab: TestLab
  let session: Session
  let etcdClient: EtcdClient
  let recorder: Recorder
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab, {})
    session = await sessionOf(lab)
    etcdClient = await openEtcdClient(lab)
    recorder = await etcdClient.record()
  })
  afterAll(async () => {
    etcdClient[Symbol.dispose]()
    await session[Symbol.asyncDispose]()
    await lab.down()
  })

  test('where nothing is damaged nothing is done; one that only stands still is to be started', async () => {
    const { members } = JSON.parse(await quorateOk(lab, ['repair', '--json'])) as RepairOutlook
    const [etcd01, etcd02, etcd03] = ['etcd01', 'etcd02', 'etcd03'].map((name) => ({
      name,
      healthy: true,
      evidence: [],
    }))
    expect(members).toMatchObject([etcd01, etcd02, etcd03])
    expect(await reportOf(lab, ['repair', 'etcd02', '--yes'])).toMatchObject({
      changed: false,
      why: expect.stringContaining('etcd02'),
    })
    await lab.machine('etcd03').check(['systemctl', 'stop', 'etcd'])
    const refused = await quorate(lab, ['repair', 'etcd03', '--yes'])
    expect(refused).toMatchObject({
      exitCode: BLOCKED,
      stderr: expect.stringContaining('quorate start etcd03'),
    })
    await lab.machine('etcd03').check(['systemctl', 'start', 'etcd'])
  })

  test('a lost directory', async () => {
    await LOST_DATA.strike(lab.machine('etcd03'), lab)
    expect(await damaged()).toEqual([['etcd03', 'lost']])
    const asked = await quorate(lab, ['repair', 'etcd03'])
    expect(asked).toFail('unconfirmed', { fix: '--yes' })
    expect(asked.stderr).toMatch(/etcd03: .*: \/opt\/etcd\//)
    await repaired('etcd03')
  })

  test('a damaged log', async () => {
    await damageLog('etcd02')
    expect(await damaged()).toEqual([['etcd02', 'log']])
    const { moved } = await repaired('etcd02')
    for (const { host, to } of moved) await lab.machine(host).check(['test', '-e', to])
    expect(moved.map(({ host }) => host)).toContain('etcd02')
  })

  test('a learner that an interrupted repair left, and its log is damaged, too: it is recreated', async () => {
    await damageLog('etcd02')
    await killedAfter(['repair', 'etcd02'], 'ready')
    await damageLog('etcd02')
    expect(await damaged()).toEqual([['etcd02', 'unfinished']])
    const { moved } = await repaired('etcd02')
    expect(moved.map(({ host }) => host)).toContain('etcd02')
  })

  test('contents that differ, and CORRUPT: the good ones are kept and compared before anything is disarmed', async () => {
    await put('/marked', MARK)
    await flip('etcd01', MARK)
    await raiseCorrupt('etcd02')
    expect(await quorate(lab, ['status'])).toMatchObject({
      stdout: expect.stringContaining('quorate repair'),
    })
    // The alarm names another member: the leader raises it, and may be wrong.
    expect(await damaged()).toEqual([['etcd01', 'contents']])
    const other = await quorate(lab, ['repair', 'etcd02', '--yes'])
    expect(other).toMatchObject({
      exitCode: BLOCKED,
      stderr: expect.stringContaining('quorate repair etcd01'),
    })
    expect((await quorate(lab, ['alarms', 'disarm', '--yes'])).stderr).toContain('quorate repair')

    await killedAfter(['repair', 'etcd01'], 'member-remove')
    expect((await statusOf(lab)).report.cluster.healthy).toBe(false)
    const { disarmed } = await repaired('etcd01')
    expect(disarmed).toEqual(['etcd02'])
    for (const member of await allMembers(session)) {
      const { kvs } = await member.call(KV.method.range, { key: utf8('/marked') })
      expect(Buffer.from(kvs[0]?.value ?? []).toString()).toBe(MARK)
    }
  })

  test('CORRUPT alone, with equal contents: compared, a snapshot kept, disarmed', async () => {
    await raiseCorrupt('etcd03')
    expect((await quorate(lab, ['repair'])).exitCode).toBe(OPEN)
    const { disarmed, snapshot, moved } = await repaired('etcd03')
    expect({ disarmed, moved }).toEqual({ disarmed: ['etcd03'], moved: [] })
    expect((await stat(snapshot ?? '')).mode & 0o777).toBe(0o600)
  })

  test('no write that was acknowledged is lost by any of it', async () => {
    expect(await recorder.stop()).toMatchObject(INTACT)
  })

  test("without a majority that agrees, no member's data can be trusted", async () => {
    await flip('etcd01', MARK)
    await flip('etcd02', MARK, 'z')
    const refused = await quorate(lab, ['repair', 'etcd01', '--yes'])
    expect(refused).toFail('blocked/unknown-which-member-is-correct')
  })

  test('3.4, whose own check finds it: the alarm names no member, and no backup is taken', async () => {
    await session[Symbol.asyncDispose]()
    await applied(lab, { etcd: { ...BOOKWORM, settings: { 'experimental-corrupt-check-time': '1s' } } })
    session = await sessionOf(lab)
    await put('/marked', MARK)
    await flip('etcd02', MARK)
    await expect
      .poll(async () => (await quorate(lab, ['alarms'])).stdout, { timeout: 60_000, interval: 500 })
      .toMatch(new RegExp(`${NO_MEMBER} +CORRUPT`))
    const backup = ['backup', '--plaintext', '--store', `${lab.folder}/backups`]
    expect(await quorate(lab, backup)).toFail('unhealthy/no-member-to-back-up', {
      says: ['CORRUPT', 'quorate repair'],
    })
    expect(await damaged()).toEqual([['etcd02', 'contents']])
    expect((await repaired('etcd02')).disarmed).toEqual([NO_MEMBER])
    await quorateOk(lab, backup)
  })

  async function damaged(): Promise<readonly (readonly [string, string | undefined])[]> {
    const { stdout, exitCode } = await quorate(lab, ['repair', '--json'])
    expect(exitCode).toBe(OPEN)
    const { members } = JSON.parse(stdout) as RepairOutlook
    return members.flatMap(({ name, evidence }) =>
      evidence.length > 0 ? [[name, evidence[0]?.kind] as const] : [],
    )
  }

  /** And everything is healthy. */
  async function repaired(name: string): Promise<Done> {
    const lines = (await quorateOk(lab, ['repair', name, '--yes', '--json'])).trim().split('\n')
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
    expect(await reportOf(lab, ['repair', name])).toMatchObject({ changed: false })
    return JSON.parse(lines.at(-1) ?? '') as Done
  }

  async function killedAfter(words: readonly string[], kind: string): Promise<void> {
    const { exitCode, stderr } = await startQuorate(lab, [...words, '--yes', '--json'], {
      onLine: (line, child) => {
        const { type, step } = JSON.parse(line) as {
          readonly type?: string
          readonly step?: { readonly kind: string }
        }
        if (type === 'step-done' && step?.kind === kind) child.kill('SIGKILL')
      },
    }).ended
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 137 })
  }

  async function put(key: string, value: string): Promise<void> {
    const [member] = await allMembers(session)
    await member?.call(KV.method.put, { key: utf8(key), value: utf8(value) })
  }

  /** Changes a byte in the middle of its log, like a bad disk. */
  async function damageLog(name: string): Promise<void> {
    const script = `systemctl stop etcd
      log=$(ls /opt/etcd/wal/*.wal | tail -n 1)
      printf XXXX | dd of="$log" bs=1 seek=300 conv=notrunc status=none
      systemctl start etcd || true`
    await lab.machine(name).check(['sh', '-euc', script])
  }

  /**
   * Changes the first letter of a value, wherever it is in the database of a running member. The member is suspended
   * for that moment, or the position could hold another value by then.
   */
  async function flip(name: string, value: string, by = 'X'): Promise<void> {
    const script = `file=$(find /opt/etcd/data -name db | head -n 1)
      systemctl kill --signal=STOP etcd
      trap 'systemctl kill --signal=CONT etcd' EXIT
      for at in $(grep -abo "$1" "$file" | cut -d: -f1); do
        printf %s "$2" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
        done=yes
      done
      [ "$done" = yes ]`
    await expect
      .poll(async () => (await lab.machine(name).exec(['sh', '-euc', script, 'flip', value, by])).exitCode, {
        timeout: 60_000,
      })
      .toBe(0)
  }

  async function raiseCorrupt(name: string): Promise<void> {
    const [member] = await allMembers(session)
    const id = (await statusOf(lab)).report.members.find((one) => one.name === name)?.id ?? ''
    const { ACTIVATE } = AlarmRequest_AlarmAction
    await member?.call(Maintenance.method.alarm, {
      action: ACTIVATE,
      memberId: BigInt(`0x${id}`),
      alarm: AlarmType.CORRUPT,
    })
  }
})
