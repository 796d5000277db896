/** etcdctl on a node: its user, its arguments, and what it does not get. */
import { beforeAll, describe, expect, test } from 'vitest'
import { etcdctl } from '../../src/verbs/machines/etcdctl.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { whyNoLab } from './harness.ts'
import { type SshLab, useSshLab } from './ssh-lab.ts'

/** Replaces etcdctl: prints its user, environment and arguments; copies its input. */
const STANDIN =
  '#!/bin/sh\nid -un; env -0 | grep -z ^ETCDCTL | tr "\\0" "\\n"; printf "<%s>\\n" "$@"; cat; exit 7\n'

function cluster(ssh: SshLab, changes: object): Cluster {
  const etcd = { clientPort: 2379, localPlaintext: false, enableV2: false }
  const nodes = ['near', 'far'].map((name) => ({
    name,
    roles: ['etcd'],
    ssh: ssh.target(name, { user: 'free' }),
  }))
  return { nodes, groups: {}, pki: { layout: 'single' }, etcd: { ...etcd, ...changes } } as unknown as Cluster
}

describe.skipIf(whyNoLab())('etcdctl', () => {
  const ssh = useSshLab()

  beforeAll(async () => {
    for (const machine of ssh.lab.machines) {
      await machine.check(['sh', '-c', 'id etcd 2>/dev/null || useradd --system --shell /bin/false etcd'])
      await machine.check([
        'sh',
        '-c',
        'mkdir -p /etc/ssl/etcd && touch /etc/ssl/etcd/etcd.crt /etc/ssl/etcd/server.crt',
      ])
      await machine.writeFile('/usr/local/bin/etcdctl', STANDIN, { mode: '0755' })
      await machine.check(['sh', '-c', 'echo ETCDCTL_ENDPOINTS=http://elsewhere:1 >>/etc/environment'])
    }
  })

  test('runs as user etcd with TLS flags, arguments, input and exit code passed on unchanged', async () => {
    await using machines = await ssh.fleet()
    const args = ['put', 'a b', "it's $HOME", '"', '--prefix']
    const result = await etcdctl({
      cluster: cluster(ssh, {}),
      args,
      fleet: machines,
      stdin: Buffer.from([0xff, 0, 0x0a]),
    })
    const flags =
      '<--endpoints=https://127.0.0.1:2379>\n<--cacert=/etc/ssl/etcd/ca.crt>\n<--cert=/etc/ssl/etcd/etcd.crt>\n<--key=/etc/ssl/etcd/etcd.key>'
    const text = `etcd\nETCDCTL_API=3\n${flags}\n<put>\n<a b>\n<it's $HOME>\n<">\n<--prefix>\n`
    expect(result).toMatchObject({ host: 'near', exitCode: 7 })
    expect(Buffer.from(result.stdout)).toEqual(
      Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0, 0x0a])]),
    )
  })

  test('the first node that can be reached, or the one that is named', async () => {
    await using machines = await ssh.fleet({ knownHosts: await ssh.knownHostsFor('far') })
    const any = await etcdctl({ cluster: cluster(ssh, {}), args: ['version'], fleet: machines })
    expect(any.host).toBe('far')
    const near = etcdctl({ cluster: cluster(ssh, {}), node: 'near', args: ['version'], fleet: machines })
    await expect(near).rejects.toMatchObject({ code: 'host-key', host: 'near' })
    const nobody = etcdctl({ cluster: cluster(ssh, {}), node: 'nearer', args: [], fleet: machines })
    await expect(nobody).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringMatching(/: near, far$/),
    })
  })

  test('the v2 API with its own flags, only where it is served; plain loopback without any', async () => {
    await using machines = await ssh.fleet()
    const v2 = { args: ['ls', '/'], api: 2 as const, fleet: machines }
    await expect(etcdctl({ cluster: cluster(ssh, {}), ...v2 })).rejects.toMatchObject({ code: 'usage' })
    const served = await etcdctl({ cluster: cluster(ssh, { enableV2: true, localPlaintext: true }), ...v2 })
    expect(Buffer.from(served.stdout).toString()).toBe(
      'etcd\nETCDCTL_API=2\n<--endpoints=http://127.0.0.1:2379>\n<--no-sync>\n<ls>\n</>\n',
    )
  })

  test('newer ones, which come with etcdutl and warn of ETCDCTL_API, are not given it', async () => {
    await using machines = await ssh.fleet()
    for (const machine of ssh.lab.machines)
      await machine.writeFile('/usr/local/bin/etcdutl', '', { mode: '0755' })
    const result = await etcdctl({ cluster: cluster(ssh, {}), args: ['version'], fleet: machines })
    expect(Buffer.from(result.stdout).toString()).toMatch(/^etcd\n<--endpoints/)
  })
})
