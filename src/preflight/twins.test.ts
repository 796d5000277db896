import { expect, test } from 'vitest'
import type { MachineIdentity } from './facts.ts'
import { goodFacts, node } from './machine.fixture.ts'
import { judgeTwins } from './twins.ts'

const OWN: MachineIdentity = { boot: 'a', machine: 'aa', hostKeys: ['ssh-ed25519 A', 'ssh-rsa B'] }
const OTHER: MachineIdentity = { boot: 'b', machine: 'bb', hostKeys: ['ssh-ed25519 C'] }
const at = (address: string) => [{ device: 'eth0', address, prefix: 24 }]

function judged(one: MachineIdentity, two: MachineIdentity, addresses: readonly [string, string]) {
  return judgeTwins([
    { node: node(1), facts: goodFacts({ identity: one, addresses: at(addresses[0]) }) },
    { node: node(2), facts: goodFacts({ identity: two, addresses: at(addresses[1]) }) },
  ]).map(({ host, result }) => [host, result])
}

test.each<[string, MachineIdentity, readonly [string, string], string[]]>([
  ['two machines', OTHER, ['10.0.0.1', '10.0.0.2'], []],
  ['containers of one computer', { ...OTHER, boot: 'a' }, ['10.0.0.1', '10.0.0.2'], []],
  ['one machine by two names', OWN, ['10.0.0.1', '10.0.0.1'], ['failure']],
  [
    'a clone with the host keys',
    { ...OTHER, hostKeys: ['ssh-rsa B'] },
    ['10.0.0.1', '10.0.0.2'],
    ['warning'],
  ],
  ['a clone with the ID', { ...OTHER, machine: 'aa' }, ['10.0.0.1', '10.0.0.2'], ['warning']],
  [
    'nothing could be read',
    { boot: undefined, machine: undefined, hostKeys: [] },
    ['10.0.0.1', '10.0.0.1'],
    [],
  ],
])('%s', (_what, other, addresses, results) => {
  expect(judged(OWN, other, addresses)).toEqual(results.map((result) => ['etcd02', result]))
})
