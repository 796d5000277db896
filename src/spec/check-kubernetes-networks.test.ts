import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { NINE, nine } from './sample.ts'

const FLANNEL = 'network: { Network: 10.5.0.0/16, Backend: { Type: vxlan } }\nkubernetes:'
const KEY: readonly [string, string] = ['kubernetes:', FLANNEL]

test("pods have flannel's network, unless there is none", () => {
  const withFlannel = parseClusterFile(NINE.replace(...KEY), 'cluster.yaml')
  expect(withFlannel.problems).toEqual([])
  expect(withFlannel.cluster?.kubernetes?.podNetwork).toBe('10.5.0.0/16')
  expect(nine('podNetwork: 10.5.0.0/16', KEY)).toEqual([])
  expect(nine('podNetwork: 10.6.0.0/16', KEY)).toEqual([
    expect.stringMatching(/:18:15: kubernetes\.podNetwork: flannel gives out 10\.5\.0\.0\/16 .*; remove it/),
  ])
  // The pods' network may differ from flannel's network if the pods don't use flannel.
  expect(nine('podNetwork: 10.6.0.0/16\n  flannel: none', KEY)).toEqual([])
})

test.each<[string, RegExp]>([
  [
    'serviceNetwork: 10.244.128.0/20',
    /:17:19: kubernetes\.serviceNetwork: 10\.244\.128\.0\/20 overlaps .*podNetwork/,
  ],
  [
    'podNetwork: 10.100.0.0/16',
    /:17:15: kubernetes\.podNetwork: 10\.100\.0\.0\/16 overlaps .*, 10\.96\.0\.0\/12/,
  ],
  ['podNetwork: 198.18.0.0/16', /podNetwork: 198\.18\.0\.0\/16 holds 198\.18\.9\.11, the address of etcd01/],
  ['serviceNetwork: 198.18.9.32/28', /serviceNetwork: .* holds 198\.18\.9\.32, the address of worker02/],
  ['serviceNetwork: 10.0.0.0/11', /serviceNetwork: 10\.0\.0\.0\/11 is larger than \/12/],
  ['serviceNetwork: 10.0.0.0/29', /serviceNetwork: 10\.0\.0\.0\/29 is smaller than \/28/],
  ['serviceNetwork: 10.0.0.0/26', /warning: kubernetes\.serviceNetwork: .* room for 62 Services/],
  ['podNetwork: 8.8.0.0/16', /warning: kubernetes\.podNetwork: 8\.8\.0\.0\/16 are public addresses/],
  ['serviceNetwork: fd00::/112', /serviceNetwork: "fd00::\/112" is an IPv6 network/],
  [
    'podNetwork: 10.0.0.0/22',
    /podNetwork: 10\.0\.0\.0\/22 has room for 4 nodes with a \/24 each, and 5 want one/,
  ],
  ['podNetwork: 10.0.0.0/29', /podNetwork: 10\.0\.0\.0\/29 can't be divided into a \/31/],
  ['flannel: service', /:17:12: kubernetes\.flannel: as a service it reads its network from etcd/],
  [
    'controllerManager: { arguments: { node-cidr-mask-size: 27 } }',
    /warning: kubernetes: a node may run 110 pods, and its \/27 has addresses for 29/,
  ],
  [
    'controllerManager: { arguments: { node-cidr-mask-size: 16 } }',
    /podNetwork: its default, 10\.244\.0\.0\/16, can't be divided into a \/16/,
  ],
  [
    'kubelet: { configuration: { maxPods: 300 } }',
    /:17:40: warning: kubernetes: a node may run 300 pods, and its \/24 has addresses for 253/,
  ],
])('%s', (more, expected) => {
  expect(nine(more).filter((line) => expected.test(line))).toHaveLength(1)
})

test('default networks are checked as well, and reported at the section that needs them', () => {
  const nodes = NINE.replaceAll('198.18.9.', '10.97.9.')
  const { problems } = parseClusterFile(nodes, 'cluster.yaml')
  expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    '15:1 kubernetes.serviceNetwork: its default, 10.96.0.0/12, holds 10.97.9.11, the address of etcd01',
  ])
})

test('the virtual address of the load balancer is not an address of a pod', () => {
  const two: readonly [string, string] = [
    'roles: [service] }\n',
    'roles: [service] }\n  - { name: service02, address: 198.18.9.42, roles: [service] }\n',
  ]
  const shared: readonly [string, string] = ['managed: true', 'managed: true, address: 10.244.1.1']
  expect(nine('', two, shared)).toEqual([
    expect.stringContaining('its default, 10.244.0.0/16, holds 10.244.1.1, the virtual address'),
  ])
})

const mask = (size: number) => `controllerManager: { arguments: { node-cidr-mask-size: ${size} } }`

test("a node's share is said once", () => {
  const share: readonly [string, string] = [KEY[0], FLANNEL.replace('/16,', '/16, SubnetLen: 25,')]
  expect(nine('', share)).toEqual([])
  expect(nine(mask(25), share)).toEqual([])
  expect(nine(mask(24), share)).toEqual([
    expect.stringMatching(/node-cidr-mask-size: 24, and network\.SubnetLen is 25: both/),
  ])
})

test('two families of addresses are refused', () => {
  const both: readonly [string, string] = [
    KEY[0],
    FLANNEL.replace('/16,', '/16, EnableIPv6: true, IPv6Network: "fd00::/48",'),
  ]
  expect(nine('', both)).toEqual([
    expect.stringMatching(/network\.EnableIPv6: quorate sets up Kubernetes with IPv4/),
  ])
})
