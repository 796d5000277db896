/** The steps of the tier prepare a machine of the lab for a kubelet, through the real agent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunEvent } from '../../src/engine/events.ts'
import { loadClusterFile, preflight } from '../../src/index.ts'
import type { Cluster, Node } from '../../src/spec/cluster.ts'
import { sampleKubernetes } from '../../src/spec/sample-kubernetes.ts'
import { containerdReset } from '../../src/tiers/containerd/reset.ts'
import { type TestLab, testLab } from '../lab/harness.ts'
import { freshState } from '../lab/support/fresh.ts'
import { CONTAINER_PACKAGES, IMAGES, SPEC, VERSIONS, whyNoKubernetes } from './built.ts'
import { oneNode } from './support/one-node.ts'

const reason = await whyNoKubernetes()
const NAME = 'master01'
const CONFIGURATION = '/etc/containerd/config.toml'

/** The lab has cgroups v1. */
const ALLOWED = { configuration: { failCgroupV1: false } }

describe.skipIf(reason)(`the tier of containerd${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  let cluster: Cluster
  let node: Node
  let at: ReturnType<typeof oneNode>
  const shell = async (text: string) => await lab.machine(NAME).check(['sh', '-c', text])

  beforeAll(async () => {
    lab = await testLab({
      machines: [{ name: NAME, roles: ['etcd', 'master'], containers: true }],
      suite: 'trixie',
      packages: CONTAINER_PACKAGES,
    })
    await freshState(lab)
    const loaded = await loadClusterFile(lab.clusterFile)
    cluster = { ...loaded.cluster, kubernetes: { ...sampleKubernetes({ ...SPEC, kubelet: ALLOWED }) } }
    const [first] = cluster.nodes
    if (first === undefined) throw new Error('the lab has no machine')
    node = first
    at = oneNode(cluster, node)
  })
  afterAll(async () => await lab.down())

  test('what stands in the way is refused while nothing is changed yet', async () => {
    await shell(`mkdir -p /usr/local/bin && touch /usr/local/bin/k3s && cp -p ${CONFIGURATION} /root/packaged && echo 'version = 2' >${CONFIGURATION}
      systemd-run --quiet --unit=squatter socat TCP-LISTEN:10250,fork,reuseaddr OPEN:/dev/null
      timeout 5 sh -c 'until ss -Htln | grep -q :10250; do sleep 0.1; done'`)
    await using session = await at.connected()
    const reasons = at.refused(await at.look(session))
    expect(reasons).toMatchObject([
      { id: 'other-kubernetes', message: expect.stringMatching(/^k3s .*\/usr\/local\/bin\/k3s/) },
      { id: 'node-ports', message: expect.stringMatching(/^socat .*\b10250\b.*\bkubelet\b/) },
      { id: 'file-of-another-tool', message: expect.stringContaining(CONFIGURATION) },
    ])
    const { checks } = await preflight(session)
    const failed = checks.filter(({ result }) => result === 'failure').map(({ id }) => id)
    expect(failed).toEqual(expect.arrayContaining(['other-kubernetes', 'node-ports']))
    await shell(`systemctl stop squatter; rm /usr/local/bin/k3s; mv /root/packaged ${CONFIGURATION}`)
    expect(at.refused(await at.look(session))).toEqual([])
    const strict = { ...cluster, kubernetes: sampleKubernetes(SPEC) }
    expect(at.refused(await at.look(session), strict)).toMatchObject([{ id: 'cgroup-version' }])
  })

  test('a run that is cut off when the configuration is written is finished by the next one', async () => {
    const cut = new AbortController()
    const abort = (event: RunEvent) => {
      if (event.type === 'step-done' && event.step.kind === 'service-file') cut.abort(new Error('cut off'))
    }
    await using session = await at.connected({ emit: abort, signal: cut.signal })
    const host = await at.look(session)
    const steps = at.planned(host)
    expect(new Set(steps.map(({ kind }) => kind))).toEqual(
      new Set(['kernel', 'service-file', 'service-load', 'program', 'image']),
    )
    await expect(at.carryOut(session, host, steps)).rejects.toThrow()
    expect(await at.settle()).toEqual(expect.arrayContaining(['program', 'image']))
    expect(await at.settle()).toEqual([])
  })

  test('containerd runs as the machine demands, with the sandbox image that was imported', async () => {
    const effective = await shell('containerd config dump')
    expect(effective).toContain(`sandbox_image = "${IMAGES.pause}"`)
    // cgroups v1 in a container, without the right to lower an OOM score.
    expect(effective).toContain('SystemdCgroup = false')
    expect(effective).toContain('restrict_oom_score_adj = true')
    expect(await shell('ctr plugins ls | grep -w cri')).toMatch(/\bok\s*$/m)
    expect(await shell('systemctl is-enabled containerd; systemctl is-active containerd')).toBe(
      'enabled\nactive\n',
    )
    const said = await shell(
      `ctr -n k8s.io run --rm ${IMAGES.apiServer} test-1 /usr/local/bin/kube-apiserver --version`,
    )
    expect(said).toContain(`Kubernetes v${VERSIONS.kubernetes}`)
    // A kubelet would remove an image that can't be pulled again.
    expect(await shell('ctr -n k8s.io images ls | grep -c io.cri-containerd.pinned=pinned')).not.toBe('0\n')
  })

  test('programs are one file below quorate, each started by its own name', async () => {
    expect(await shell('kubelet --version')).toBe(`Kubernetes v${VERSIONS.kubernetes}\n`)
    expect(await shell('kubeadm version -o short')).toBe(`v${VERSIONS.kubernetes}\n`)
    expect(await shell('find /opt/quorate/kubernetes -type f -size +1M | wc -l')).toBe('1\n')
  })

  test.each([
    ['a setting of the kernel', 'echo 0 >/proc/sys/net/ipv4/ip_forward', ['kernel']],
    ['a file that sets it at boot', 'rm /etc/sysctl.d/quorate-kubernetes.conf', ['kernel']],
    ['the configuration', `echo '# mine' >>${CONFIGURATION}`, ['service-file', 'service-load']],
    ['containerd that was stopped', 'systemctl stop containerd', ['service-load', 'image']],
    ['a link', 'rm /usr/local/bin/kubectl', ['program']],
    ['a program', 'truncate -s -1 "$(readlink -f /usr/local/bin/kubelet)"', ['program']],
    ['an image', `ctr -n k8s.io images rm ${IMAGES.coredns}`, ['image']],
  ])('%s that is changed by hand is put right', async (_what, command, kinds) => {
    await shell(command)
    expect(await at.settle()).toEqual(kinds)
    expect(await at.settle()).toEqual([])
  })

  test("a configuration that containerd can't read is not installed, and one without CRI is not a success", async () => {
    await using session = await at.connected()
    const whole = await shell(`cat ${CONFIGURATION}`)
    await shell(`echo '# mine' >>${CONFIGURATION}`)
    const host = await at.look(session)
    const changed = (change: (content: string) => string) =>
      at
        .planned(host)
        .map((step) => (step.kind === 'service-file' ? { ...step, content: change(step.content) } : step))
    const unreadable = changed((content) => content.replace('[plugins', '[plugins =\n[plugins'))
    await expect(at.carryOut(session, host, unreadable)).rejects.toThrow(
      `containerd does not accept the new ${CONFIGURATION}`,
    )
    expect(await shell(`cat ${CONFIGURATION}`)).toBe(`${whole}# mine\n`)
    const deaf = changed((content) =>
      `${content}disabled_plugins = ["io.containerd.grpc.v1.cri"]\n`.replace(
        /^(.*\n)(version.*\n)([^]*)(disabled.*\n)$/,
        '$1$4$2$3',
      ),
    )
    await expect(at.carryOut(session, host, deaf)).rejects.toFail('command/cri-plugin-is-not-loaded', {
      host: NAME,
      says: ['ctr plugins ls', 'disabled_plugins'],
    })
    await at.settle()
    expect(await at.settle()).toEqual([])
    expect(await shell(`cat ${CONFIGURATION}`)).toBe(whole)
  })

  test("a program that is not quorate's is never overwritten", async () => {
    await shell('rm /usr/local/bin/kubelet; printf mine >/usr/local/bin/kubelet')
    await using session = await at.connected()
    const host = await at.look(session)
    const program = '/usr/local/bin/kubelet'
    expect(at.refused(host)).toMatchObject([{ message: expect.stringContaining(program) }])
    await expect(at.carryOut(session, host, at.planned(host))).rejects.toFail(
      'command/program-of-another-tool',
      { host: NAME, says: program },
    )
    expect(await shell('cat /usr/local/bin/kubelet')).toBe('mine')
    await shell('rm /usr/local/bin/kubelet')
    await at.settle()
  })

  test('a node without a route to Services has one by now', async () => {
    expect(await shell('ip route get 10.96.0.10')).toContain('dev host0')
    expect(await shell('systemctl is-enabled quorate-service-route')).toBe('enabled\n')
    await shell('ip route del 10.96.0.0/12')
    expect(await at.settle()).toEqual(['service-load'])
    expect(await shell('ip route get 10.96.0.10')).toContain(`src ${node.address}`)
  })

  test('after a boot nothing is left to be done, and preflight finds nothing wrong', async () => {
    await lab.machine(NAME).powerOff()
    await lab.machine(NAME).boot()
    await using session = await at.connected()
    // Units that start at boot may not be ready yet.
    await expect
      .poll(async () => at.planned(await at.look(session)), { timeout: 60_000, interval: 1000 })
      .toEqual([])
    const { checks } = await preflight(session)
    const ours = checks.filter(({ id }) => ['kubernetes-node', 'pod-network', 'service-network'].includes(id))
    expect(ours.map(({ id, result }) => `${id} ${result}`).toSorted()).toEqual([
      'kubernetes-node ok',
      'pod-network ok',
      'service-network ok',
    ])
  })

  test('reset takes it away again, and images stay', async () => {
    await using session = await at.connected()
    const host = await at.look(session)
    const after = await at.carryOut(session, host, containerdReset(cluster, host, 'before-T'))
    expect(containerdReset(cluster, after, 'before-T')).toEqual([])
    expect(await shell('ls /opt/quorate; ls /usr/local/bin; ls /etc/containerd')).toBe(
      'config.toml.before-T\n',
    )
    expect(await shell('systemctl is-active containerd quorate-service-route || true')).toBe(
      'inactive\ninactive\n',
    )
  })
})
