/**
 * Faults while members join, leave, and get new certificates: the run completes, or stops and says why; then a rerun
 * completes it.
 */
import type { ErrorId } from '../../src/error-ids.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type EtcdClient, INTACT, openEtcdClient } from './support/etcd-client.ts'
import { FROZEN, type Fault, KILLED, cutOff } from './support/faults.ts'
import { applied } from './support/fresh.ts'
import { finish, held, on } from './support/held.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { NOTHING_TO_CHANGE, UNCHANGED } from './support/unchanged.ts'

const [DONE, FAILED, UNREACHABLE, CANCELLED] = [0, 1, 69, 130]
const NODES = ['etcd01', 'etcd02', 'etcd03']
const ADD = ['member', 'add', 'etcd04']
const REMOVE = ['member', 'remove', 'etcd04']
const RENEW = ['certs', 'renew', '--all']

interface Case {
  readonly what: string
  readonly words: readonly string[]
  readonly fault: Fault
  readonly victim: 'leader' | 'follower' | 'etcd04'
  readonly at: string
  /** Voting members before and after. */
  readonly voters: readonly [before: number, after: number]
  readonly exit?: number
  /** Its message if it stops, and what to do then. */
  readonly id?: ErrorId
  readonly says?: RegExp
  readonly hint?: RegExp
}

/** Each case takes the cluster as the previous one left it. */
const CASES: readonly Case[] = [
  {
    what: 'a member is added: the leader is killed',
    words: ADD,
    fault: KILLED,
    victim: 'leader',
    at: 'step-started member-add',
    voters: [3, 4],
  },
  {
    what: 'a member is removed: the leader is killed',
    words: REMOVE,
    fault: KILLED,
    victim: 'leader',
    at: 'step-started member-remove',
    voters: [4, 3],
  },
  {
    what: 'a member is added: it is killed before it has its vote',
    words: ADD,
    fault: KILLED,
    victim: 'etcd04',
    at: 'step-started promote',
    voters: [3, 4],
  },
  {
    what: 'a member is removed: it hangs',
    words: REMOVE,
    fault: FROZEN,
    victim: 'etcd04',
    at: 'step-started member-remove',
    voters: [4, 3],
  },
  {
    what: 'certificates are renewed: the leader is killed',
    words: RENEW,
    fault: KILLED,
    victim: 'leader',
    at: 'step-done key',
    voters: [3, 3],
  },
  {
    what: 'certificates are renewed: a member hangs',
    words: RENEW,
    fault: FROZEN,
    victim: 'follower',
    at: 'step-done key',
    voters: [3, 3],
    exit: FAILED,
    id: 'no-tls-answer',
    says: /client/,
    hint: /systemctl status etcd/,
  },
  {
    what: 'certificates are renewed: the operator is cut off from a machine',
    words: RENEW,
    fault: cutOff({ ports: [22] }),
    victim: 'follower',
    at: 'step-done key',
    voters: [3, 3],
    exit: UNREACHABLE,
    id: 'connection-lost',
    says: / 15 s/,
    hint: /ssh/,
  },
]

describe.skipIf(whyNoLab())('while', () => {
  let lab: TestLab
  let etcdClient: EtcdClient
  beforeAll(async () => {
    lab = await testLab({
      machines: [...NODES.map((name) => ({ name })), { name: 'etcd04', roles: ['worker'] }],
      cluster: {
        requirements: { worker: { memory: '100MB', disk: '100MB' } },
      },
    })
    await applied(lab)
    etcdClient = await openEtcdClient(lab)
  })
  afterAll(async () => {
    etcdClient[Symbol.dispose]()
    await lab.down()
  })

  test.each(CASES)('$what', async ({ words, fault, victim, at, voters, exit = DONE, id, says, hint }) => {
    const [leader, ...followers] = await etcdClient.healthyVoters(voters[0])
    const follower = followers.find((name) => name !== 'etcd04') ?? ''
    const machine = lab.machine({ leader, follower, etcd04: 'etcd04' }[victim])
    const recorder = await etcdClient.record()
    const run = await held(
      lab,
      [...words, '--yes'],
      [{ at: on(at), act: async () => await fault.strike(machine, lab) }],
    )
    await fault.heal(machine, lab)
    const error = run.events.at(-1)?.error
    const message = error?.message ?? ''
    // The message on both sides: it explains other differences.
    expect({ exit: run.exitCode, happened: run.happened, message }).toEqual({ exit, happened: 1, message })
    expect(error?.id).toBe(id)
    expect(message).toMatch(says ?? /^$/)
    expect(error?.hint ?? '').toMatch(hint ?? /^$/)
    await etcdClient.healthyVoters(voters[1])
    // Renewing all changes something each time; membership does not change twice.
    const again = await finish(lab, [...words, '--yes'])
    expect(again.includes(UNCHANGED)).toBe(words !== RENEW)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    const report = await recorder.stop()
    expect(report).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
  })

  test('a new member is cut off and the operator gives up: the next run continues with it, and keeps a second operator out', async () => {
    await etcdClient.healthyVoters(3)
    const newcomer = lab.machine('etcd04')
    const recorder = await etcdClient.record()
    const cut = async () => await newcomer.cutNetwork({ ports: [2380] })
    const given = await held(
      lab,
      [...ADD, '--yes'],
      [
        { at: on('step-done member-add'), act: cut },
        { at: on('step-started ready'), act: async (_event, tool) => void tool.kill('SIGINT') },
      ],
    )
    expect(given).toMatchObject({ exitCode: CANCELLED, happened: 2 })
    const learner = await newcomerId()
    expect(learner).toBeDefined()
    await etcdClient.healthyVoters(3)
    await newcomer.restoreNetwork()

    const second = Promise.withResolvers<Awaited<ReturnType<typeof quorate>>>()
    const other = async () => second.resolve(await quorate(lab, [...REMOVE, '--yes']))
    const { exitCode, events } = await held(
      lab,
      [...ADD, '--yes'],
      [{ at: on('step-started promote'), act: other }],
    )
    expect({ exitCode, error: events.at(-1)?.error }).toEqual({ exitCode: DONE, error: undefined })
    expect(await second.promise).toFail('locked/another-operator-holds-the-lock')
    await etcdClient.healthyVoters(4)
    expect(await newcomerId()).toBe(learner)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await recorder.stop()).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
  })

  /** As the other members list it. */
  async function newcomerId(): Promise<bigint | undefined> {
    const { members } = await etcdClient.view()
    const listed = members.flatMap((member) => (member.reachable ? (member.list?.members ?? []) : []))
    const { address } = lab.machine('etcd04')
    return listed.find(({ peerUrls }) => peerUrls.includes(`https://${address}:2380`))?.id
  }
})
