import { expect, test } from 'vitest'
import { parseMachineFacts } from './machine-facts.ts'

const base64 = (...texts: readonly string[]) =>
  Buffer.from(texts.map((text) => `${text}\0`).join('')).toString('base64')

const MACHINE = `manifest /etc/kubernetes/manifests/etcd.yaml
`

function process(pid: number, cgroup: string): string {
  return `process ${pid} root
executable /usr/local/bin/etcd
command ${base64('etcd', '--name=a b', '--data-dir', '/var/lib/etcd')}
environment ${base64('PATH=/bin', 'ETCD_NAME=x=y')}
cgroup ${cgroup}
directory /
`
}

test('a machine, its process, and the service that runs it', () => {
  const unit =
    'unit etcd.service|/lib/systemd/system/etcd.service|enabled|/etc/a.conf /etc/b.conf\ntext W1VuaXRdCg==\n'
  const { processes, ...machine } = parseMachineFacts(
    MACHINE + process(17, '0::/system.slice/etcd.service') + unit,
  )
  expect(machine).toEqual({
    pin: undefined,
    ground: undefined,
    manifest: '/etc/kubernetes/manifests/etcd.yaml',
    machine: '',
    services: [],
    strangers: [],
  })
  expect(processes).toEqual([
    {
      pid: 17,
      user: 'root',
      executable: '/usr/local/bin/etcd',
      command: ['etcd', '--name=a b', '--data-dir', '/var/lib/etcd'],
      environment: { PATH: '/bin', ETCD_NAME: 'x=y' },
      directory: '/',
      configuration: undefined,
      container: false,
      unit: {
        name: 'etcd.service',
        path: '/lib/systemd/system/etcd.service',
        text: '[Unit]\n',
        enabled: true,
        dropIns: ['/etc/a.conf', '/etc/b.conf'],
      },
    },
  ])
})

test('two processes are two', () => {
  const text = MACHINE + process(17, '0::/') + process(18, '0::/')
  expect(parseMachineFacts(text).processes.map(({ pid }) => pid)).toEqual([17, 18])
})

test('no process is none', () => {
  expect(parseMachineFacts(MACHINE).processes).toEqual([])
})

test('which machine it is, its services however they are, and processes of other users', () => {
  const failed = 'service etcd.service|failed|failed|exit-code|7'
  const text = `machine 1234 pid:[40]
ground etcd|etcd|750
${failed}
${failed}
${MACHINE}stranger 99 anna
${process(17, '0::/')}stranger 100 bert
`
  const { processes, ...rest } = parseMachineFacts(text)
  expect(processes.map(({ pid }) => pid)).toEqual([17])
  expect(rest).toMatchObject({
    machine: '1234 pid:[40]',
    ground: { owner: 'etcd', group: 'etcd', mode: '750' },
    services: [{ name: 'etcd.service', active: 'failed', sub: 'failed', result: 'exit-code', restarts: 7 }],
    strangers: [
      { pid: 99, user: 'anna' },
      { pid: 100, user: 'bert' },
    ],
  })
})

test.each([
  '0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0a1b.scope',
  '0::/system.slice/docker-0a1b.scope',
  '1:name=systemd:/kubepods/besteffort/pod1/0a1b',
  '0::/machine.slice/libpod-0a1b.scope/container',
])('%s is a container', (cgroup) => {
  expect(parseMachineFacts(MACHINE + process(1, cgroup)).processes[0]?.container).toBe(true)
})
