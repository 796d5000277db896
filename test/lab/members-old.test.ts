/** Membership changes in versions without learners: a new member has its vote before it has started. */
import { expect, test } from 'vitest'
import { testLab, whyNoLab } from './harness.ts'
import { startOver } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { UNCHANGED } from './support/unchanged.ts'

interface Event {
  readonly type?: string
  readonly step?: { readonly kind: string }
  readonly availability?: {
    readonly report: { readonly lostWrites: number; readonly writes: { readonly failed: number } }
  }
}

test.skipIf(whyNoLab())(
  'etcd 3.3: from one to three, killed while nobody is served; the first member leaves',
  async () => {
    await using lab = await testLab({ machines: 3 })
    const first = { name: 'etcd01', address: lab.machine('etcd01').address, roles: ['etcd'] }
    await startOver(lab, {
      nodes: [first],
      etcd: { version: '3.3.25', source: { debian: { suite: 'bullseye' } } },
    })
    await quorateOk(lab, ['apply'])
    const add = (name: string) => ['member', 'add', name, '--address', lab.machine(name).address]

    const preview = await quorate(lab, add('etcd02'))
    expect(preview).toMatchObject({ exitCode: 12, stderr: expect.stringMatching(/ 3\.3\.25 .*\blearners\b/) })

    // One of two members has not started: there is no quorum until the new member starts.
    const { exitCode } = await startQuorate(lab, [...add('etcd02'), '--yes', '--json'], {
      onLine: (line, child) => {
        const { type, step } = JSON.parse(line) as Event
        if (type === 'step-done' && step?.kind === 'member-add') child.kill('SIGKILL')
      },
    }).ended
    expect(exitCode).toBe(137)
    expect((await statusOf(lab)).report.cluster.healthy).toBe(false)
    await quorateOk(lab, [...add('etcd02'), '--yes'])
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 2 })

    const events = await eventsOf([...add('etcd03'), '--yes', '--json'])
    expect(events.at(-1)?.availability?.report).toMatchObject({ lostWrites: 0, writes: { failed: 0 } })
    const leaving = await eventsOf(['member', 'remove', 'etcd01', '--yes', '--json'])
    expect(leaving.at(-1)?.availability?.report).toMatchObject({ lostWrites: 0, writes: { failed: 0 } })
    const { report } = await statusOf(lab)
    expect(report.cluster).toMatchObject({ healthy: true, healthyMembers: 2 })
    expect(report.members.map(({ name }) => name)).toEqual(['etcd02', 'etcd03'])
    expect(await quorateOk(lab, ['apply'])).toContain(UNCHANGED)

    async function eventsOf(words: readonly string[]): Promise<readonly Event[]> {
      return (await quorateOk(lab, words))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Event)
    }
  },
)
