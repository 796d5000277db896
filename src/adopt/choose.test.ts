import { expect, test } from 'vitest'
import { atPort, choose, evidentCluster, type Candidate } from './choose.ts'
import { member, type Rest } from './testing.ts'

function candidate(pid: number, port: number, clusterId: bigint | undefined, odd: Rest = {}): Candidate {
  const settings = { 'listen-client-urls': `https://10.0.0.1:${port},https://127.0.0.1:${port}` }
  const own = member({ name: `m${pid}`, address: '10.0.0.1', certificate: '', ca: '', ...odd, settings })
  const reason = { kind: 'unavailable' as const, message: 'connection refused', hint: undefined }
  const view: Candidate['view'] =
    clusterId === undefined
      ? { reachable: false, name: 'a', reason }
      : {
          reachable: true,
          name: 'a',
          clusterId,
          memberId: BigInt(pid),
          leaderId: undefined,
          learner: false,
          version: '3.5.16',
          dbSizeBytes: 0,
          dbSizeInUseBytes: 0,
          raftTerm: 1n,
          raftIndex: 1n,
          raftAppliedIndex: 1n,
          errors: [],
          read: { answered: true, revision: 1n },
          alarms: [],
          list: undefined,
        }
  return { process: { ...own.process, pid }, settings: own.settings, view }
}

const { facts } = member({ name: 'a', address: '10.0.0.1', certificate: '', ca: '' })
const pids = (candidates: readonly Candidate[]) => candidates.map(({ process }) => process.pid)

test('of two, chooses the one whose cluster another machine reports', () => {
  const [main, events] = [candidate(7, 2379, 1n), candidate(8, 2381, 2n)]
  const wanted = evidentCluster([[main, events], [candidate(9, 2379, 1n)]])
  expect(wanted).toBe(1n)
  expect(pids(choose('a', facts, [events, main], wanted).chosen)).toEqual([7])
})

test('without evidence none is taken, also where only one of them answers', () => {
  for (const events of [candidate(8, 2381, 2n), candidate(8, 2381, undefined)]) {
    const both = [candidate(7, 2379, 1n), events]
    expect(evidentCluster([both])).toBeUndefined()
    const { chosen, troubles } = choose('a', facts, both, undefined)
    expect(chosen).toEqual([])
    expect(troubles).toMatchObject([{ host: 'a', hint: expect.stringContaining('--client-port') as string }])
    expect(troubles[0]?.message).toMatch(/process 7 .*2379.*process 8 .*2381/)
  }
})

test('machines of several clusters prove nothing', () => {
  expect(evidentCluster([[candidate(7, 2379, 1n)], [candidate(8, 2379, 2n)]])).toBeUndefined()
})

test('the port decides; a port without an etcd is refused, with the ports that have one', () => {
  const both = [candidate(7, 2379, 1n), candidate(8, 2381, 2n)]
  expect(pids(atPort('a', both, 2381).chosen)).toEqual([8])
  expect(pids(atPort('a', both, undefined).chosen)).toEqual([7, 8])
  const { chosen, troubles } = atPort('a', both, 2999)
  expect(chosen).toEqual([])
  expect(troubles[0]?.message).toMatch(/port 2999: process 7 .*process 8 /)
})

test('two of one cluster on one machine are one too many', () => {
  const { chosen, troubles } = choose('a', facts, [candidate(7, 2379, 1n), candidate(8, 2381, 1n)], 1n)
  expect(chosen).toEqual([])
  expect(troubles).toMatchObject([
    { id: 'several-etcd-on-the-node', host: 'a', message: expect.stringMatching(/process 7 .*process 8 /) },
  ])
  expect(troubles[0]?.hint).not.toContain('--client-port')
})

test('one that is alone is taken if it answers, and is of the cluster where that is known', () => {
  expect(pids(choose('a', facts, [candidate(7, 2379, 1n)], undefined).chosen)).toEqual([7])
  const other = choose('a', facts, [candidate(7, 2379, 1n)], 2n)
  expect(other.chosen).toEqual([])
  expect(other.troubles).toMatchObject([
    { id: 'member-of-another-cluster', message: expect.stringMatching(/ cluster 1, .* 2, /) },
  ])
  const silent = choose('a', facts, [candidate(7, 2379, undefined)], undefined)
  expect(silent.chosen).toEqual([])
  expect(silent.troubles[0]?.message).toContain('connection refused')
})

test('where nothing runs there is nothing to choose, and nothing more to say', () => {
  expect(choose('a', facts, [], 1n)).toEqual({ chosen: [], troubles: [] })
  expect(atPort('a', [], 2379)).toEqual({ chosen: [], troubles: [] })
})
