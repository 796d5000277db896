import { expect, test } from 'vitest'
import { renderClusterFile } from './init.ts'
import { checkAnswer, clusterFileFrom } from './init-answers.ts'
import { QUESTIONS } from './init-questions.ts'
import type { AnswerKey, Answers } from './init-questions.ts'
import { parseClusterFile } from './parse.ts'

function complaint(key: AnswerKey, answer: string): string | undefined {
  return QUESTIONS.find((question) => question.key === key)?.validate(answer)
}

test('addresses alone get names by their role; NAME=ADDRESS keeps its name', () => {
  const content = clusterFileFrom({ etcd: '198.18.9.1,198.18.9.2  db3=2001:db8::3', service: '198.18.9.9' })
  expect(content.nodes).toEqual([
    { name: 'etcd01', address: '198.18.9.1', roles: ['etcd'] },
    { name: 'etcd02', address: '198.18.9.2', roles: ['etcd'] },
    { name: 'db3', address: '2001:db8::3', roles: ['etcd'] },
    { name: 'service01', address: '198.18.9.9', roles: ['service'] },
  ])
})

test('a Debian suite brings the version it has', () => {
  const etcd = '198.18.9.1'
  expect(clusterFileFrom({ etcd, source: 'debian', suite: 'bookworm' }).etcd).toEqual({
    version: '3.4.23',
    source: { debian: { suite: 'bookworm' } },
  })
  expect(clusterFileFrom({ etcd, source: 'debian' }).etcd.version).toBe('3.5.16')
})

test('a CA on another machine, or offline', () => {
  const etcd = '198.18.9.1'
  expect(clusterFileFrom({ etcd, authority: 'host' }).pki?.authority).toEqual({
    host: { name: 'root-ca-host', certificate: '/root/ca.crt', key: '/root/ca.key' },
  })
  expect(clusterFileFrom({ etcd, authority: 'offline' }).pki?.authority).toEqual({
    offline: { certificate: 'ca.crt' },
  })
})

test('all faults of the answers are reported at once, by flag', () => {
  expect(() => clusterFileFrom({ name: 'My Site', caKey: '/root/ca.key', source: 'rpm' })).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: `--name NAME: "My Site" is not a name: lower-case letters, digits and inner hyphens, at most 63; write my-site
--etcd ADDRESSES is missing: Addresses of the etcd nodes (an odd number, best three)
--ca-key PATH does not go with the other answers
--source KIND: "rpm" is not known; write one of release, debian, modules, file`,
    }),
  )
})

test('an answer is checked as it is typed', () => {
  expect(complaint('etcd', '')).toBe('an answer is needed')
  expect(complaint('etcd', '198.18.9.1 198.18.9.2:22')).toMatch(/^"198\.18\.9\.2:22" has a port/)
  expect(complaint('worker', '')).toBeUndefined()
  expect(complaint('network', '10.5.0.0')).toBe('"10.5.0.0" is not a network; write one like 10.5.0.0/16')
  expect(complaint('version', '3.6')).toMatch(/write all three numbers, like "3\.6\.16"$/)
})

test('every flag is there once', () => {
  const flags = QUESTIONS.map(({ flag }) => flag.split(' ')[0])
  expect(new Set(flags).size).toBe(flags.length)
  expect(flags.every((flag) => /^--[a-z-]+$/.test(flag ?? ''))).toBe(true)
})

function beside(key: AnswerKey, answer: string, before: Answers): string | undefined {
  return checkAnswer(
    QUESTIONS.find((question) => question.key === key)!,
    answer,
    before,
  )
}

test('an answer is checked with the earlier ones, so that a conflict is reported where it arises', () => {
  const etcd = '198.18.9.1 198.18.9.2 198.18.9.3'
  expect(beside('etcd', '198.18.9.1 198.18.9.1', {})).toMatch(/^198\.18\.9\.1 is the address of etcd01 too;/)
  expect(beside('etcd', 'a=198.18.9.1 a=198.18.9.2', {})).toMatch(/^a second node called a;/)
  expect(beside('worker', '198.18.9.3', { etcd })).toMatch(/^198\.18\.9\.3 is the address of etcd03 too;/)
  expect(beside('worker', 'etcd02=198.18.9.4', { etcd })).toMatch(/^a second node called etcd02;/)
  expect(beside('worker', '198.18.9.4', { etcd })).toBeUndefined()
  // A question that was not asked yet can't conflict.
  expect(beside('source', 'file', { etcd })).toBeUndefined()
  expect(beside('name', 'x', {})).toBeUndefined()
})

