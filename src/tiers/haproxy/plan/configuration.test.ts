import { expect, test } from 'vitest'
import { type BalancerValues, haproxyConfiguration, loadedLine } from './configuration.ts'
import { writtenFor } from './files.ts'
import { healthScript, keepalivedConfiguration } from './keepalived.ts'

const VALUES: BalancerValues = {
  cluster: 'prod',
  balancer: { port: 443, apiPort: 6443, virtualAddress: undefined },
  masters: [
    { name: 'master01', address: '198.18.7.21' },
    { name: 'master02', address: '2001:db8::22' },
  ],
  ipv6: false,
  ca: undefined,
  keepaliveTimes: true,
}
const lines = (values: Partial<BalancerValues> = {}) =>
  haproxyConfiguration({ ...VALUES, ...values }).split('\n')

/** The lines of each. */
const backends = () =>
  lines()
    .join('\n')
    .split('\nbackend ')
    .slice(1)
    .map((one) => one.split('\n'))

/** How many checks may fail before a server is marked as down. */
const patience = (backend: readonly string[]) => Number(/ fall (\d)/.exec(backend.join('\n'))?.[1])

test('every master is a back end on its own API port, asked for /readyz over TLS', () => {
  const servers = ['  server master01 198.18.7.21:6443', '  server master02 [2001:db8::22]:6443']
  const [used = [], early = []] = backends()
  expect(used.filter((line) => line.startsWith('  server '))).toEqual(servers)
  expect(early.filter((line) => line.startsWith('  server '))).toEqual(servers)
  expect(lines()).toContain('  bind :443')
  expect(lines().join('\n')).toMatch(/http-check send meth GET uri \/readyz .*\n(?:.*\n)*.*expect status 200/)
  expect(lines().find((line) => line.includes('default-server'))).toContain('check check-ssl verify none')
})

test('new connections keep away from a server that begins to fail, before it loses those that it has', () => {
  const [used = [], early = []] = backends()
  expect(used.filter((line) => /use-server|acl|set-var/.test(line))).toEqual([
    '  tcp-request content set-var(txn.up) nbsrv(api-servers)',
    '  acl one_begins_to_fail nbsrv(api-servers-early),sub(txn.up) lt 0',
    '  use-server master01 if one_begins_to_fail { srv_is_up(api-servers-early/master01) }',
    '  use-server master02 if one_begins_to_fail { srv_is_up(api-servers-early/master02) }',
  ])
  expect(patience(early)).toBeLessThan(patience(used))
  expect(early.join('\n')).not.toContain('shutdown-sessions')
  expect(early.filter((line) => line.includes('http-check'))).toEqual(
    used.filter((line) => line.startsWith('  http-check')),
  )
  // There is no other server.
  const alone = lines({ masters: [{ name: 'master01', address: '198.18.7.21' }] })
  expect(alone.filter((line) => /use-server|early/.test(line))).toEqual([])
})

test('an API server that ends in order keeps its connections; one that is not ready otherwise loses them', () => {
  const [used = []] = backends()
  const expected = used.filter((line) => line.includes('http-check expect'))
  expect(expected).toEqual([
    '  http-check expect error-status L7OKC ! string [-]shutdown',
    '  http-check expect status 200',
  ])
  expect(lines().find((line) => line.includes('default-server'))).toContain(
    'on-marked-down shutdown-sessions',
  )
})

test('with a CA nothing else is believed, and another CA is another configuration', () => {
  const line = lines({ ca: 'PEM' }).find((one) => one.includes('default-server'))
  expect(line).toContain('verify required ca-file /etc/haproxy/api-ca.crt verifyhost kubernetes')
  expect(lines({ ca: 'PEM' })).not.toEqual(lines({ ca: 'OTHER' }))
})

test('IPv6 clients, an old HAProxy, no master', () => {
  expect(lines({ ipv6: true })).toContain('  bind :::443 v6only')
  expect(lines({ keepaliveTimes: false }).filter((line) => line.includes('tcpka-'))).toEqual([])
  expect(lines({ masters: [] }).filter((line) => line.startsWith('  server '))).toEqual([])
})

test('the running process says which configuration it has', () => {
  const one = haproxyConfiguration(VALUES)
  const other = haproxyConfiguration({ ...VALUES, masters: [] })
  expect(loadedLine(one)).toMatch(/^description: quorate-[0-9a-f]{32}$/)
  expect(loadedLine(one)).not.toBe(loadedLine(other))
})

test('only root reaches the socket that commands HAProxy', () => {
  const [socket] = lines().filter((line) => line.includes('stats socket'))
  expect(socket).toContain('user root group root mode 600 level admin')
})

test('timeouts are hours, because watches are silent', () => {
  for (const side of ['client', 'server', 'tunnel']) expect(lines()).toContain(`  timeout ${side} 8h`)
})

test('a file says for which cluster it was written, behind a first line for the kernel too', () => {
  expect(writtenFor(haproxyConfiguration(VALUES))).toBe('prod')
  expect(writtenFor(healthScript('prod'))).toBe('prod')
  expect(writtenFor('global\n# Written by quorate for the cluster prod.')).toBeUndefined()
})

function number(text: string, key: string): number {
  return Number(new RegExp(`${key} (\\d+)`).exec(text)?.[1])
}

test('keepalived speaks with the other service nodes alone, the first of them first', () => {
  const values = { cluster: 'prod', virtualAddress: '198.18.7.100', device: 'eth0' }
  const first = keepalivedConfiguration({ ...values, own: '198.18.7.31', peers: ['198.18.7.32'], turn: 0 })
  const second = keepalivedConfiguration({ ...values, own: '198.18.7.32', peers: ['198.18.7.31'], turn: 1 })
  expect(first).toContain('unicast_src_ip 198.18.7.31\n  unicast_peer {\n    198.18.7.32\n  }')
  expect(first).toContain('virtual_ipaddress {\n    198.18.7.100/32 dev eth0\n')
  expect(number(first, 'priority')).toBeGreaterThan(number(second, 'priority'))
  expect(number(first, 'virtual_router_id')).toBe(number(second, 'virtual_router_id'))
  expect(number(first, 'virtual_router_id')).toBe(101)
})
