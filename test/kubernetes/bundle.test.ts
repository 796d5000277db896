/** Real programs as a release and as a bundle, from the command line. It needs no machine. */
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ownArchitecture } from '../../src/artifacts/artifact.ts'
import { obtainKubernetesArtifacts } from '../../src/artifacts/kubernetes/supply.ts'
import { serve, testContext } from '../../src/artifacts/test-support.ts'
import { sampleKubernetes } from '../../src/spec/sample-kubernetes.ts'
import { quorateIn } from '../lab/support/quorate.ts'
import { IMAGES, VERSIONS, builtArtifacts, whyNoKubernetes } from './built.ts'

const reason = await whyNoKubernetes()

/** The built program, served as upstream serves three. */
async function obtained(version: string) {
  const [built] = (await builtArtifacts()).programs
  if (built === undefined) throw new TypeError('nothing was built')
  const base = await serve((request, response) => {
    if (request.url?.endsWith('.sha256') === true) response.end(built.sha256)
    else createReadStream(built.path).pipe(response)
  })
  const url = `${base}/{program}`
  const source = { kind: 'release', url, checksums: `${url}.sha256`, proxy: undefined } as const
  const arch = ownArchitecture() ?? 'amd64'
  return await obtainKubernetesArtifacts(sampleKubernetes({ version, source }), arch, await testContext())
}

describe.skipIf(reason)(`programs of a release${reason === undefined ? '' : ` (${reason})`}`, () => {
  test('say what they are, and are taken', async () => {
    const { programs, images } = await obtained(VERSIONS.kubernetes)
    expect([programs.map(({ name }) => name), images]).toEqual([['kubeadm', 'kubectl', 'kubelet'], []])
  })

  test('of another version are refused', async () => {
    await expect(obtained('1.37.1')).rejects.toFail('artifact/another-version-is-printed', {
      says: "'v1.37.1'",
    })
  })
})

describe.skipIf(reason)(`a bundle${reason === undefined ? '' : ` (${reason})`}`, () => {
  let folder: string
  const quorate = async (...args: readonly string[]) => await quorateIn(folder, args)

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'quorate-bundle-test-'))
    const roles = { etcd01: ['etcd'], master01: ['master'], worker01: ['worker'], service01: ['service'] }
    const nodes = Object.entries(roles).map(([name, own], index) => ({
      name,
      address: `198.18.9.${index + 11}`,
      roles: own,
    }))
    const kubernetes = { version: VERSIONS.kubernetes, source: 'modules', imageRepository: 'quorate.lab' }
    const loadBalancer = { url: 'https://service01:6443' }
    const file = { name: 'prod', etcd: { version: '3.6.16' }, nodes, loadBalancer, kubernetes }
    await writeFile(path.join(folder, 'cluster.yaml'), stringify(file), { mode: 0o600 })
  })
  afterAll(async () => await rm(folder, { recursive: true, force: true }))

  test('is made once, has what nodes need, and is never replaced', async () => {
    const { stdout, stderr, exitCode } = await quorate('bundle', 'create', 'kubernetes.tar', '--json')
    expect([exitCode, stderr]).toEqual([0, ''])
    const report = JSON.parse(stdout) as { sha256: string; images: { names: string[] }[] }
    expect(report).toMatchObject({ version: VERSIONS.kubernetes, programs: [{ name: 'kubernetes' }] })
    expect(new Set(report.images.flatMap(({ names }) => names))).toEqual(new Set(Object.values(IMAGES)))
    expect(await quorate('bundle', 'create', 'kubernetes.tar')).toFail('state/file-exists', {
      says: 'kubernetes.tar',
    })
    const verified = await quorate('bundle', 'verify', 'kubernetes.tar')
    expect(verified.exitCode).toBe(0)
    expect(verified.stdout).toContain(`; SHA-256 ${report.sha256}`)
  })

  test('for another architecture than there is, is a slip of the command line', async () => {
    expect(await quorate('bundle', 'create', '--arch', 'amd64,sparc', 'other.tar')).toFail(
      'usage/unknown-architecture',
      { says: '--arch: "amd64,sparc"' },
    )
  })

  test('that was damaged on its way is not taken', async () => {
    const file = path.join(folder, 'kubernetes.tar')
    await using handle = await open(file, 'r+')
    await handle.write(Buffer.from('x'), 0, 1, Math.floor((await stat(file)).size / 2))
    expect(await quorate('bundle', 'verify', 'kubernetes.tar')).toFail('artifact', {
      says: /kubernetes\.tar .*SHA-256 of \w+\/kubernetes/,
    })
  })
})
