import { expect, test } from 'vitest'
import { next } from './next.ts'
import { packageRefusals } from './package-refusals.ts'
import { bareWorld, testCluster, testIntent } from './testing.ts'

const cluster = testCluster({ packages: ['curl', 'iproute2'] })
const bare = bareWorld(cluster)

/** The same nodes, except for the second one's packages and installer. */
function world(installer: string | undefined, packages: readonly string[]) {
  const other = { ...bare.hosts['etcd02']!, installer, packages }
  return { ...bare, hosts: { ...bare.hosts, etcd02: other } }
}

test('where apt is, or nothing is missing, nothing is refused', () => {
  expect(packageRefusals({ cluster }, bare)).toEqual([])
  expect(packageRefusals({ cluster }, world('apt-get', []))).toEqual([])
  expect(packageRefusals({ cluster }, world('dnf', ['curl', 'iproute2']))).toEqual([])
})

test('what is missing elsewhere stops the whole plan before its first step, with the command', () => {
  const observed = world('dnf', ['curl'])
  const [reason, ...more] = packageRefusals({ cluster }, observed)
  expect(more).toEqual([])
  expect(reason?.host).toBe('etcd02')
  expect(reason?.hint).toContain('dnf install iproute;')
  const answer = next(testIntent(cluster), observed)
  expect(answer).toMatchObject({ kind: 'blocked', reasons: [reason] })
})
