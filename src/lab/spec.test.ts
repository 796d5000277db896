import { expect, test } from 'vitest'
import { checkSpec, labNetworks, type LabSpec, networkOf } from './spec.ts'

const machine = (name: string, ...addresses: string[]) => ({ name, addresses, authorizedKeys: [] })
const spec = (...machines: LabSpec['machines']): LabSpec => ({ name: 'test', folder: '/tmp/test', machines })

test('the host takes the first address of each network', () => {
  expect(networkOf('198.18.7.11/24')).toEqual({ cidr: '198.18.7.0/24', hostAddress: '198.18.7.1/24' })
  expect(networkOf('2001:db8:7::11/64')).toEqual({ cidr: '2001:db8:7::/64', hostAddress: '2001:db8:7::1/64' })
  const both = spec(machine('a', '198.18.7.11/24', '2001:db8:7::11/64'), machine('b', '198.18.7.12/24'))
  expect(labNetworks(both).map(({ cidr }) => cidr)).toEqual(['198.18.7.0/24', '2001:db8:7::/64'])
})

test.each([
  [
    'an address without prefix length',
    spec(machine('a', '198.18.7.11')),
    /is not an address with prefix length/,
  ],
  ['no room for this computer', spec(machine('a', '198.18.7.11/32')), /leaves no address/],
  ['no address', spec(machine('a')), /has no address/],
  [
    'an address twice',
    spec(machine('a', '198.18.7.9/24'), machine('b', '198.18.7.9/24')),
    /a and b have the same/,
  ],
  ['a name twice', spec(machine('a', '198.18.7.8/24'), machine('a', '198.18.7.9/24')), /the same name/],
  ['this computer’s address', spec(machine('a', '198.18.7.1/24')), /takes a network's first address/],
  ['a name that is none', spec(machine('a b', '198.18.7.9/24')), /can't be a host name/],
  ['no machines', spec(), /has no machines/],
  [
    'a folder that overlayfs can not take',
    { ...spec(machine('a', '198.18.7.9/24')), folder: '/a:b' },
    /can't be used/,
  ],
  [
    'sudo with a password that is not given',
    spec({ ...machine('a', '198.18.7.9/24'), users: [{ name: 'ops', sudo: 'password' }] }),
    /needs a password/,
  ],
])('refuses %s', (_, wrong, message) => {
  expect(() => checkSpec(wrong)).toThrow(message)
})
