/**
 * What makes Kubernetes impossible is said before anything is changed, on machines where it is really so; and what goes wrong
 * later is put right by the next run.
 */
import { createReadStream } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { serve } from '../../src/artifacts/test-support.ts'
import { type TestLab, testLab } from '../lab/harness.ts'
import { freshState } from '../lab/support/fresh.ts'
import { quorate, quorateOk } from '../lab/support/quorate.ts'
import { IMAGES, builtArtifacts, whyNoKubernetes } from './built.ts'
import { LAB_KUBERNETES, NINE_PACKAGES } from './nine.ts'
import { NOTHING_TO_CHANGE } from '../lab/support/unchanged.ts'

const WORKER = 'worker01'
const NODES = ['all01', WORKER]
const BALANCER = { url: 'https://all01:6443' }

interface BadInput {
  readonly what: string
  /** Exit code: 8 the planner refuses, 3 preflight does, 65 the cluster file is wrong. */
  readonly exitCode: number
  /** Facts that the message names. */
  readonly named: readonly string[]
  /** On the worker. */
  readonly spoil?: string
  readonly mend?: string
  /** Of the cluster file. */
  readonly cluster?: Readonly<Record<string, unknown>>
}

const SWAPS = 'Filename\tType\tSize\tUsed\tPriority\n/dev/vdb1 partition 1048572 0 -2\n'

const BAD: readonly BadInput[] = [
  {
    what: 'swap',
    // The host's swap is every machine's: this one is shown another list of it.
    spoil: `printf '${SWAPS.replaceAll('\t', '\\t').replaceAll('\n', '\\n')}' >/root/swaps; mount --bind /root/swaps /proc/swaps`,
    mend: 'umount /proc/swaps; rm /root/swaps',
    exitCode: 3,
    named: [WORKER, '/dev/vdb1', 'swapoff -a'],
  },
  {
    what: 'control groups of version 1, and a kubelet that refuses them',
    cluster: { kubernetes: { ...LAB_KUBERNETES, kubelet: {} } },
    exitCode: 3,
    named: [WORKER, 'version 1', 'failCgroupV1: false'],
  },
  {
    what: 'a port of the kubelet that is taken',
    spoil: 'systemd-run --unit=squatter systemd-socket-activate --accept -l 10250 true',
    mend: 'systemctl stop squatter',
    exitCode: 3,
    named: [WORKER, '10250', 'kubelet'],
  },
  {
    what: 'k3s',
    spoil: 'install -m 755 /bin/true /usr/local/bin/k3s',
    mend: 'rm /usr/local/bin/k3s',
    exitCode: 3,
    named: [WORKER, '/usr/local/bin/k3s', 'k3s-uninstall.sh'],
  },
  {
    what: 'a kubelet that is not of quorate',
    spoil:
      "printf '[Service]\\nExecStart=/usr/bin/kubelet\\n' >/etc/systemd/system/kubelet.service; systemctl daemon-reload",
    mend: 'rm /etc/systemd/system/kubelet.service; systemctl daemon-reload',
    exitCode: 8,
    named: [WORKER, 'kubelet'],
  },
  {
    what: "/etc/kubernetes with another cluster's CA",
    spoil:
      'mkdir -p /etc/kubernetes/pki; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout /dev/null -out /etc/kubernetes/pki/ca.crt 2>/dev/null',
    mend: 'rm -r /etc/kubernetes',
    exitCode: 8,
    named: [WORKER, '/etc/kubernetes/pki/ca.crt'],
  },
  {
    what: 'a disk without room for images',
    spoil: 'mkdir -p /var/lib/containerd; mount -t tmpfs -o size=64m tmpfs /var/lib/containerd',
    mend: 'umount /var/lib/containerd',
    exitCode: 3,
    named: [WORKER, '/var/lib/containerd'],
  },
  {
    what: 'a network of pods that is in use on a machine',
    spoil: 'ip address add 10.244.7.1/32 dev lo',
    mend: 'ip address del 10.244.7.1/32 dev lo',
    exitCode: 3,
    named: [WORKER, '10.244.7.1'],
  },
  {
    what: 'a clock that is an hour behind',
    spoil:
      'printf \'#!/bin/sh\\nexec /bin/date -d "1 hour ago" "$@"\\n\' >/usr/local/sbin/date; chmod 755 /usr/local/sbin/date',
    mend: 'rm /usr/local/sbin/date',
    exitCode: 3,
    named: [WORKER],
  },
  {
    what: 'networks of pods and Services that overlap',
    cluster: { kubernetes: { ...LAB_KUBERNETES, podNetwork: '10.96.0.0/16' } },
    exitCode: 65,
    named: ['10.96.0.0/12', 'kubernetes.podNetwork'],
  },
  {
    what: 'a network of pods that holds the nodes',
    cluster: { kubernetes: { ...LAB_KUBERNETES, podNetwork: '198.18.0.0/15' } },
    exitCode: 65,
    named: ['198.18.0.0/15', 'kubernetes.podNetwork'],
  },
  {
    what: 'an etcd that kubeadm refuses',
    cluster: { etcd: { version: '3.5.21' } },
    exitCode: 65,
    named: ['3.5.21', '3.5.24'],
  },
  {
    what: 'a node whose name is no DNS label',
    cluster: { nodes: [{ name: 'All_01', address: '198.18.9.9', roles: ['etcd', 'master'] }] },
    exitCode: 65,
    named: ['All_01'],
  },
]

