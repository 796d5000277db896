/** `quorate adopt` without a single sound etcd to adopt: it explains why for each machine, and writes nothing. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '../../src/lab/machine.ts'
import { LAB_ETCD, etcdBinaries } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { quorate } from './support/quorate.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`

/** There is one, whatever it says. */
const FIX = { fix: /./ }

describe.skipIf(reason)(`adopting what can't be adopted${because}`, () => {
  let lab: TestLab
  let first: Machine
  let second: Machine
  beforeAll(async () => {
    lab = await testLab({ machines: 2, oneProcessor: false })
    ;[first, second] = [lab.machine('etcd01'), lab.machine('etcd02')]
    const { directory } = await etcdBinaries(LAB_ETCD.version)
    await Promise.all(
      lab.machines.map(async (machine) => {
        for (const program of ['etcd', 'etcdctl'])
          await machine.writeFile(`/usr/bin/${program}`, await readFile(path.join(directory, program)), {
            mode: '0755',
          })
        await machine.check(['useradd', '--system', '-U', '-s', '/bin/false', 'etcd'])
      }),
    )
  })
  afterAll(async () => {
    await lab.down()
  })
  afterEach(async () => {
    const clear = `systemctl stop 'etcd*.service' 'fake*.service' 'gateway.service' 2>/dev/null
      systemctl reset-failed; rm -rf /var/lib/etcd* /etc/systemd/system/etcd.service /etc/kubernetes; systemctl daemon-reload`
    await Promise.all(lab.machines.map(async (machine) => await machine.check(['sh', '-c', clear])))
  })

  const adopt = async (hosts: readonly string[], ...words: readonly string[]) => {
    const login = ['--user', 'root', '--identity-file', lab.identityFile, '--preview', '--yes']
    const clusterFile = path.join(lab.folder, 'adopted.yaml')
    const result = await quorate({ clusterFile }, ['adopt', '--name', 'odd', ...hosts, ...login, ...words])
    expect(existsSync(clusterFile)).toBe(false)
    return result
  }
  test('a machine without etcd, alone and with another one', async () => {
    expect(await adopt([first.address])).toFail('blocked/no-etcd-on-the-node', {
      ...FIX,
      host: first.address,
    })
    const both = await adopt([first.address, second.address])
    for (const { address } of [first, second])
      expect(both).toFail('blocked/no-etcd-on-the-node', { host: address, fix: /./ })
  })

  test('an etcd that starts over and over', async () => {
    const unit = '[Service]\nExecStart=/usr/bin/etcd --no-such-flag\nRestart=always\nRestartSec=60\n'
    await first.writeFile('/etc/systemd/system/etcd.service', unit)
    await first.check(['systemctl', 'start', 'etcd'])
    await until(first, 'systemctl show etcd -p SubState --value', 'auto-restart')
    expect(await adopt([first.address])).toFail('blocked/etcd-unit-fails', {
      says: 'etcd.service',
      fix: 'journalctl -u etcd.service',
    })
  })

  test("one that has failed, one that is stopped, and a kubelet's that does not exist", async () => {
    await first.check(['systemd-run', '--quiet', '--unit', 'etcd.service', 'false'])
    await until(first, 'systemctl show etcd -p ActiveState --value', 'failed')
    await second.writeFile('/etc/systemd/system/etcd.service', '[Service]\nExecStart=/usr/bin/etcd\n')
    const both = await adopt([first.address, second.address])
    const service = 'etcd.service'
    expect(both).toFail('blocked/etcd-unit-fails', {
      host: first.address,
      says: new RegExp(`${first.address}: .*${service} .*\\(exit-code\\)`),
    })
    expect(both).toFail('blocked/etcd-unit-is-stopped', {
      host: second.address,
      says: new RegExp(`${second.address}: .*${service}`),
      fix: 'systemctl start etcd.service',
    })
    await second.check(['sh', '-c', 'rm /etc/systemd/system/etcd.service; systemctl daemon-reload'])
    await second.writeFile('/etc/kubernetes/manifests/etcd.yaml', 'kind: Pod\n')
    expect(await adopt([second.address])).toFail('blocked/static-pod-does-not-run', {
      ...FIX,
      says: '/etc/kubernetes/manifests/etcd.yaml',
    })
  })

  test('a gateway, and a gRPC proxy', async () => {
    await start(first, {})
    const gateway = ['gateway', 'start', `--endpoints=${first.address}:2379`, '--listen-addr=127.0.0.1:23790']
    await second.check(['systemd-run', '--quiet', '--unit', 'gateway', '/usr/bin/etcd', ...gateway])
    expect(await adopt([second.address])).toFail('blocked/no-member-but-a-proxy', {
      ...FIX,
      says: ['etcd gateway', `${first.address}:2379`],
    })
    await second.check(['systemctl', 'stop', 'gateway'])
    const proxy = ['grpc-proxy', 'start', `--endpoints=${first.address}:2379`, '--listen-addr=127.0.0.1:2379']
    await second.check(['systemd-run', '--quiet', '--unit', 'gateway', '/usr/bin/etcd', ...proxy])
    expect(await adopt([second.address])).toFail('blocked/no-member-but-a-proxy', {
      ...FIX,
      says: 'etcd grpc-proxy',
    })
    // Next to a member it is not an obstacle.
    await first.check(['systemd-run', '--quiet', '--unit', 'gateway', '/usr/bin/etcd', ...gateway])
    expect((await adopt([first.address])).exitCode).toBe(0)
  })

  test("a process that is only called etcd, root's and another user's", async () => {
    const program = '#!/bin/sh\nsleep 1000\n'
    for (const machine of [first, second]) await machine.writeFile('/opt/etcd', program, { mode: '0755' })
    await first.check(['systemd-run', '--quiet', '--unit', 'fake', '/opt/etcd'])
    await second.check(['systemd-run', '--quiet', '--unit', 'fake', '-p', 'User=nobody', '/opt/etcd'])
    await until(second, 'pgrep -u nobody -x etcd >/dev/null && echo runs', 'runs')
    const both = await adopt([first.address, second.address])
    expect(both).toFail('blocked/does-not-answer-as-a-member', {
      host: first.address,
      says: new RegExp(`${first.address}: process \\d+ \\(fake.service\\)`),
      fix: /./,
    })
    expect(both).toFail('blocked/etcd-of-another-user', {
      host: second.address,
      says: new RegExp(`${second.address}: .* process \\d+, .* nobody`),
    })
  })

  test('files that it names and that never end, or are not files, delay nothing', async () => {
    await first.check(['sh', '-c', 'mkfifo /run/pipe; ln -sfn /run/pipe /run/etcd.yaml'])
    await first.writeFile('/opt/etcd', '#!/bin/sh\nsleep 1000\n', { mode: '0755' })
    await first.check([
      'systemd-run',
      '--quiet',
      '--unit',
      'fake',
      '/opt/etcd',
      '--config-file=/run/etcd.yaml',
    ])
    expect(await adopt([first.address])).toFail('blocked/configuration-file-unreadable', FIX)
    await first.check(['systemctl', 'stop', 'fake'])
    const tls = ['--cert-file=/run/pipe', '--key-file=/dev/zero', '--trusted-ca-file=/dev/zero']
    const urls = '--listen-client-urls=https://127.0.0.1:2379'
    await first.check(['systemd-run', '--quiet', '--unit', 'fake', '/opt/etcd', urls, ...tls])
    expect(await adopt([first.address])).toFail('blocked/does-not-answer-as-a-member', FIX)
  })

  test('two: neither by chance; by its port; or as another machine of the cluster reports', async () => {
    const name = await start(first, {})
    const events = await start(first, { service: 'etcd-events', client: 2381, peer: 2382 })
    expect(await adopt([first.address])).toFail('blocked/several-etcd-on-the-node', {
      says: [
        '2 etcd',
        new RegExp(`\\(etcd\\.service\\): member ${name}, .*port 2379`),
        new RegExp(`\\(etcd-events\\.service\\): member ${events}, .*port 2381`),
      ],
      fix: '--client-port',
    })
    const chosen = await adopt([first.address], '--json', '--client-port', '2379')
    expect(JSON.parse(chosen.stdout)).toMatchObject({ members: [{ name, unit: 'etcd.service' }] })
    const none = await adopt([first.address], '--client-port', '2399')
    expect(none).toFail('blocked/no-etcd-at-client-port', { says: '2399' })

    const joined = `${second.name}-etcd`
    const peers = [first, second].map(({ address }) => `http://${address}:2380`)
    await first.check(['etcdctl', 'member', 'add', joined, `--peer-urls=${peers[1]}`])
    const cluster = `${name}=${peers[0]},${joined}=${peers[1]}`
    await start(second, { cluster, more: ['--initial-cluster-state=existing'] })
    const both = await adopt([second.address], '--json')
    expect(JSON.parse(both.stdout)).toMatchObject({ members: [{ name }, { name: joined }] })

    // The same machine under two names, and all of them named.
    const names = [first.address, decimal(first.address), second.address, second.address]
    const again = await adopt(names, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ members: [{ name }, { name: joined }] })
  })

  test('a learner among them, and a member that is down', async () => {
    const name = await start(first, {})
    const peers = [first, second].map(({ address }) => `http://${address}:2380`)
    await first.check(['etcdctl', 'member', 'add', 'new', '--learner', `--peer-urls=${peers[1]}`])
    const cluster = `${name}=${peers[0]},${second.name}-etcd=${peers[1]}`
    await start(second, { cluster, noBlock: true, more: ['--initial-cluster-state=existing'] })
    await until(first, 'etcdctl member list', 'etcd02-etcd')
    expect(await adopt([first.address])).toFail('blocked/cluster-is-not-healthy', { ...FIX, says: 'learner' })
    // Its machine was not named: the cluster reported it.
    await second.check(['systemctl', 'stop', 'etcd'])
    expect(await adopt([first.address])).toFail('blocked/no-etcd-on-the-node', {
      ...FIX,
      host: second.address,
    })
  })

  test('an address where nothing listens', async () => {
    const nobody = second.address.replace(/\d+$/, '250')
    expect(await adopt([nobody])).toFail('unreachable', { says: nobody })
  })
})

