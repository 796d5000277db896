import { expect, test } from 'vitest'
import { testAuthority, threeMembers } from '../../adopt/testing.ts'
import type { Ground } from '../../adopt/machine-facts.ts'
import { testCluster } from '../../tiers/etcd/plan/testing.ts'
import { pinSteps } from './write.ts'

/** Group and mode that /etc/etcd gets on a node that has the given one. */
async function given(ground: Ground): Promise<string | undefined> {
  const members = (await threeMembers(await testAuthority(), { facts: { ground } })).filter(
    ({ facts }) => facts.ground !== undefined,
  )
  const [step] = pinSteps({ cluster: testCluster(), clusterId: 'abc', members } as never)
  return step?.kind === 'directory' ? `${step.owner}:${step.group} ${step.mode}` : undefined
}

test("a directory of etcd that becomes root's can still be read by the running etcd", async () => {
  expect(await given({ owner: 'etcd', group: 'etcd', mode: '700' })).toBe('root:etcd 750')
  expect(await given({ owner: 'etcd', group: 'root', mode: '750' })).toBe('root:etcd 750')
  expect(await given({ owner: 'etcd', group: 'etcd', mode: '770' })).toBe('root:etcd 750')
  expect(await given({ owner: 'etcd', group: 'pki', mode: '2750' })).toBe('root:pki 750')
})

test("and no more than before, if all users can; one of root's stays unchanged", async () => {
  expect(await given({ owner: 'etcd', group: 'root', mode: '755' })).toBe('root:root 755')
  expect(await given({ owner: 'root', group: 'etcd', mode: '700' })).toBe(undefined)
})