test('conflicts between options are reported by option, without lines of a file that does not exist', () => {
  const given = { etcd: '198.18.9.1', master: '198.18.9.1', network: '10.5.0.0' }
  expect(() => clusterFileFrom(given)).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: `--master ADDRESSES: 198.18.9.1 is the address of etcd01 too; give every node an address of its own
--network CIDR: "10.5.0.0" is not a network; write one like 10.5.0.0/16`,
    }),
  )
})

const NODES = {
  etcd: '198.18.9.11 198.18.9.12 198.18.9.13',
  master: '198.18.9.21 198.18.9.22',
  worker: '198.18.9.31',
}

test('with Kubernetes the load balancer is the first service node, and HAProxy runs there', () => {
  const content = clusterFileFrom({ kubernetes: 'yes', ...NODES, service: 'lb=198.18.9.41' })
  expect(content.loadBalancer).toEqual({ url: 'https://lb:6443', managed: true })
  expect(content.kubernetes).toEqual({ version: '1.37.2' })
  expect(content.network).toEqual({ Network: '10.244.0.0/16', Backend: { Type: 'vxlan' } })
  const { cluster, problems } = parseClusterFile(renderClusterFile(content), '/srv/cluster.yaml')
  expect(problems).toEqual([])
  expect(cluster?.kubernetes).toMatchObject({ version: '1.37.2', podNetwork: '10.244.0.0/16' })
})

test('with Kubernetes more is asked, and what it takes is needed', () => {
  const others = { kubernetesVersion: '1.36.3', network: '10.5.0.0/16', serviceNetwork: '10.32.0.0/16' }
  const balanced = { kubernetes: 'yes', ...NODES, loadBalancer: 'https://api.example.org', ...others }
  const content = clusterFileFrom({ ...balanced, kubernetesSource: 'folder', kubernetesFolder: 'bundle.tar' })
  expect(content.kubernetes).toEqual({
    version: '1.36.3',
    source: { folder: 'bundle.tar' },
    serviceNetwork: '10.32.0.0/16',
  })
  expect(content.loadBalancer).toEqual({ url: 'https://api.example.org' })
  expect(clusterFileFrom({ ...balanced, kubernetesSource: 'modules' }).kubernetes?.source).toBe('modules')

  expect(() => clusterFileFrom({ kubernetes: 'yes', etcd: NODES.etcd })).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /--master ADDRESSES is missing[^]*--worker [^]*--load-balancer URL is missing/,
      ),
    }),
  )
  expect(() => clusterFileFrom({ ...balanced, serviceNetwork: '10.5.0.0/16' })).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('10.5.0.0/16 overlaps kubernetes.podNetwork'),
    }),
  )
  expect(() => clusterFileFrom({ ...balanced, loadBalancer: 'https://198.18.9.41' })).toThrow(
    expect.objectContaining({ message: expect.stringContaining('Kubernetes needs a name') }),
  )
  expect(beside('master', '', { kubernetes: 'yes' })).toBe('Kubernetes needs an answer to this question')
})

test('without --kubernetes nothing of it is asked, and its options have no place', () => {
  const asked = QUESTIONS.filter(({ when }) => when({ etcd: NODES.etcd })).map(({ key }) => key)
  expect(asked.filter((key) => key.startsWith('kubernetes') || key === 'serviceNetwork')).toEqual([])
  expect(() => clusterFileFrom({ ...NODES, kubernetesVersion: '1.37.2' })).toThrow(
    expect.objectContaining({
      message: '--kubernetes-version VERSION does not go with the other answers',
    }),
  )
  expect(clusterFileFrom(NODES)).not.toHaveProperty('kubernetes')
})
