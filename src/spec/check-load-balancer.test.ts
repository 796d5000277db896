import { expect, test } from 'vitest'
import { ONE_ETCD_NODE } from './check-nodes.ts'
import { parseClusterFile } from './parse.ts'

const ETCD = '  - { name: etcd01, address: 198.18.9.1, roles: [etcd] }\n'
const MASTER = '  - { name: master01, address: 198.18.9.21, roles: [master] }\n'
const SERVICE = '  - { name: service01, address: 198.18.9.31, roles: [service] }\n'
const SECOND = '  - { name: service02, address: 198.18.9.32, roles: [service] }\n'

function parsed(balancer: string, nodes: readonly string[] = [ETCD, MASTER, SERVICE]) {
  const text = `name: test\nnodes:\n${nodes.join('')}etcd: { version: '3.6.16' }\nloadBalancer: ${balancer}\n`
  return parseClusterFile(text, 'cluster.yaml')
}

/** Without the warning about one etcd node. */
function problems(...arguments_: Parameters<typeof parsed>): string[] {
  return parsed(...arguments_)
    .problems.filter(({ message }) => message !== ONE_ETCD_NODE)
    .map(({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`)
}

function port(url: string): number | undefined {
  return parsed(`{ url: "${url}", managed: true }`).cluster?.loadBalancer?.port
}

test('HAProxy listens on the port of the URL', () => {
  expect(port('https://service01:6443')).toBe(6443)
  expect(port('https://service01')).toBe(443)
  expect(port('https://[2001:db8::1]:8443/')).toBe(8443)
})

test("a load balancer that is not managed is not quorate's", () => {
  expect(parsed('{ url: "https://service01" }').cluster?.loadBalancer).toBeUndefined()
  expect(parsed('{ url: "https://service01", managed: false }').cluster?.loadBalancer).toBeUndefined()
  expect(problems('{ url: "https://service01", address: 198.18.9.99 }')).toEqual([
    expect.stringMatching(/^warning 7:52 loadBalancer\.address: /),
  ])
})

test('the virtual address is of two service nodes; one alone has no use for it', () => {
  const shared = parsed('{ url: "https://lb:6443", managed: true, address: 198.18.9.99 }', [
    ETCD,
    MASTER,
    SERVICE,
    SECOND,
  ])
  expect(shared.cluster?.loadBalancer?.virtualAddress).toBe('198.18.9.99')
  const own = parsed('{ url: "https://lb:6443", managed: true, address: 198.18.9.31 }')
  expect(own.cluster?.loadBalancer).toEqual({ port: 6443, apiPort: 6443, virtualAddress: undefined })
})

const MANAGED = '{ url: "https://lb:6443", managed: true }'
test.each([
  ['no service node', MANAGED, [ETCD, MASTER], /^error 6:\d+ .*no node has the role service/],
  ['no master', MANAGED, [ETCD, SERVICE], /^warning 6:\d+ .*no node has the role master/],
  ['plain http', '{ url: "http://lb:6443", managed: true }', [ETCD, MASTER, SERVICE], /^error 7:22 .*TLS/],
  [
    "a master that is a service node, on the API server's port",
    MANAGED,
    [ETCD, MASTER.replace('[master]', '[master, service]')],
    /^error 6:22 .*master01 has the roles service and master, and port 6443/,
  ],
  [
    'an etcd node that is a service node, on the client port',
    '{ url: "https://lb:2379", managed: true }',
    [ETCD.replace('[etcd]', '[etcd, service]'), MASTER],
    /^error 6:22 .*etcd's client port/,
  ],
  [
    'two service nodes without an address',
    MANAGED,
    [ETCD, MASTER, SERVICE, SECOND],
    /^warning 8:\d+ 2 service nodes/,
  ],
  [
    'the address of a node',
    '{ url: "https://lb:6443", managed: true, address: 198.18.9.31 }',
    [ETCD, MASTER, SERVICE, SECOND],
    /^error 8:\d+ .*198\.18\.9\.31 is the address of service01/,
  ],
  [
    'an address that nothing could take over',
    '{ url: "https://lb:6443", managed: true, address: 198.18.9.99 }',
    [ETCD, MASTER, SERVICE],
    /^error 7:\d+ .*the only service node/,
  ],
  [
    'an address of the other family',
    '{ url: "https://lb:6443", managed: true, address: "fd00::1" }',
    [ETCD, MASTER, SERVICE, SECOND.replace('198.18.9.32', '"fd00::32"')],
    /^error 8:\d+ .*IPv6 address, and service01 has none/,
  ],
  [
    'a URL that leads past the address',
    '{ url: "https://198.18.9.98:6443", managed: true, address: 198.18.9.99 }',
    [ETCD, MASTER, SERVICE, SECOND],
    /^error 8:22 .*leads to 198\.18\.9\.98/,
  ],
])('%s is found, with its place', (_what, balancer, nodes, expected) => {
  expect(problems(balancer, nodes)).toEqual([expect.stringMatching(expected)])
})

test('a master that is a service node is fine on another port', () => {
  const both = [ETCD, MASTER.replace('[master]', '[master, service]')]
  expect(problems('{ url: "https://lb:8443", managed: true }', both)).toEqual([])
})
