/** Faults during a rolling restart: the run completes, or stops and says why; the same command then completes it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorId } from '../../src/error-ids.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type EtcdClient, INTACT, openEtcdClient } from './support/etcd-client.ts'
import { applied } from './support/fresh.ts'
import {
  CUT_LOG,
  EXPIRED,
  FROZEN,
  FULL_DISK,
  type Fault,
  KILLED,
  LOST_DATA,
  OPERATOR_CUT_OFF,
  TORN_LOG,
  certificateOf,
  cutOff,
} from './support/faults.ts'
import { type Happening, finish, held, on, restartsOfOthers } from './support/held.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MIB = 1024 ** 2
const [DONE, FAILED, UNREACHABLE, BLOCKED] = [0, 1, 69, 8]

/**
 * The affected member: the leader, the one that is being restarted, the next one, or the one that was restarted first.
 */
type Victim = 'leader' | 'restarting' | 'next' | 'restarted' | 'etcd03'

interface Case {
  readonly what: string
  readonly fault: Fault
  readonly victim: Victim
  readonly at: string
  /** When the fault is healed: as soon as this happens, or after quorate has ended. */
  readonly until?: string
  readonly exit: number
  /** Its message if it stops, and what to do then. */
  readonly id?: ErrorId
  readonly says?: RegExp
  readonly hint?: RegExp
  /** What is typed then, if not the same command: that of the hint, followed by the member's name. */
  readonly cure?: readonly string[]
}

