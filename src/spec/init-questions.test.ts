import { expect, test } from 'vitest'
import { clusterFileFrom, QUESTIONS } from './init-questions.ts'
import type { AnswerKey } from './init-questions.ts'

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

test('everything wrong with the answers is told at once, by flag', () => {
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
  expect(complaint('version', '3.6')).toMatch(/write all three numbers, like "3\.6\.14"$/)
})

test('every flag is there once', () => {
  const flags = QUESTIONS.map(({ flag }) => flag.split(' ')[0])
  expect(new Set(flags).size).toBe(flags.length)
  expect(flags.every((flag) => /^--[a-z-]+$/.test(flag ?? ''))).toBe(true)
})
