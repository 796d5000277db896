import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { allowedNames, canonicalIp, compareNames, type Names } from './names.ts'
import { ETCD01 } from './testing.ts'

test('a member carries every address and name of its node, and the loopback', () => {
  expect(allowedNames(ETCD01)).toEqual({
    dns: ['etcd01', 'etcd01.example.org', 'localhost'],
    ips: ['192.0.2.11', '2001:db8::11', '127.0.0.1', '::1'],
  })
})

test('an address written twice in different forms is carried once', () => {
  const node = { name: 'a', names: ['A'], address: '2001:db8:0::1', addresses: ['2001:DB8::0001', '::1'] }
  expect(allowedNames(node)).toEqual({ dns: ['a', 'localhost'], ips: ['2001:db8::1', '::1', '127.0.0.1'] })
})

test.each([
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8:0:0::A', '2001:db8::a'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['10.0.0.1', '10.0.0.1'],
])('%s is %s', (written, canonical) => {
  expect(canonicalIp(written)).toBe(canonical)
})

test.each(['fe80::1%eth0', '010.0.0.1', '10.1', '0x7f.0.0.1', 'etcd01', '10.0.0.1/8', '', '[::1]'])(
  '%s is not an address for a certificate',
  (written) => {
    expect(canonicalIp(written)).toBeUndefined()
  },
)

const dnsName = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z]{2,4})?$/)
const names: fc.Arbitrary<Names> = fc.record({
  dns: fc.array(dnsName, { maxLength: 5 }),
  ips: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 5 }),
})

/** The same names in other forms: capitals, whole IPv6 groups, in reverse order, and each twice. */
function disguised({ dns, ips }: Names): Names {
  const other = ips.map((ip) => (ip.includes('.') ? ip : expanded(canonicalIp(ip) ?? ip)))
  return {
    dns: [...dns.map((name) => name.toUpperCase()), ...dns].toReversed(),
    ips: [...other, ...ips].toReversed(),
  }
}

function expanded(ip: string): string {
  if (ip.includes('.')) return ip
  const [left = '', right] = ip.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].map((group) => group.padStart(4, '0').toUpperCase()).join(':')
}

test('names written in another form are the same names', () => {
  fc.assert(
    fc.property(names, (some) => {
      expect(compareNames(disguised(some), some)).toEqual({ missing: [], foreign: [] })
    }),
  )
})

test('a name more is foreign and a name less is missing, always', () => {
  fc.assert(
    fc.property(names, dnsName, fc.ipV6(), (some, dns, ip) => {
      const more: Names = { dns: [...some.dns, `${dns}.evil`], ips: [...some.ips, ip] }
      const isNew = !some.ips.some((present) => canonicalIp(present) === canonicalIp(ip))
      const expected = [`DNS ${dns}.evil`, ...(isNew ? [`IP ${canonicalIp(ip)}`] : [])]
      expect(compareNames(more, some)).toEqual({ missing: [], foreign: expected })
      expect(compareNames(some, more)).toEqual({ missing: expected, foreign: [] })
    }),
  )
})
