import { expect, test } from 'vitest'
import { next } from '../plan/next.ts'
import { settledWorld, testCluster, testIntent, withMember } from '../plan/testing.ts'
import type { Observed } from './observed.ts'

const cluster = testCluster()
const intent = testIntent(cluster)

function world(boot: string, one: readonly string[], two: readonly string[]): Observed {
  const seen = withMember(withMember(settledWorld(cluster), 'etcd01', { addresses: one }), 'etcd02', {
    addresses: two,
  })
  const hosts = Object.fromEntries(
    Object.entries(seen.hosts).map(([name, host]) => [
      name,
      { ...host, bootId: name === 'etcd02' ? boot : host.bootId },
    ]),
  )
  return { ...seen, hosts }
}

const BOOT = 'boot of etcd01'
const BOTH = ['192.168.0.1', '192.168.0.2']

test.each([
  ['one machine by two addresses', world(BOOT, BOTH, BOTH.toReversed()), 'blocked'],
  ['containers of one computer', world(BOOT, ['192.168.0.1'], ['192.168.0.2']), 'done'],
  ['machines that were started apart', world('another', BOTH, BOTH), 'done'],
  ['machines whose addresses are not known', world(BOOT, [], []), 'done'],
])('%s: %s', (_what, observed, kind) => {
  expect(next(intent, observed).kind).toBe(kind)
})
