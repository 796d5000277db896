/** Images of locally built programs, run by a real containerd on a machine of the lab. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab } from '../lab/harness.ts'
import { CONTAINER_PACKAGES, IMAGES, VERSIONS, throughBundle, whyNoKubernetes } from './built.ts'

const ctr = (...args: readonly string[]) => ['ctr', '--namespace=k8s.io', ...args]

const reason = await whyNoKubernetes()

describe.skipIf(reason)(`images${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  const machine = () => lab.machine('master01')
  /** The output of a container of the image with this command. */
  const said = async (image: string, ...argv: readonly string[]) =>
    await machine().check(ctr('run', '--rm', image, `test-${argv.length}-${image.length}`, ...argv))
  /** The output of a program of kube-proxy's image that may change the machine's packet filter. */
  const proxy = async (...argv: readonly string[]) =>
    await machine().check(
      ctr(
        'run',
        '--rm',
        '--net-host',
        '--privileged',
        IMAGES.kubeProxy,
        `proxy-${argv.join('').length}`,
        ...argv,
      ),
    )

  beforeAll(async () => {
    lab = await testLab({
      machines: [{ name: 'master01', containers: true }],
      suite: 'trixie',
      packages: CONTAINER_PACKAGES,
    })
    await machine().check(['systemctl', 'start', 'containerd'])
    for (const archive of (await throughBundle(lab.folder)).images) {
      const file = `/var/tmp/${path.basename(archive.path)}`
      await machine().writeFile(file, await readFile(archive.path))
      await machine().check(ctr('images', 'import', file))
    }
  })
  afterAll(async () => await lab.down())

  test('are known by every name', async () => {
    const names = (await machine().check(ctr('images', 'ls', '--quiet'))).split('\n')
    expect(names).toEqual(expect.arrayContaining(Object.values(IMAGES)))
  })

  test('run: each component by its name, and says its version', async () => {
    const version = `Kubernetes v${VERSIONS.kubernetes}`
    const components = {
      'kube-apiserver': IMAGES.apiServer,
      'kube-controller-manager': IMAGES.controllerManager,
      'kube-proxy': IMAGES.kubeProxy,
      'kube-scheduler': IMAGES.scheduler,
    }
    for (const [name, image] of Object.entries(components))
      expect(await said(image, `/usr/local/bin/${name}`, '--version')).toContain(version)
    expect(await said(IMAGES.coredns, '/coredns', '-version')).toContain(`CoreDNS-${VERSIONS.coredns}`)
  })

  test("kube-proxy's has a packet filter of both kinds", async () => {
    expect(await proxy('nft', '--version')).toMatch(/^nftables v1\.1\./)
    await proxy('nft', 'add', 'table', 'inet', 'of-a-test')
    expect(await proxy('nft', 'list', 'tables')).toContain('table inet of-a-test')
    // A match and a target that are extensions, which iptables must load.
    const rule = ['-p', 'tcp', '-m', 'comment', '--comment', 'of-a-test', '-j', 'MARK', '--set-mark', '1']
    await proxy('iptables', '-t', 'mangle', '-A', 'PREROUTING', ...rule)
    expect(await proxy('iptables-save', '-t', 'mangle')).toContain('--comment of-a-test')
  })

  test("flannel's starts, and serves and asks as the proof wants it", async () => {
    const { flannel, probe } = IMAGES
    const version = ctr('run', '--rm', flannel, 'flannel-version', '/opt/bin/flanneld', '--version')
    const { stdout, stderr } = await machine().exec(version)
    expect(`${stdout}${stderr}`).toContain('v0.28.10')
    const serve = await readFile(path.resolve('src/kubernetes/proof/serve.sh'), 'utf8')
    const server = ctr('run', '--detach', '--net-host', '--user=65534:65534', probe, 'server')
    await machine().check([...server, 'sh', '-c', serve, 'serve', '18080', 'master01'])
    const ask = [
      ...ctr('run', '--rm', '--net-host', probe, 'client'),
      'wget',
      '-q',
      '-O',
      '-',
      'http://127.0.0.1:18080/',
    ]
    // Twice: it keeps serving.
    for (const _ of [1, 2])
      await expect
        .poll(async () => (await machine().exec(ask)).stdout, { timeout: 20_000 })
        .toMatch(/^master01\n[^]*\nmaster01\n$/)
    const nslookup = await machine().exec(
      ctr('run', '--rm', probe, 'resolver', 'nslookup', 'localhost', '127.0.0.1'),
    )
    expect(nslookup.stdout + nslookup.stderr).toMatch(/refused|timed out/)
  })

  test('pause waits as an unprivileged user, ends when asked to, and prints its version with exit code 0', async () => {
    const image = IMAGES.pause
    await machine().check(ctr('run', '--rm', image, 'pause-version', '/pause', '-v'))
    await machine().check(ctr('run', '--detach', image, 'pause'))
    const [, pid = ''] = /pause\s+(\d+)\s+RUNNING/.exec(await machine().check(ctr('tasks', 'ls'))) ?? []
    expect(await machine().check(['stat', '-c', '%u', `/proc/${pid}`])).toBe('65535\n')
    await machine().check(ctr('tasks', 'kill', '--signal=SIGTERM', 'pause'))
    await expect
      .poll(async () => await machine().check(ctr('tasks', 'ls')), { timeout: 60_000 })
      .toMatch(/pause\s+\d+\s+STOPPED/)
  })
})
