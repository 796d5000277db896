import { expect, test } from 'vitest'
import type { HostFacts, Route } from './facts.ts'
import { goodFacts, node, withNetwork } from './machine.fixture.ts'
import { judgePodNetworks } from './pod-network.ts'

const judged = (
  facts: Partial<HostFacts>,
  config: Readonly<Record<string, string>> = { Network: '10.5.0.0/16' },
) => judgePodNetworks(withNetwork(config), node(1), goodFacts(facts))

const route = (destination: string, more: Partial<Route> = {}): Route => ({
  destination,
  gateway: undefined,
  device: 'eth0',
  ...more,
})

test('an unused range is fine, and the default route does not overlap', () => {
  expect(judged({})).toMatchObject([{ result: 'ok', found: 'unused' }])
})

test('without a network there is nothing to check', () => {
  expect(judged({}, {})).toEqual([])
})

test('an address inside stands in the way', () => {
  const addresses = [{ device: 'eth1', address: '10.5.9.9', prefix: 32 }]
  expect(judged({ addresses })).toMatchObject([
    { result: 'failure', found: expect.stringContaining('10.5.9.9 on eth1 ') },
  ])
})

test.each(['10.5.7.0/24', '10.5.0.0/16', '10.0.0.0/8', '10.5.3.1'])(
  'a route to %s overlaps',
  (destination) => {
    expect(judged({ routes: [route(destination)] })).toMatchObject([
      { result: 'failure', found: `the route ${destination} on eth0 overlaps it` },
    ])
  },
)

test.each(['10.4.0.0/16', '10.6.0.0/15', '2001:db8::/32'])('a route to %s does not', (destination) => {
  expect(judged({ routes: [route(destination)] })[0]?.result).toBe('ok')
})

test('a company-wide route to a router is a warning; a narrow one stands in the way', () => {
  const gateway = '198.18.0.1'
  expect(judged({ routes: [route('10.0.0.0/8', { gateway })] })[0]?.result).toBe('warning')
  expect(judged({ routes: [route('10.5.1.0/24', { gateway })] })[0]?.result).toBe('failure')
})

test('the two halves that a VPN routes instead of default do not overlap', () => {
  expect(
    judged({ routes: [route('0.0.0.0/1', { device: 'tun0' }), route('128.0.0.0/1', { device: 'tun0' })] })[0]
      ?.result,
  ).toBe('ok')
})

test('what flannel made itself is passed over: its interfaces, the bridge, host-gw routes to nodes', () => {
  const facts = {
    addresses: [
      { device: 'flannel.1', address: '10.5.52.0', prefix: 32 },
      { device: 'cni0', address: '10.5.52.1', prefix: 24 },
    ],
    routes: [
      route('10.5.52.0/24', { device: 'cni0' }),
      route('10.5.60.0/24', { device: 'flannel.1', gateway: '10.5.60.0' }),
      route('10.5.61.0/24', { gateway: '198.18.0.12' }),
    ],
  }
  expect(judged(facts)[0]?.result).toBe('ok')
})

test('the IPv6 network is checked as well', () => {
  const config = { Network: '10.5.0.0/16', IPv6Network: '2001:db8:5::/48' }
  const routes = [route('2001:db8:5:1::/64')]
  expect(judged({ routes }, config).map(({ result }) => result)).toEqual(['ok', 'failure'])
})

test('unread routes are said, not taken for none', () => {
  expect(judged({ routes: undefined })).toMatchObject([{ result: 'warning' }])
})
