/**
 * A machine of the lab gets containerd, runc and the CNI plugins from releases. They are Debian's programs, packed like
 * the projects' releases, on a server of this test.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownArchitecture } from '../../src/artifacts/artifact.ts'
import { publishedAs } from '../../src/artifacts/containerd/published.ts'
import { loadClusterFile } from '../../src/index.ts'
import { labBase } from '../../src/lab/base.ts'
import { type RuntimePart, RUNTIME_PROGRAMS, runtimeParts } from '../../src/kubernetes/runtime-parts.ts'
import type { Cluster, Node } from '../../src/spec/cluster.ts'
import type { ContainerdSpec } from '../../src/spec/containerd.ts'
import { sampleKubernetes } from '../../src/spec/sample-kubernetes.ts'
import { containerdReset } from '../../src/tiers/containerd/reset.ts'
import { type TestLab, testLab } from '../lab/harness.ts'
import { freshState } from '../lab/support/fresh.ts'
import { CONTAINER_PACKAGES, IMAGES, SPEC, VERSIONS, whyNoKubernetes } from './built.ts'
import { oneNode } from './support/one-node.ts'

const reason = await whyNoKubernetes()
const NAME = 'master01'
/** The versions in trixie. */
const RELEASED = { version: '1.7.24', runc: '1.1.15', cni: '1.1.1', crictl: undefined }
const PROGRAMS = { containerd: 'usr/bin', runc: 'usr/sbin', 'cni-plugins': 'usr/lib/cni', crictl: 'usr/bin' }
const [CONTAINERD, RUNC, PLUGINS] = [
  `/opt/quorate/containerd/${RELEASED.version}`,
  `/opt/quorate/runc/${RELEASED.runc}/runc`,
  `/opt/quorate/cni-plugins/${RELEASED.cni}`,
]

const run = promisify(execFile)

/** Packs one part like its project, with its checksums, below the directory of the site. */
async function publish(part: RuntimePart, system: string, site: string): Promise<void> {
  const { path: folder, file, checksums, directory } = publishedAs(part, ownArchitecture() ?? 'amd64')
  const place = path.join(site, folder)
  await mkdir(place, { recursive: true })
  const from = path.join(system, PROGRAMS[part.product])
  const names: readonly string[] = RUNTIME_PROGRAMS[part.product]
  const packed = path.join(place, file)
  if (directory === undefined) await writeFile(packed, await readFile(path.join(from, names[0] ?? '')))
  else {
    const renamed = `--transform=s,^,${directory === '' ? './' : directory},`
    await run('tar', ['--create', '--gzip', '--file', packed, '--directory', from, renamed, ...names])
  }
  const sum = createHash('sha256')
    .update(await readFile(packed))
    .digest('hex')
  await writeFile(path.join(place, checksums), `${sum}  ${file}\n`)
}

