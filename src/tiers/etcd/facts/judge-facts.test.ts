import { expect, test } from 'vitest'
import { sampleCluster } from '../../../etcd/sample.ts'
import type { ReachableMember } from '../../../etcd/view.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import { judgeFacts } from './judge-facts.ts'

const cluster = sampleCluster()

function problems(alarm: string): readonly string[] {
  const members = etcdNodes(cluster).map(({ name, address }, index): ReachableMember => {
    const memberId = BigInt(index + 1)
    return {
      reachable: true,
      name,
      clusterId: 7n,
      memberId,
      leaderId: 1n,
      learner: false,
      version: '3.5.16',
      dbSizeBytes: 1,
      dbSizeInUseBytes: 1,
      raftTerm: 2n,
      raftIndex: 9n,
      raftAppliedIndex: 9n,
      errors: [`memberID:2 alarm:${alarm} `],
      read: { answered: true, revision: 1n },
      alarms: [{ memberId: 2n, type: alarm }],
      list: {
        linearizable: true,
        members: etcdNodes(cluster).map((node, at) => ({
          id: BigInt(at + 1),
          name: node.name,
          peerUrls: [`https://${node.address}:2380`],
          clientUrls: [`https://${address}:2379`],
          learner: false,
        })),
      },
    }
  })
  const others = { members: [] }
  return judgeFacts(cluster, { own: { members }, others, verified: false })?.problems ?? ['none']
}

test('a cluster that is out of space is well enough for the restart that brings a larger quota', () => {
  expect(problems('NOSPACE')).toEqual([])
})

test('one whose contents differ is not', () => {
  expect(problems('CORRUPT').join()).toMatch(/CORRUPT/)
})
