import { expect, test } from 'vitest'
import { KUBERNETES_MINORS, kubernetesFacts } from '../kubernetes/versions.ts'
import {
  RECOMMENDED_KUBERNETES,
  checkEtcdForKubernetes,
  checkKubernetesVersion,
  exampleKubernetesVersion,
  kubernetesMinor,
} from './kubernetes-versions.ts'

test.each(['1.34.0', '1.35.4', '1.36.3', '1.37.2', '1.37.99'])('%s is a version', (version) => {
  expect(checkKubernetesVersion(version)).toBeUndefined()
})

test.each([
  ['1.37', 'not an exact version', 'write all three numbers, like "1.37.2"'],
  ['v1.37.2', 'not an exact version', 'write "1.37.2"'],
  ['1.37.02', 'not an exact version', 'write "1.37.2"'],
  ['1.37.2-rc.0', 'is not a release', 'write "1.37.2"'],
  ['1.37.2\n', 'is not a release', 'write "1.37.2"'],
  ['1.38.0', 'Kubernetes 1.38 is not supported: quorate deploys 1.34 to 1.37', 'like "1.37.2"'],
  ['1.33.9', 'not supported', ''],
  ['2.0.0', 'not supported', ''],
  ['latest', 'not a Kubernetes version', 'like "1.37.2"'],
  ['', 'not a Kubernetes version', ''],
  ['constructor', 'not a Kubernetes version', ''],
  [`1.${'9'.repeat(1000)}.1`, 'not a Kubernetes version', ''],
])('%j is none', (version, message, hint) => {
  const complaint = checkKubernetesVersion(version)
  expect(complaint?.message).toContain(message)
  expect(complaint?.hint).toContain(hint)
})

test('the cluster file takes the minors that can be deployed, and no others', () => {
  const minors = Array.from({ length: 20 }, (_, index) => `1.${25 + index}`)
  const taken = minors.filter((minor) => checkKubernetesVersion(`${minor}.1`) === undefined)
  expect(taken).toEqual(KUBERNETES_MINORS)
  expect(kubernetesFacts(RECOMMENDED_KUBERNETES).minor).toBe(kubernetesMinor(RECOMMENDED_KUBERNETES))
  expect(exampleKubernetesVersion(1.36)).toMatch(/^1\.36\.\d+$/)
  expect(exampleKubernetesVersion(9)).toBe(RECOMMENDED_KUBERNETES)
})

test('an etcd is too old exactly where every minor says so', () => {
  for (const minor of KUBERNETES_MINORS) {
    const { leastEtcd } = kubernetesFacts(`${minor}.1`)
    expect(checkEtcdForKubernetes(leastEtcd)).toBeUndefined()
    const [major, middle, patch] = leastEtcd.split('.').map(Number)
    expect(checkEtcdForKubernetes(`${major}.${middle}.${patch! - 1}`)?.message).toContain(leastEtcd)
  }
  expect(checkEtcdForKubernetes('3.4.45')).toBeDefined()
  expect(checkEtcdForKubernetes('3.6.0')).toBeUndefined()
})
