import { expect, test } from 'vitest'
import { staleNodes } from './stale-looks.ts'
import { healthyCluster, settledWorld, stopped, testCluster, withMember } from '../plan/testing.ts'

const cluster = testCluster()
const unseen = { dataPresent: true, walPresent: false, contents: {} }
const starting = withMember(settledWorld(cluster), 'etcd02', unseen)
const names = (observed: Parameters<typeof staleNodes>[1]) =>
  staleNodes(cluster, observed).map(({ name }) => name)

test('a member that has started since its machine was inspected', () => {
  expect(names({ ...starting, cluster: healthyCluster(cluster) })).toEqual(['etcd02'])
})

test('no member whose log was there, that does not run, or that was not inspected yet', () => {
  expect(names({ ...settledWorld(cluster), cluster: healthyCluster(cluster) })).toEqual([])
  const off = withMember(starting, 'etcd02', stopped)
  expect(names({ ...off, cluster: healthyCluster(cluster) })).toEqual([])
  expect(names({ ...starting, cluster: undefined })).toEqual([])
  const members = healthyCluster(cluster).members.map((member) =>
    member.name === 'etcd02' ? { ...member, name: '', clientUrls: [] } : member,
  )
  expect(names({ ...starting, cluster: healthyCluster(cluster, { members }) })).toEqual([])
})
