import { expect, test } from 'vitest'
import type { AskNode } from '../../engine/tier.ts'
import { sampleCluster, sampleNode } from '../../etcd/sample.ts'
import { balancerReport, readStat } from './report.ts'

const STAT = [
  '# pxname,svname,status,check_status,last_chk,',
  'api-servers,master01,UP,L7OK,"OK, fine",',
  'api-servers,master02,DOWN,L4CON,Connection refused,',
  // No traffic is sent to these.
  'api-servers-early,master01,DOWN,L4TOUT,,',
  'api-servers-early,master02,UP,L7OK,,',
]
const cluster = {
  ...sampleCluster({}),
  nodes: [
    { ...sampleNode('master01', '192.168.0.21'), roles: ['master' as const] },
    { ...sampleNode('master02', '192.168.0.22'), roles: ['master' as const] },
    { ...sampleNode('service01', '192.168.0.31'), roles: ['service' as const] },
  ],
  loadBalancer: { port: 443, apiPort: 6443, virtualAddress: undefined },
}
const unit = { active: 'active', enabled: true, masked: false, loading: false }
const answering =
  (answers: readonly string[], active = 'active'): AskNode =>
  async () => ({
    services: { units: { 'haproxy.service': { ...unit, active } }, files: {}, devices: {}, holders: {} },
    answers,
  })

test('the statistics are read by their header', () => {
  expect(readStat(STAT).map(({ svname, status, last_chk }) => [svname, status, last_chk])).toEqual([
    ['master01', 'UP', 'OK, fine'],
    ['master02', 'DOWN', 'Connection refused'],
    ['master01', 'DOWN', ''],
    ['master02', 'UP', ''],
  ])
})

test('one API server of two is enough to serve, and the other is named with the reason', async () => {
  const report = await balancerReport(cluster, answering(STAT))
  expect(report?.serving).toBe(true)
  expect(report?.notes).toEqual([expect.stringMatching(/^master02: .*L4CON: Connection refused/)])
  expect(report?.noteDetails).toMatchObject([{ id: 'balancer-server-not-ready', host: 'master02' }])
})

test('a service node that does not answer is not known, one without HAProxy does not serve', async () => {
  expect((await balancerReport(cluster, async () => undefined))?.serving).toBe(null)
  expect((await balancerReport(cluster, answering([], 'failed')))?.serving).toBe(false)
  const { loadBalancer: _none, ...without } = cluster
  expect(await balancerReport(without, answering(STAT))).toBeUndefined()
})
