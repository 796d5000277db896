/**
 * Removes Kubernetes from a worker, from a node that is etcd member and control-plane node, and from all: etcd is not
 * affected.
 */
import { rename } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab } from '../lab/harness.ts'
import { freshState, stateFolder } from '../lab/support/fresh.ts'
import { quorate, quorateOk } from '../lab/support/quorate.ts'
import { NOTHING_TO_RESET } from '../lab/support/unchanged.ts'
import { whyNoKubernetes } from './built.ts'
import { LAB_KUBERNETES, NINE_PACKAGES } from './nine.ts'

const reason = await whyNoKubernetes()
const CONFIRMED = ['--confirm', 'test'] as const

describe.skipIf(reason)(`reset${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-c', script])
  const etcdctl = async (...words: readonly string[]) => await quorateOk(lab, ['etcdctl', '--', ...words])
  const nodes = async () => {
    const kubectl = 'kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes'
    const format = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'
    return (await on('master01', `${kubectl} -o jsonpath='${format}'`)).trim().split(' ').toSorted()
  }
  /** Changes with each start of etcd, and with each new member. */
  const member = async () =>
    await on(
      'master01',
      'systemctl show etcd -p ActiveState -p MainPID -p NRestarts; stat -c %i /opt/etcd/data/member; ls /etc/ssl/etcd/',
    )

  beforeAll(async () => {
    lab = await testLab({
      machines: [
        { name: 'master01', roles: ['etcd', 'master'], containers: true },
        { name: 'worker01', roles: ['worker'], containers: true },
        { name: 'service01', roles: ['service'] },
      ],
      suite: 'trixie',
      packages: NINE_PACKAGES,
      cluster: {
        packages: [],
        loadBalancer: { url: 'https://service01:6443', managed: true },
        kubernetes: LAB_KUBERNETES,
      },
    })
    await freshState(lab)
    await quorateOk(lab, ['apply', '--yes'])
    await etcdctl('put', '/mine', 'stays')
  })
  afterAll(async () => await lab?.down())

  test("a worker is drained and decommissioned, other tools' rules stay, and apply sets it up again", async () => {
    await on(
      'worker01',
      'iptables -N MINE; iptables -A MINE -j RETURN; iptables -A INPUT -j MINE; nft add table ip mine; touch /var/lib/kubelet/kept',
    )
    const said = await quorateOk(lab, ['reset', 'worker01', ...CONFIRMED])
    expect(said).toContain('/etc/kubernetes is now /etc/kubernetes.before-reset-')
    const seen = await on(
      'worker01',
      `systemctl is-active kubelet containerd; ls -d /etc/kubernetes /var/lib/cni /etc/cni/net.d/*.conflist /usr/local/bin/kubelet /etc/containerd/config.toml /run/flannel 2>/dev/null
      ip -o link | grep -o -E 'cni0|flannel[^:@ ]*|veth[^:@ ]*'; nft list tables; iptables-save | grep -E 'KUBE|FLANNEL|MINE'
      grep -l -x containerd-shim /proc/[0-9]*/comm; grep /var/lib/kubelet /proc/mounts; ls /var/lib/kubelet/.quorate-aside.before-reset-*/kept | wc -l`,
    )
    for (const gone of [
      'cni0',
      'flannel',
      'veth',
      'KUBE',
      'FLANNEL',
      'kube-proxy',
      '/comm',
      '/etc/kubernetes',
    ])
      expect(seen).not.toContain(gone)
    expect(seen).toContain('table ip mine')
    expect(seen).toContain('-A INPUT -j MINE')
    // A mount point on machines of the lab: it can't be renamed, so its content is kept in it.
    expect(seen.trim().split('\n').at(-1)).toBe('1')
    expect(await nodes()).toEqual(['master01=True'])
    expect(await quorateOk(lab, ['reset', 'worker01', ...CONFIRMED])).toBe(NOTHING_TO_RESET)
    await quorateOk(lab, ['apply', '--yes'])
    expect(await nodes()).toEqual(['master01=True', 'worker01=True'])
  })

  test('a machine that is etcd member and master at once: etcd runs on as if nothing had happened', async () => {
    const before = await member()
    const unsaid = await quorate(lab, ['reset', 'master01', ...CONFIRMED])
    expect(unsaid).toFail('usage', { says: /master01 .*kubernetes.*etcd/ })
    // The API is down, so kubeadm's own reset lacks what it needs.
    await on('master01', 'systemctl stop kubelet; pkill -x kube-apiserver || true')
    await quorateOk(lab, ['reset', 'master01', '--tier', 'kubernetes', ...CONFIRMED])
    expect(await member()).toBe(before)
    expect(await etcdctl('get', '/mine', '--print-value-only')).toBe('stays\n')
    expect(await on('master01', 'ls /etc/ssl')).not.toMatch(/^kubernetes-etcd$/m)
    await quorateOk(lab, ['apply', '--yes'])
    expect(await member()).toBe(before)
    expect(await nodes()).toEqual(['master01=True', 'worker01=True'])
  })

  test('all of it: etcd keeps its objects by default, and no other Kubernetes is set up on them', async () => {
    const before = await member()
    const registry = async () => await etcdctl('get', '/registry/', '--prefix', '--keys-only', '--limit', '3')
    expect((await quorate(lab, ['reset', ...CONFIRMED])).stderr).toContain('quorate reset --tier kubernetes')
    await quorateOk(lab, ['reset', '--tier', 'kubernetes', ...CONFIRMED])
    expect(await registry()).toContain('/registry/')
    expect((await quorate(lab, ['plan'])).exitCode).toBe(2)
    // Another CA means another Kubernetes cluster.
    const state = path.join(stateFolder(lab), 'kubernetes')
    await rename(state, `${state}.other`)
    expect(await quorate(lab, ['apply', '--yes'])).toFail('blocked/keys-of-another-kubernetes', {
      says: ['/registry', ' test'],
    })
    expect(await on('worker01', 'ls /etc')).not.toMatch(/^kubernetes$/m)
    await quorateOk(lab, ['reset', '--tier', 'kubernetes', '--remove-objects', ...CONFIRMED])
    expect((await registry()).trim()).toBe('')
    expect(await etcdctl('get', '/mine', '--print-value-only')).toBe('stays\n')
    expect(await member()).toBe(before)
    expect((await quorate(lab, ['plan'])).exitCode).toBe(2)
  })
})
