import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'

/** The complaints about flannel for this `kubernetes` section. */
function complaints(kubernetes: string): readonly string[] {
  const nodes = ['etcd', 'master', 'worker', 'service'].map(
    (role, index) => `  - { name: ${role}01, address: 198.18.9.${index + 11}, roles: [${role}] }\n`,
  )
  const text = `name: test
nodes:
${nodes.join('')}etcd: { version: '3.6.16' }
network: { Network: 10.5.0.0/16, Backend: { Type: vxlan } }
loadBalancer: { url: 'https://service01:6443' }
kubernetes: { version: '1.37.2', ${kubernetes} }
`
  const { problems } = parseClusterFile(text, 'cluster.yaml')
  return problems.map(({ message }) => message).filter((message) => message.startsWith('kubernetes.flannel'))
}

test.each([
  'flannel: service',
  'flannel: service, source: release',
  'flannel: service, source: { release: {} }',
])('no release has flanneld: %s', (kubernetes) => {
  expect(complaints(kubernetes)).toEqual([expect.stringMatching(/^kubernetes\.flannel: .*flanneld/)])
})

test.each([
  'flannel: daemonset',
  'flannel: service, source: modules',
  'flannel: service, source: { folder: bundle.tar }',
])('%s is fine', (kubernetes) => {
  expect(complaints(kubernetes)).toEqual([])
})