describe.skipIf(reason)(`containerd from a release${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  let node: Node
  let cluster: Cluster
  let at: ReturnType<typeof oneNode>
  let site: string
  let server: Server
  const asked: string[] = []
  const shell = async (text: string) => await lab.machine(NAME).check(['sh', '-c', text])

  beforeAll(async () => {
    site = await mkdtemp(path.join(tmpdir(), 'quorate-release-site-'))
    server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const file = createReadStream(path.join(site, path.posix.normalize(request.url ?? '/')))
      file.on('error', () => response.writeHead(404).end())
      file.pipe(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const released: ContainerdSpec = { ...RELEASED, source: { kind: 'release', base, proxy: undefined } }
    const system = await labBase({ suite: 'trixie', packages: CONTAINER_PACKAGES })
    for (const part of runtimeParts(released)) await publish(part, system, site)

    lab = await testLab({
      machines: [{ name: NAME, roles: ['etcd', 'master'], containers: true }],
      suite: 'trixie',
      packages: CONTAINER_PACKAGES,
    })
    await freshState(lab)
    const loaded = await loadClusterFile(lab.clusterFile)
    // The lab has cgroups v1.
    const kubelet = { configuration: { failCgroupV1: false } }
    const kubernetes = { ...sampleKubernetes({ ...SPEC, kubelet, containerd: released }) }
    cluster = { ...loaded.cluster, kubernetes }
    const [first] = cluster.nodes
    if (first === undefined) throw new Error('the lab has no machine')
    node = first
    at = oneNode(cluster, node)
  })
  afterAll(async () => {
    await lab.down()
    server.closeAllConnections()
    server.close()
    await rm(site, { recursive: true, force: true })
  })

  test("the distribution's package in its place is refused, and what the fix says is enough", async () => {
    await using session = await at.connected()
    expect(at.refused(await at.look(session))).toMatchObject([{ id: 'containerd-of-the-distribution' }])
    await shell('dpkg --remove containerd runc containernetworking-plugins 2>&1')
    expect(at.refused(await at.look(session))).toEqual([])
    expect(asked).toEqual([])
  })

  test("another tool's program is refused and not overwritten", async () => {
    await shell('mkdir -p /usr/local/bin && printf mine >/usr/local/bin/runc')
    await using session = await at.connected()
    expect(at.refused(await at.look(session))).toMatchObject([
      { id: 'file-of-another-tool', message: expect.stringContaining('/usr/local/bin/runc') },
    ])
    await shell('rm /usr/local/bin/runc')
  })

  test('containerd starts from the release, and a second look finds nothing to do', async () => {
    expect(await at.settle()).toEqual(
      expect.arrayContaining(['kernel', 'program', 'service-file', 'service-load', 'image']),
    )
    expect(await at.settle()).toEqual([])
    // Each archive and its checksums, once.
    expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted())
    expect(asked).toHaveLength(6)
    expect(await shell('readlink /proc/$(systemctl show -P MainPID containerd)/exe')).toBe(
      `${CONTAINERD}/containerd\n`,
    )
    expect(await shell('systemctl is-enabled containerd; systemctl show -P FragmentPath containerd')).toBe(
      'enabled\n/etc/systemd/system/containerd.service\n',
    )
    const effective = await shell('containerd config dump')
    expect(effective).toContain(`BinaryName = "${RUNC}"`)
    expect(effective).toContain(`bin_dir = "${PLUGINS}"`)
    expect(await shell(`ls ${PLUGINS} | grep -v quorate | tr '\\n' ' '`)).toBe(
      `${RUNTIME_PROGRAMS['cni-plugins'].join(' ')} `,
    )
    // `bridge` is also a program of iproute2.
    expect(await shell('ls /usr/local/bin')).not.toMatch(/bridge|loopback/)
  })

  test('the CRI answers, and a container runs by the runc of the release', async () => {
    // Version of runtime.v1.RuntimeService, requested like a kubelet does: with an empty message.
    const answer = await shell(
      `printf '\\0\\0\\0\\0\\0' | curl -sS --max-time 10 --http2-prior-knowledge --unix-socket /run/containerd/containerd.sock -H 'content-type: application/grpc' -H 'te: trailers' --data-binary @- http://localhost/runtime.v1.RuntimeService/Version | tr -cd '[:print:]'`,
    )
    expect(answer).toContain('containerd')
    expect(answer).toContain(RELEASED.version)
    const said = await shell(
      `ctr -n k8s.io run --rm --runc-binary ${RUNC} ${IMAGES.apiServer} test-1 /usr/local/bin/kube-apiserver --version`,
    )
    expect(said).toContain(`Kubernetes v${VERSIONS.kubernetes}`)
    expect(await shell('ls /usr/local/bin')).toMatch(/^containerd\ncontainerd-shim-runc-v2\nctr\n[^]*^runc$/m)
  })

  test.each([
    ['a program', `truncate -s -1 ${PLUGINS}/bridge`, ['program']],
    ['the unit', `echo '# mine' >>/etc/systemd/system/containerd.service`, ['service-file', 'service-load']],
    ['containerd that was stopped', 'systemctl stop containerd', ['service-load', 'image']],
  ])('%s that is changed by hand is put right, from the cache', async (_what, command, kinds) => {
    await shell(command)
    const before = asked.length
    expect(await at.settle()).toEqual(kinds)
    expect(await at.settle()).toEqual([])
    expect(asked).toHaveLength(before)
  })

  test('a file that goes back to the distribution is refused', async () => {
    await using session = await at.connected()
    const { containerd: _released, ...others } = sampleKubernetes({ ...SPEC, ...cluster.kubernetes })
    expect(at.refused(await at.look(session), { ...cluster, kubernetes: others })).toMatchObject([
      { id: 'containerd-of-a-release' },
    ])
  })

  test('after a boot nothing is left to be done', async () => {
    await lab.machine(NAME).powerOff()
    await lab.machine(NAME).boot()
    await using session = await at.connected()
    await expect
      .poll(async () => at.planned(await at.look(session)), { timeout: 60_000, interval: 1000 })
      .toEqual([])
  })

  test('reset takes it away again', async () => {
    await using session = await at.connected()
    const host = await at.look(session)
    const after = await at.carryOut(session, host, containerdReset(cluster, host, 'before-T'))
    expect(containerdReset(cluster, after, 'before-T')).toEqual([])
    expect(await shell('ls /opt/quorate /usr/local/bin; ls /etc/systemd/system | grep ^containerd')).toBe(
      '/opt/quorate:\n\n/usr/local/bin:\ncontainerd.service.before-T\n',
    )
    expect(await shell('systemctl is-active containerd || true')).toBe('inactive\n')
  })
})
