import { expect, test } from 'vitest'
import { KUBERNETES_MINORS, kubernetesFacts } from './versions.ts'

test('each minor that can be deployed has what kubeadm of that minor deploys', () => {
  const facts = KUBERNETES_MINORS.map((minor) => kubernetesFacts(`${minor}.1`))
  expect(facts.map(({ minor, coredns, pause }) => [minor, coredns, pause])).toEqual([
    ['1.34', '1.12.1', '3.10.1'],
    ['1.35', '1.13.1', '3.10.1'],
    ['1.36', '1.14.2', '3.10.2'],
    ['1.37', '1.14.6', '3.10.2'],
  ])
})

test.each(['1.37', 'v1.37.2', '1.37.0-rc.1', '1.37.2+k3s1', 'latest', '1.37.02'])(
  '%s is refused',
  (version) => {
    expect(() => kubernetesFacts(version)).toFail('cluster-file/not-an-exact-version', {
      says: `'${version}'`,
    })
  },
)

test('a minor that is not known is refused, with those that are', () => {
  expect(() => kubernetesFacts('1.33.9')).toFail('cluster-file/unsupported-version', {
    says: '1.33.9',
    fix: / 1\.34\.x .* 1\.37\.x$/,
  })
})
