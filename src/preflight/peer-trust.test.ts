import { expect, test } from 'vitest'
import { sampleCluster } from '../etcd/sample.ts'
import { judgePeerTrust } from './peer-trust.ts'

test('only members, if etcd can distinguish them from clients and the CA may sign their name', () => {
  expect(judgePeerTrust(sampleCluster(), false)).toMatchObject({
    result: 'ok',
    wanted: expect.stringContaining('member.sample.quorate.internal'),
  })
})

test.each([
  ['an etcd that can not tell', sampleCluster({ version: '3.3.25' }), false, /etcd 3\.3\.25 can't/],
  ['a CA that may not sign the name', sampleCluster(), true, /name constraints/],
])(
  'everybody with a certificate, with %s: said, and no reason to stop',
  (_what, cluster, forbidden, found) => {
    const check = judgePeerTrust(cluster, forbidden)
    expect(check).toMatchObject({ result: 'warning', remedy: expect.any(String) })
    expect(check.found).toMatch(found)
  },
)
