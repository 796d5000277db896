import { expect, test } from 'vitest'
import type { HostFacts } from './facts.ts'
import { cluster, goodFacts, node } from './machine.fixture.ts'
import { judgeSystem } from './system.ts'

const judged = (id: string, facts: Partial<HostFacts>, names: readonly string[] = []) =>
  judgeSystem(cluster(), node(1, { names }), goodFacts(facts)).find((check) => check.id === id)

test('Debian 12 on amd64 is fine', () => {
  expect(judgeSystem(cluster(), node(1), goodFacts()).map(({ result }) => result)).toEqual([
    'ok',
    'ok',
    'ok',
    'ok',
    'ok',
  ])
})

test('another Linux is a warning, another kernel stands in the way', () => {
  const fedora = { id: 'fedora', version: '41', name: 'Fedora Linux 41' }
  expect(judged('os', { os: fedora })).toMatchObject({ result: 'warning', found: 'Fedora Linux 41' })
  expect(judged('os', { os: { id: 'debian', version: '8', name: 'Debian 8' } })?.result).toBe('warning')
  expect(judged('os', { kernel: 'FreeBSD' })?.result).toBe('failure')
})

test('without systemd nothing would keep etcd running', () => {
  expect(judged('systemd', { systemd: { version: undefined, booted: false } })).toMatchObject({
    result: 'failure',
    found: 'not installed',
  })
  expect(judged('systemd', { systemd: { version: 252, booted: false } })).toMatchObject({
    result: 'failure',
    found: expect.stringContaining('252'),
  })
  expect(judged('systemd', { systemd: { version: 241, booted: true } })?.result).toBe('warning')
  expect(judged('systemd', { systemd: { version: 236, booted: true } })?.result).toBe('warning')
  expect(judged('systemd', { systemd: { version: 235, booted: true } })?.result).toBe('failure')
})

test('arm64 is fine; 32 bit is not, be it the machine or its userland', () => {
  expect(judged('architecture', { machine: 'aarch64' })).toMatchObject({ result: 'ok', found: 'arm64' })
  expect(judged('architecture', { machine: 'armv7l', bits: 32 })?.result).toBe('failure')
  expect(judged('architecture', { machine: 'aarch64', bits: 32 })?.result).toBe('failure')
})

test('a missing tool comes with the package that has it', () => {
  expect(judged('tools', { missingTools: ['openssl', 'ss', 'ip'] })).toMatchObject({
    result: 'failure',
    found: 'missing: openssl, ss, ip',
    remedy: 'apt-get install openssl iproute2',
  })
})

test('a missing tool that apply installs anyway does not stand in the way', () => {
  const spec = cluster({ packages: ['curl', 'openssl'] })
  const tools = (missingTools: string[]) =>
    judgeSystem(spec, node(1), goodFacts({ missingTools })).find(({ id }) => id === 'tools')?.result
  expect(tools(['openssl'])).toBe('warning')
  expect(tools(['openssl', 'ss'])).toBe('failure')
})

test('what is missing is named as the distribution names it, with its own command', () => {
  const missing = { missingTools: ['ss', 'useradd', 'openssl'] }
  expect(judged('tools', { ...missing, installer: 'dnf' })?.remedy).toBe(
    'dnf install iproute shadow-utils openssl',
  )
  expect(judged('tools', { ...missing, installer: 'apk' })?.remedy).toBe('apk add iproute2 shadow openssl')
  expect(judged('tools', { ...missing, installer: 'none' })?.remedy).toContain('iproute2, passwd, openssl')
})

test("packages that quorate can't install fail if one is missing, and are not checked where apt exists", () => {
  const spec = cluster({ packages: ['curl', 'openssl', 'procps'] })
  const packages = (installer: string, here: readonly string[]) =>
    judgeSystem(spec, node(1), goodFacts({ installer, packages: here })).find(({ id }) => id === 'packages')
  expect(packages('apt-get', [])).toBeUndefined()
  expect(packages('dnf', ['curl', 'openssl', 'procps'])?.result).toBe('ok')
  const one = packages('dnf', ['curl', 'openssl'])
  expect(one).toMatchObject({ result: 'failure', found: 'missing: procps' })
  expect(one?.remedy).toContain('dnf install procps-ng')
  // quorate does not install a missing package on such a node.
  const tools = judgeSystem(spec, node(1), goodFacts({ installer: 'dnf', missingTools: ['openssl'] }))
  expect(tools.find(({ id }) => id === 'tools')?.result).toBe('failure')
})

test('a host name may be qualified or a further name; a strange one is a warning', () => {
  expect(judged('hostname', { hostname: 'etcd01.example.org' })?.result).toBe('ok')
  expect(judged('hostname', { hostname: 'alpha' }, ['alpha.example.org'])?.result).toBe('ok')
  expect(judged('hostname', { hostname: 'etcd02' })).toMatchObject({
    result: 'warning',
    found: 'etcd02',
    wanted: 'etcd01',
  })
})
