import { expect, test } from 'vitest'
import { serviceAddress } from './service-address.ts'

test.each([
  ['10.96.0.0/12', 1, '10.96.0.1'],
  ['10.96.0.0/12', 10, '10.96.0.10'],
  // An address within the network stands for the network.
  ['10.100.7.9/16', 10, '10.100.0.10'],
  ['192.168.7.16/28', 10, '192.168.7.26'],
  ['fd00:10:96::/112', 10, 'fd00:10:96::a'],
])('in %s number %i is %s', (network, index, address) => {
  expect(serviceAddress(network, index)).toBe(address)
})

test('a network that is too small has no DNS', () => {
  expect(() => serviceAddress('10.96.0.0/29', 10)).toThrow(RangeError)
})
