import { expect, test } from 'vitest'
import { canonicalText, parseConfig, renderConfig } from './config.ts'
import { unsafeChanges } from './change.ts'
import { parseLease } from './leases.ts'

const text =
  '{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","DirectRouting":true,"VNI":7}}'

test('one spelling, whatever the order and case of keys', () => {
  const typed = {
    Backend: { VNI: 7, Type: 'vxlan', DirectRouting: true },
    SubnetLen: 24,
    Network: '10.5.0.0/16',
  }
  expect(renderConfig(typed)).toBe(text)
  const byHand = `{ "backend": {"Type":"vxlan","VNI":7,"DirectRouting":true},\n "subnetlen": 24, "network": "10.5.0.0/16" }`
  expect(canonicalText(byHand)).toBe(text)
  expect(parseConfig(text)).toEqual(typed)
})

test.each(['', 'null', '[]', '"x"', '{"Network":'])('%j is no configuration', (stored) => {
  expect(canonicalText(stored)).toBeUndefined()
})

test('what nodes with leases must agree on is distinguished from the rest', () => {
  const wanted = { Network: '10.5.0.0/16', Backend: { Type: 'vxlan', VNI: 7 } }
  expect(unsafeChanges(text, wanted)).toEqual([])
  expect(unsafeChanges(text, { ...wanted, SubnetLen: 25 })).toEqual(['SubnetLen', 'SubnetMin', 'SubnetMax'])
  expect(unsafeChanges(text, { ...wanted, Backend: { Type: 'host-gw' } })).toEqual([
    'Backend.Type',
    'Backend.VNI',
  ])
  expect(unsafeChanges(text, { ...wanted, Network: '10.6.0.0/16' })).toContain('Network')
  expect(unsafeChanges(undefined, wanted)).toEqual(['Network'])
})

test('leases are read from their keys, with one family or two', () => {
  const value = '{"PublicIP":"192.168.0.6","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1}}'
  expect(parseLease('/coreos.com/network/subnets/10.5.52.0-24', value, false)).toEqual({
    subnet: '10.5.52.0/24',
    ipv6Subnet: undefined,
    holder: '192.168.0.6',
    backendType: 'vxlan',
    reserved: false,
  })
  expect(parseLease('/n/subnets/10.5.0.0-24&fd00:5:0:1::-64', 'not JSON', true)).toMatchObject({
    subnet: '10.5.0.0/24',
    ipv6Subnet: 'fd00:5:0:1::/64',
    holder: undefined,
    reserved: true,
  })
})