interface EtcdWish {
  readonly service?: string
  readonly client?: number
  readonly peer?: number
  readonly cluster?: string
  readonly noBlock?: boolean
  readonly more?: readonly string[]
}

/** A member without TLS in a separate service; ready when it serves. */
async function start(machine: Machine, wish: EtcdWish): Promise<string> {
  const { service = 'etcd', client = 2379, peer = 2380, more = [] } = wish
  const [name, at] = [`${machine.name}-${service}`, `http://${machine.address}`]
  const run = ['systemd-run', '--quiet', '--unit', service, '--property=Type=notify', '--property=User=root']
  const urls = {
    'listen-client-urls': `${at}:${client},http://127.0.0.1:${client}`,
    'advertise-client-urls': `${at}:${client}`,
    'listen-peer-urls': `${at}:${peer}`,
    'initial-advertise-peer-urls': `${at}:${peer}`,
    'initial-cluster': wish.cluster ?? `${name}=${at}:${peer}`,
  }
  const flags = Object.entries(urls).map(([flag, value]) => `--${flag}=${value}`)
  const block = wish.noBlock === true ? ['--no-block'] : []
  await machine.check([
    ...run,
    ...block,
    '/usr/bin/etcd',
    `--name=${name}`,
    `--data-dir=/var/lib/${service}`,
    ...flags,
    ...more,
  ])
  return name
}

/** Another spelling of the same address: as one number. */
function decimal(address: string): string {
  return String(address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0))
}

/** Repeats until the output has this text. */
async function until(machine: Machine, command: string, text: string): Promise<void> {
  const wait = 'timeout 30 sh -c "until ($1) | grep -q -e \\"$2\\"; do sleep 0.1; done" wait "$1" "$2"'
  await machine.check(['sh', '-c', wait, 'until', command, text])
}
