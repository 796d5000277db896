import { expect, test } from 'vitest'
import { absence, silent } from './absence.ts'
import type { MachineFacts } from './machine-facts.ts'
import { member } from './testing.ts'

const { facts, process } = member({ name: 'a', address: '10.0.0.1', certificate: '', ca: '' })
const service = { name: 'etcd.service', active: 'failed', sub: 'failed', result: 'exit-code', restarts: 0 }
const proxy = { ...process, command: ['etcd', 'gateway', 'start', '--endpoints=10.0.0.9:2379'] }

test.each<[string, Partial<MachineFacts>, string, RegExp, string]>([
  ['nothing at all', {}, 'no-etcd-on-the-node', / etcd /, 'adopt'],
  [
    'a gateway',
    { processes: [proxy] },
    'no-member-but-a-proxy',
    / etcd gateway, .* 10\.0\.0\.9:2379$/,
    'members',
  ],
  [
    'a proxy of the v2 API',
    { processes: [{ ...process, environment: { ETCD_PROXY: 'on' } }] },
    'no-member-but-a-proxy',
    / etcd proxy$/,
    'members',
  ],
  [
    'a service that failed',
    { services: [service] },
    'etcd-unit-fails',
    /etcd\.service has failed \(exit-code\)/,
    'journalctl -u etcd',
  ],
  [
    'one that keeps failing',
    { services: [{ ...service, active: 'activating', sub: 'auto-restart', restarts: 7 }] },
    'etcd-unit-fails',
    /etcd\.service keeps failing; systemd restarted it 7 times/,
    'journalctl -u etcd',
  ],
  [
    'one that is stopped',
    { services: [{ ...service, active: 'inactive', result: 'success' }] },
    'etcd-unit-is-stopped',
    /etcd\.service is stopped/,
    'systemctl start etcd.service',
  ],
  [
    'a manifest alone',
    { manifest: '/etc/kubernetes/manifests/etcd.yaml' },
    'static-pod-does-not-run',
    / \/etc\/kubernetes\/manifests\/etcd\.yaml .*kubelet/,
    'crictl',
  ],
  [
    'some other user’s',
    { strangers: [{ pid: 9, user: 'anna' }] },
    'etcd-of-another-user',
    / process 9, .* user anna$/,
    'as etcd (or root)',
  ],
])('%s', (_what, there, id, message, hint) => {
  const found = absence('m1', { ...facts, ...there })
  expect(found).toMatchObject({ id, host: 'm1', hint: expect.stringContaining(hint) as string })
  expect(found.message).toMatch(message)
})

test('what does not answer is named with how often it was restarted', () => {
  const again = { ...facts, services: [{ ...service, active: 'active', restarts: 3 }] }
  expect(silent('m1', process, again, 'connection refused').message).toMatch(
    /process 7 \(etcd\.service\).*connection refused, and systemd restarted it 3 times/,
  )
})

test('a name that would break the line does not', () => {
  const odd = absence('m1', { ...facts, strangers: [{ pid: 9, user: 'x\nm2: all is well' }] })
  expect(odd.message).not.toContain('\n')
})
