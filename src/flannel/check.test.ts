import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { capacity, checkFlannelConfig, describeCapacity } from './check.ts'

const vxlan = { Type: 'vxlan' }

function faults(config: Record<string, unknown>): string[] {
  return checkFlannelConfig({ Backend: vxlan, ...config }).map(({ severity, key }) => `${severity} ${key}`)
}

test("the seed's network is fine, and holds what flannel really gives out", () => {
  const config = { Network: '10.5.0.0/16', SubnetLen: 24, Backend: vxlan }
  expect(checkFlannelConfig(config)).toEqual([])
  expect(capacity(config)).toEqual({ nodes: 255, podsPerNode: 253 })
})

test.each([
  [{ Network: '10.5.0.0/28' }, { nodes: 3, podsPerNode: 1 }],
  [{ Network: '10.5.0.0/23' }, { nodes: 3, podsPerNode: 125 }],
  [
    { Network: '10.5.0.0/16', SubnetMin: '10.5.10.0', SubnetMax: '10.5.19.0' },
    { nodes: 10, podsPerNode: 253 },
  ],
  [
    { Network: '10.5.0.0/16', EnableIPv6: true, IPv6Network: 'fd00:5::/60' },
    { nodes: 15, podsPerNode: 253 },
  ],
  [
    { Network: '10.5.0.0/16', EnableIPv6: true, IPv6Network: 'fd00:5::/112', IPv6SubnetLen: 126 },
    { nodes: 255, podsPerNode: 2 },
  ],
])('capacity of %j', (config, expected) => {
  expect(capacity(config)).toEqual(expected)
})

test.each([
  [{}, ['error Network']],
  [{ Network: '10.5.0.0' }, ['error Network']],
  [{ Network: '010.5.0.0/16' }, ['error Network']],
  [{ Network: 'fd00::/48' }, ['error Network']],
  [{ Network: '10.5.0.0/29' }, ['error Network']],
  [{ Network: '10.5.0.0/16', SubnetLen: 31 }, ['error SubnetLen']],
  [{ Network: '10.5.0.0/16', SubnetLen: 17 }, ['error SubnetLen']],
  [{ Network: '10.5.0.0/16', SubnetLen: '24' }, ['error SubnetLen']],
  [{ Network: '10.5.0.0/16', SubnetMin: '10.6.0.0' }, ['error SubnetMin']],
  [{ Network: '10.5.0.0/16', SubnetMax: '10.5.7.1' }, ['error SubnetMax']],
  [{ Network: '10.5.0.0/16', SubnetMin: '10.5.9.0', SubnetMax: '10.5.8.0' }, ['error SubnetMin']],
  [{ Network: '10.5.3.0/16' }, ['warning Network']],
  [{ Network: '10.5.0.0/16', EnableIPv6: true }, ['error IPv6Network']],
  [{ Network: '10.5.0.0/16', EnableIPv6: true, IPv6Network: 'fd00::/125' }, ['error IPv6Network']],
  [{ Network: '10.5.0.0/16', IPv6Network: 'fd00::/48' }, ['warning IPv6Network']],
  [{ Network: '127.0.0.0/16' }, ['error Network']],
  [{ Network: '169.254.0.0/16' }, ['error Network']],
  [{ Network: '232.0.0.0/8' }, ['error Network']],
  [{ Network: '10.5.0.0/16', EnableIPv6: true, IPv6Network: 'fe80::/48' }, ['error IPv6Network']],
  [{ Network: '10.5.0.0/16', Subnetlen: 24 }, ['warning Subnetlen']],
  [{ Network: '10.5.0.0/16', Netwrok: 'x' }, ['warning Netwrok']],
  [{ Network: '10.5.0.0/16', Backend: undefined }, ['warning Backend']],
  [{ Network: '10.5.0.0/16', Backend: { Type: 'vxlam' } }, ['warning Backend.Type']],
  [{ Network: '10.5.0.0/16', Backend: { Type: 'toString' } }, ['warning Backend.Type']],
  [{ Network: '10.5.0.0/16', Backend: { Type: 'VXLAN', vni: 16_777_216 } }, ['error Backend.VNI']],
  [{ Network: '10.5.0.0/16', Backend: { Type: 'vxlan', VNI: 0 } }, ['error Backend.VNI']],
  [{ Network: '10.5.0.0/16', Backend: { Type: 'vxlan', Port: 65_536 } }, ['error Backend.Port']],
  [{ Network: '10.5.0.0/16', Backend: { Type: 'vxlan', GBP: 'yes' } }, ['error Backend.GBP']],
  [{ Network: '10.5.0.0/16', Backend: { Type: 'host-gw', VNI: 1 } }, ['warning Backend.VNI']],
])('%j: %j', (config, expected) => {
  expect(faults(config)).toEqual(expected)
})

test('what is taken already is named, and a default route is not in the way', () => {
  const taken = [
    { what: 'the address of etcd01', network: '10.5.200.7' },
    { what: 'a route on worker01', network: '10.0.0.0/8' },
    { what: 'the default route', network: '0.0.0.0/0' },
    { what: 'the service network', network: '10.96.0.0/12' },
  ]
  const problems = checkFlannelConfig({ Network: '10.5.0.0/16', Backend: vxlan }, { taken })
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^10\.5\.0\.0\/16 .* etcd01, 10\.5\.200\.7: /),
    expect.stringMatching(/^10\.5\.0\.0\/16 .* worker01, 10\.0\.0\.0\/8: /),
  ])
})

test('a configuration without errors has a capacity, and every subnet of it lies in the network', () => {
  const config = fc.record({ prefix: fc.integer({ min: 8, max: 28 }), more: fc.integer({ min: 2, max: 22 }) })
  fc.assert(
    fc.property(config, ({ prefix, more }) => {
      const length = Math.min(prefix + more, 30)
      const cut = { Network: `10.0.0.0/${prefix}`, SubnetLen: length, Backend: vxlan }
      expect(checkFlannelConfig(cut)).toEqual([])
      expect(capacity(cut)).toEqual({
        nodes: 2 ** (length - prefix) - 1,
        podsPerNode: 2 ** (32 - length) - 3,
      })
    }),
  )
})

test('the capacity in words, as plan and validate show it', () => {
  expect(describeCapacity({ Network: '10.5.0.0/16', SubnetLen: 24 })).toBe('255 nodes with 253 pods each')
  expect(describeCapacity({ Network: '10.5.0.0/28', SubnetLen: 30 })).toBe('3 nodes with 1 pod each')
  expect(describeCapacity({ Network: 'ten' })).toBeUndefined()
})
