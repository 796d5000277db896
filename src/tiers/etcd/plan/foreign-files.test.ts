import { expect, test } from 'vitest'
import { PATHS } from '../../../host/state.ts'
import { plan } from './plan.ts'
import { bareWorld, glance, testCluster, testIntent, withFile, withMember } from './testing.ts'

const cluster = testCluster()
const intent = testIntent(cluster)
const FOREIGN = { etcd: { sha256: 'ff', version: undefined }, etcdctl: { sha256: 'ff', version: undefined } }

function asides(change: Parameters<typeof withMember>[2]) {
  const { waves, blocked } = plan(intent, withMember(bareWorld(cluster), 'etcd02', change))
  expect(blocked).toEqual([])
  return waves.flat().flatMap((step) => (step.kind === 'aside' ? [step.paths] : []))
}

test('nothing is there: nothing is kept', () => {
  expect(asides({})).toEqual([])
})

test("another tool's unit, settings and programs are kept, and then written", () => {
  expect(asides(withFile(PATHS.unit, '[Service]\nExecStart=/opt/etcd\n'))).toEqual([[PATHS.unit]])
  expect(asides(withFile(PATHS.environment, 'ETCD_NAME=other\n'))).toEqual([[PATHS.environment]])
  expect(asides({ binaries: FOREIGN })).toEqual([['/usr/local/bin/etcd', '/usr/local/bin/etcdctl']])
  const observed = withMember(bareWorld(cluster), 'etcd02', { binaries: FOREIGN })
  const [first] = plan(intent, observed).waves
  const own = glance(first ?? []).filter((step) => step.startsWith('etcd02'))
  expect(own[0]).toContain('aside')
  expect(own.some((step) => step.includes('binaries'))).toBe(true)
})

test("what an interrupted first apply has left is quorate's own", () => {
  const noted = { ...FOREIGN, etcd: { sha256: 'aa', version: cluster.etcd.version } }
  expect(asides({ binaries: noted })).toEqual([])
  const token = `ETCD_INITIAL_CLUSTER_TOKEN=${intent.freshToken}\n`
  expect(asides(withFile(PATHS.environment, token))).toEqual([])
})