const FIRST = 'step-started restart'
const CASES: readonly Case[] = [
  { what: 'the leader is killed', fault: KILLED, victim: 'leader', at: FIRST, exit: DONE },
  { what: 'the other follower is killed', fault: KILLED, victim: 'next', at: FIRST, exit: DONE },
  { what: 'the member that restarts is killed', fault: KILLED, victim: 'restarting', at: FIRST, exit: DONE },
  { what: 'the next member hangs', fault: FROZEN, victim: 'next', at: 'step-done restart', exit: DONE },
  {
    what: 'the leader hangs',
    fault: FROZEN,
    victim: 'leader',
    at: 'step-done restart',
    exit: DONE,
  },
  {
    what: 'a member hangs that was restarted before',
    fault: FROZEN,
    victim: 'restarted',
    at: 'step-done restart next',
    until: 'step-started await-health',
    exit: DONE,
  },
  {
    what: 'a member hears its peers no more',
    fault: cutOff({ ports: [2380], direction: 'in' }),
    victim: 'restarted',
    at: 'step-done restart next',
    until: 'step-started await-health',
    exit: DONE,
  },
  {
    what: 'a machine is cut off from everything',
    fault: cutOff({}),
    victim: 'restarted',
    at: 'step-done restart',
    exit: UNREACHABLE,
    id: 'connection-lost',
    says: / 15 s/,
    hint: /ssh/,
  },
  {
    what: 'the operator is cut off',
    fault: OPERATOR_CUT_OFF,
    victim: 'restarting',
    at: FIRST,
    exit: UNREACHABLE,
    id: 'connection-lost',
    says: / 15 s/,
    hint: /ssh/,
  },
  { what: 'a power cut tears a log', fault: TORN_LOG, victim: 'next', at: 'step-done restart', exit: DONE },
  {
    what: 'a log lost entries that it had',
    fault: CUT_LOG,
    victim: 'next',
    at: 'step-done restart',
    exit: FAILED,
    says: /lastIndex/,
    hint: /quorate repair/,
    cure: ['repair'],
  },
  {
    what: 'the data of a member is lost',
    fault: LOST_DATA,
    victim: 'next',
    at: 'step-done restart',
    exit: BLOCKED,
    id: 'data-is-missing',
    says: /: [^(]*\/opt\/etcd\/wal/,
    hint: /quorate repair/,
  },
  {
    what: 'a member has another one’s certificate',
    fault: certificateOf('etcd02'),
    victim: 'leader',
    at: 'step-done restart',
    exit: DONE,
  },
  { what: 'a certificate expires', fault: EXPIRED, victim: 'next', at: 'step-done restart', exit: DONE },
  {
    what: 'a disk is full',
    fault: FULL_DISK,
    victim: 'etcd03',
    at: 'looking',
    exit: FAILED,
    says: /No space left on device/,
    hint: /free space/,
  },
]

describe.skipIf(whyNoLab())('a rolling restart, in the middle of which', () => {
  let lab: TestLab
  let etcdClient: EtcdClient
  let turn = 0
  const etcd = () => ({
    ...LAB_ETCD,
    settings: { 'max-txn-ops': 128 + turn },
  })
  beforeAll(async () => {
    const small = [{ path: '/etc/etcd', sizeBytes: 8 * MIB }]
    lab = await testLab({
      machines: [{ name: 'etcd01' }, { name: 'etcd02' }, { name: 'etcd03', disks: small }],
      cluster: { etcd: etcd() },
    })
    await applied(lab)
    etcdClient = await openEtcdClient(lab)
  })
  afterAll(async () => {
    etcdClient[Symbol.dispose]()
    await lab.down()
  })

  test.each(CASES)('$what', async ({ fault, victim, at, until, exit, id, says, hint, cure }) => {
    const [leader, ...followers] = await etcdClient.healthyVoters(3)
    const [first = '', next = ''] = followers.toSorted()
    const name = { leader, restarting: first, next, restarted: first, etcd03: 'etcd03' }[victim]
    const machine = lab.machine(name)
    const moment = on(at.replace('next', next))
    const recorder = await etcdClient.record()
    turn += 1
    await lab.writeCluster({ etcd: etcd() })
    const strike: Happening = { at: moment, act: async () => await fault.strike(machine, lab) }
    const heal: Happening = { at: on(until ?? ''), act: async () => await fault.heal(machine, lab) }
    const run = await held(lab, ['apply', '--yes'], until === undefined ? [strike] : [strike, heal])
    const error = run.events.at(-1)?.error
    try {
      const happened = until === undefined ? 1 : 2
      const message = error?.message ?? ''
      // The message on both sides: it explains other differences.
      expect({ exit: run.exitCode, happened: run.happened, message }).toEqual({ exit, happened, message })
      expect(error?.id).toBe(id)
      expect(message).toMatch(says ?? /^$/)
      expect(error?.hint ?? '').toMatch(hint ?? /^$/)
      // While a member is down, no other one is restarted.
      expect(fault.lasts ? restartsOfOthers(run, name) : []).toEqual([])
    } finally {
      await fault.heal(machine, lab)
    }
    if (cure !== undefined) await finish(lab, [...cure, name, '--yes'])
    if (exit !== DONE) await finish(lab, ['apply', '--yes'])
    await etcdClient.healthyVoters(3)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    const report = await recorder.stop()
    expect(report).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
  })

  test('a second operator wants something: they learn who holds the lock, and wait', async () => {
    const others = [
      ['apply', '--yes'],
      ['certs', 'renew', '--all', '--yes'],
      ['restart', 'etcd01', '--yes'],
    ]
    const ends: { readonly exitCode: number; readonly stderr: string }[] = []
    const recorder = await etcdClient.record()
    turn += 1
    await lab.writeCluster({ etcd: etcd() })
    const act = async () =>
      void ends.push(...(await Promise.all(others.map(async (words) => await quorate(lab, words)))))
    const run = await held(lab, ['apply', '--yes'], [{ at: on(FIRST), act }])
    expect(run.exitCode).toBe(DONE)
    expect(ends).toHaveLength(3)
    for (const end of ends)
      expect(end).toFail('locked/another-operator-holds-the-lock', { says: /\(apply\) since/ })
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await recorder.stop()).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
  })

  test('a second operator wants something impossible during it: they learn that the lock is held, and why it is refused', async () => {
    let second: Awaited<ReturnType<typeof quorate>> | undefined
    const act = async () => {
      await lab.machine('etcd03').check(['systemctl', 'stop', 'etcd'])
      second = await quorate(lab, ['restart', 'etcd01', '--yes'])
      await lab.machine('etcd03').check(['systemctl', 'start', 'etcd'])
    }
    const first = await held(lab, ['restart', 'etcd02', '--yes'], [{ at: on('step-started restart'), act }])
    expect({ happened: first.happened, exit: first.exitCode }).toEqual({ happened: 1, exit: DONE })
    // The lock holder, and the other reason.
    expect(second).toFail('locked/another-operator-holds-the-lock', {
      says: [/\(restart\) since/, /: 2 of 3 .*writes/],
    })
    // Without another operator, the reason is reported alone.
    await lab.machine('etcd03').check(['systemctl', 'stop', 'etcd'])
    const alone = await quorate(lab, ['restart', 'etcd01', '--yes'])
    await lab.machine('etcd03').check(['systemctl', 'start', 'etcd'])
    expect(alone.exitCode).toBe(BLOCKED)
    expect(alone.stderr).not.toContain('another operator')
  })
})
