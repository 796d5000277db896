import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { added, changed, GOOD, lines } from './sample.ts'

test.each([
  [
    '198.18.9.2:22',
    '"198.18.9.2:22" has a port: only an address is expected; write 198.18.9.2; ports are ssh.port, etcd.clientPort and etcd.peerPort',
  ],
  ['"[2001:db8::2]"', '"[2001:db8::2]" has brackets: only an address is expected; write 2001:db8::2'],
  [
    '"[2001:db8::2]:2380"',
    '"[2001:db8::2]:2380" has brackets and a port: only an address is expected; write 2001:db8::2',
  ],
  ['198.18.9.2/24', '"198.18.9.2/24" is a network, but one address is expected; write 198.18.9.2'],
  ['198.18.9.256', '"198.18.9.256" is not an IP address; write one like 198.18.7.11 or 2001:db8::11'],
  [
    'etcd02.example.org',
    '"etcd02.example.org" is a name, not an IP address: etcd listens on addresses, and peers are checked by them; write the address that `getent hosts etcd02.example.org` prints; names belong under names',
  ],
  [
    '127.0.0.1',
    '"127.0.0.1" is a loopback address: every node has it, and no other can reach it; write the address by which the other nodes reach this one',
  ],
  [
    '"::1"',
    '"::1" is a loopback address: every node has it, and no other can reach it; write the address by which the other nodes reach this one',
  ],
  [
    '224.0.0.1',
    '"224.0.0.1" is a multicast address: it belongs to a group of nodes, not to one; write the address by which the other nodes reach this one',
  ],
  [
    '0.0.0.0',
    '"0.0.0.0" means "any address": nothing can connect to it; write the address by which the other nodes reach this one',
  ],
  [
    'fe80::1',
    '"fe80::1" is a link-local address: it means something else on every network card; write the address by which the other nodes reach this one',
  ],
  [
    '"::ffff:198.18.9.2"',
    '"::ffff:198.18.9.2" is an IPv4 address in IPv6 clothes: certificates and etcd treat it as another one; write 198.18.9.2',
  ],
  ['010.1.1.1', '"010.1.1.1" is not an IP address; write one like 198.18.7.11 or 2001:db8::11'],
])('address %s', (address, message) => {
  expect(changed('198.18.9.2', address)).toEqual([`cluster.yaml:4:30: node etcd02, address: ${message}`])
})

test('IPv6 addresses are fine, also in brackets of YAML', () => {
  expect(changed('198.18.9.2', '2001:db8::2, addresses: [2001:db8:0:1::2, fd00::7]')).toEqual([])
})

test('two nodes must not share a name or an address, however it is spelled', () => {
  expect(changed('name: etcd02', 'name: etcd01')).toEqual([
    'cluster.yaml:4:13: a second node called etcd01 (the first is on line 3); give every node a name of its own',
  ])
  expect(changed('198.18.9.2', '198.18.9.1')).toEqual([
    'cluster.yaml:4:30: 198.18.9.1 is the address of etcd01 too (line 3); give every node an address of its own',
  ])
  const spelled = GOOD.replace('198.18.9.1', '2001:db8::1').replace(
    '198.18.9.2',
    '198.18.9.2, addresses: ["2001:DB8:0:0::0001"]',
  )
  expect(lines(spelled)).toEqual([
    'cluster.yaml:4:54: 2001:DB8:0:0::0001 is the address of etcd01 too (line 3); give every node an address of its own',
  ])
})

test('an even number of members is a warning that says why, and the cluster is there', () => {
  const text = GOOD.replace(/.*etcd03.*\n/, '')
  expect(lines(text)).toEqual([
    'cluster.yaml:2:1: warning: 2 etcd nodes survive the loss of none, no more than 1 would, and one more can fail; use 1 or 3',
  ])
  expect(parseClusterFile(text, 'cluster.yaml').cluster?.nodes).toHaveLength(2)
})

test('a cluster without etcd is none', () => {
  expect(lines(GOOD.replaceAll('[etcd]', '[worker]'))).toEqual([
    'cluster.yaml:2:1: no node has the role etcd; write roles: [etcd] on an odd number of nodes, best three',
  ])
})

test('names and roles', () => {
  expect(changed('name: etcd02', 'name: etcd02.example.org')).toEqual([
    'cluster.yaml:4:13: nodes[1].name: "etcd02.example.org" has a dot; write etcd02; a node\'s full name belongs under names',
  ])
  expect(changed('name: etcd02', 'name: Etcd_02')).toEqual([
    'cluster.yaml:4:13: nodes[1].name: "Etcd_02" is not a name: lower-case letters, digits and inner hyphens, at most 63; write etcd-02',
  ])
  expect(changed('name: etcd02', 'name: 02')).toEqual([
    'cluster.yaml:4:13: nodes[1].name: 02 without quotes is the number 2 to YAML, but text is expected; write "02"',
  ])
  expect(changed('name: etcd02', 'name: common')).toEqual([
    'cluster.yaml:4:13: a node called common, which is the word for all nodes; write another name, like common01',
  ])
  expect(changed('9.2, roles: [etcd]', '9.2, roles: [ectd]')).toEqual([
    'cluster.yaml:4:50: node etcd02, roles[0]: "ectd" is not known; check the spelling: the closest match is etcd. Known are etcd, master, worker, service',
  ])
  expect(changed('9.2, roles: [etcd]', '9.2, roles: etcd')).toEqual([
    'cluster.yaml:4:49: node etcd02, roles is a list; write [etcd]',
  ])
  expect(changed('address: 198.18.9.2, ', '')).toEqual([
    'cluster.yaml:4:5: node etcd02, address is missing; write the IP address where the other nodes reach it',
  ])
})

test('groups list nodes, under names that mean nothing else', () => {
  expect(added('groups:\n  edge: [etcd04]\n  worker: [etcd01]\n  etcd01: [etcd01]\n  all: [etcd]\n')).toEqual(
    [
      'cluster.yaml:9:10: group edge names etcd04, and there is no such node; check the spelling: the closest match is etcd01',
      'cluster.yaml:10:3: a group called worker, which is a role; write another name',
      'cluster.yaml:11:3: a group called etcd01, which is a node; write another name',
      'cluster.yaml:12:9: group all names etcd, and there is no such node; groups list nodes, not roles or groups: write the nodes of etcd',
    ],
  )
})
