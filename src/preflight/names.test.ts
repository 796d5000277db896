import { expect, test } from 'vitest'
import { goodFacts, node } from './machine.fixture.ts'
import { judgeLoadBalancer, loadBalancerHost } from './names.ts'

const judged = (host: string | undefined, resolved?: { addresses: string[]; exitCode: number }) =>
  judgeLoadBalancer(node(1), goodFacts({ resolved }), host)

test('the host is taken out of the URL', () => {
  expect(loadBalancerHost('https://lb.example.org:6443')).toBe('lb.example.org')
  expect(loadBalancerHost('https://[2001:db8::1]:6443')).toBe('2001:db8::1')
  expect(loadBalancerHost(undefined)).toBeUndefined()
})

test('no load balancer, no check', () => {
  expect(judged(undefined)).toEqual([])
})

test('a name that resolves is fine and says to what', () => {
  expect(judged('lb', { addresses: ['198.18.0.5'], exitCode: 0 })).toMatchObject([
    { result: 'ok', found: 'lb is 198.18.0.5' },
  ])
})

test('a name that does not resolve, or not in time, stands in the way', () => {
  expect(judged('lb', { addresses: [], exitCode: 2 })).toMatchObject([
    { result: 'failure', found: expect.stringMatching(/^lb /) },
  ])
  expect(judged('lb', { addresses: [], exitCode: 124 })[0]?.found).toContain('no answer')
})

test('an address needs no resolving', () => {
  expect(judged('2001:db8::1')).toMatchObject([{ result: 'ok' }])
})
