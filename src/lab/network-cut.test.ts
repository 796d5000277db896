import { expect, test } from 'vitest'
import { cutRules } from './network-cut.ts'

test('everything, both ways', () => {
  expect(cutRules({}).match(/^ +drop$/gm)).toHaveLength(2)
})

test('one peer, one way: only that', () => {
  const rules = cutRules({ peers: ['198.18.7.12', '2001:db8::12'], direction: 'out' })
  expect(rules.match(/^.*drop$/gm)).toEqual([
    '    ip daddr 198.18.7.12 drop',
    '    ip6 daddr 2001:db8::12 drop',
  ])
})

test('a port is cut at either end', () => {
  const rules = cutRules({ ports: [2379, 2380], direction: 'in' })
  expect(rules.match(/^.*drop$/gm)).toEqual([
    '    tcp dport { 2379, 2380 } drop',
    '    tcp sport { 2379, 2380 } drop',
  ])
})