const reason = await whyNoKubernetes()

describe.skipIf(reason)(`bad input${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-c', script])
  const kubectl = async (...words: readonly string[]) => await quorateOk(lab, ['kubectl', '--', ...words])
  /** What quorate would have made or changed: programs, units, files, and what runs. */
  const everything = async () => {
    // systemd and containerd write by themselves, the latter when it is asked for its version.
    const others = "-not -path '/var/lib/systemd/*' -not -path '/var/lib/containerd/*'"
    const find = `find /etc /opt /usr/local /var/lib ${others}`
    const there = `${find}; ${find} -type f -newer /root/before`
    const runs = 'systemctl is-active etcd containerd kubelet haproxy || true'
    const found = await Promise.all(NODES.map(async (name) => await on(name, `${there}; ${runs}`)))
    return found.join('\n')
  }

  beforeAll(async () => {
    lab = await testLab({
      machines: [
        { name: 'all01', roles: ['etcd', 'master', 'worker'], containers: true },
        { name: WORKER, roles: ['worker'], containers: true },
      ],
      suite: 'trixie',
      packages: NINE_PACKAGES,
      cluster: { packages: [], loadBalancer: BALANCER, kubernetes: LAB_KUBERNETES },
    })
    await freshState(lab)
    // containerd of the distribution runs from the boot on, and creates this directory a moment after it is active.
    const settled = 'systemctl is-active containerd && test -d /etc/cni/net.d'
    for (const name of NODES) await vi.waitFor(async () => await on(name, settled), 60_000)
  })
  afterAll(async () => await lab?.down())

  test.each(BAD)('$what: said, and nothing is changed', async ({ exitCode, named, spoil, mend, cluster }) => {
    if (spoil !== undefined) await on(WORKER, spoil)
    if (cluster !== undefined) await lab.writeCluster(cluster)
    try {
      for (const name of NODES) await on(name, 'touch /root/before; sleep 0.02')
      const before = await everything()
      const { stdout, stderr, ...ended } = await quorate(lab, ['apply', '--yes'])
      expect({ ...ended, stdout, stderr }).toMatchObject({ exitCode })
      for (const fact of named) expect(stdout + stderr).toContain(fact)
      expect(await everything()).toBe(before)
    } finally {
      if (mend !== undefined) await on(WORKER, mend)
      if (cluster !== undefined) await lab.writeCluster({})
    }
  })

  test('images that no registry has: named, with the machine; a repository that has them is enough', async () => {
    const [program] = (await builtArtifacts()).programs
    const base = await serve((request, response) => {
      if (request.url?.endsWith('.sha256') === true) response.end(program?.sha256)
      else createReadStream(program?.path ?? '').pipe(response)
    })
    const url = `${base}/{program}`
    const source = { release: { url, checksums: `${url}.sha256` } }
    await lab.writeCluster({ kubernetes: { ...LAB_KUBERNETES, source, imageRepository: 'registry.invalid' } })
    const { exitCode, stdout, stderr } = await quorate(lab, ['apply', '--yes'])
    expect(exitCode).not.toBe(0)
    expect(stdout + stderr).toMatch(/all01[^]*registry\.invalid\/[\w-]+:/)
    await lab.writeCluster({})
    await quorateOk(lab, ['apply', '--yes'])
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('a tag of the sandbox image that does not exist, and an image that is gone: the next run puts both right', async () => {
    const configuration = '/etc/containerd/config.toml'
    await on(
      WORKER,
      `sed -i 's,${IMAGES.pause},quorate.lab/pause:0.0,' ${configuration}; systemctl restart containerd
      ctr -n k8s.io images rm ${IMAGES.flannel}`,
    )
    const planned = await quorate(lab, ['plan', '--json'])
    expect(planned.exitCode).toBe(2)
    await quorateOk(lab, ['apply', '--yes'])
    expect(await on(WORKER, `cat ${configuration}`)).toContain(`sandbox_image = "${IMAGES.pause}"`)
    await kubectl('run', 'after', '--image', IMAGES.pause, '--overrides', `{"spec":{"nodeName":"${WORKER}"}}`)
    await kubectl('wait', '--for=condition=Ready', 'pod/after', '--timeout=60s')
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })
})
