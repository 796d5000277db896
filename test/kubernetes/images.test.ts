/** Images of programs that were built here, run by a real containerd on a machine of the lab. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab } from '../lab/harness.ts'
import { CONTAINER_PACKAGES, IMAGES, VERSIONS, builtArtifacts, whyNoKubernetes } from './built.ts'

const ctr = (...args: readonly string[]) => ['ctr', '--namespace=k8s.io', ...args]

const reason = await whyNoKubernetes()

describe.skipIf(reason)(`images${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  const machine = () => lab.machine('master01')
  /** What a container of the image says that is started as this. */
  const said = async (image: string, ...argv: readonly string[]) =>
    await machine().check(ctr('run', '--rm', image, `test-${argv.length}-${image.length}`, ...argv))

  beforeAll(async () => {
    lab = await testLab({
      machines: [{ name: 'master01', containers: true }],
      suite: 'trixie',
      packages: CONTAINER_PACKAGES,
    })
    await machine().check(['systemctl', 'start', 'containerd'])
    for (const archive of (await builtArtifacts()).images) {
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

  test('pause waits as nobody in particular, ends when it is asked to, and answers for its version with 0', async () => {
    const image = IMAGES.pause
    await machine().check(ctr('run', '--rm', image, 'pause-version', '/pause', '-v'))
    await machine().check(ctr('run', '--detach', image, 'pause'))
    const [, pid = ''] = /pause\s+(\d+)\s+RUNNING/.exec(await machine().check(ctr('tasks', 'ls'))) ?? []
    expect(await machine().check(['stat', '-c', '%u', `/proc/${pid}`])).toBe('65535\n')
    await machine().check(ctr('tasks', 'kill', '--signal=SIGTERM', 'pause'))
    await expect
      .poll(async () => await machine().check(ctr('tasks', 'ls')), { timeout: 10_000 })
      .toMatch(/pause\s+\d+\s+STOPPED/)
  })
})
