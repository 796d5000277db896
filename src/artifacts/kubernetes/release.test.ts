import { createHash } from 'node:crypto'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { sampleKubernetes } from '../../spec/sample-kubernetes.ts'
import { FOREIGN, fakeBinary, serve, temporaryFolder, testContext } from '../test-support.ts'
import { obtainKubernetesArtifacts } from './supply.ts'
import { UNSIGNED } from './cosign.ts'

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

/** A release site with fake programs; `files` replaces answers by URL, and `undefined` means not found. */
async function site(files: Readonly<Record<string, string | undefined>> = {}) {
  const asked: string[] = []
  const base = await serve((request, response) => {
    const url = request.url ?? ''
    asked.push(url)
    const [, name = '', suffix = ''] = /([a-z]+)(\.\w+)?$/.exec(url) ?? []
    const program = fakeBinary(FOREIGN, `${name} 1.37.2`)
    const usual: Record<string, string | Buffer> = { '': program, '.sha256': sha256(program) }
    const answer = Object.hasOwn(files, url) ? files[url] : usual[suffix]
    if (answer === undefined) response.writeHead(404)
    response.end(answer)
  })
  const url = `${base}/release/v{version}/bin/linux/{arch}/{program}`
  return {
    base,
    asked,
    source: { kind: 'release', url, checksums: `${url}.sha256`, proxy: undefined } as const,
  }
}

const FOLDER = `/release/v1.37.2/bin/linux/${FOREIGN}`
const names = ['kubeadm', 'kubectl', 'kubelet']

test('three programs are downloaded and checked once; nodes pull their images', async () => {
  const { source, asked } = await site()
  const context = await testContext()
  const artifacts = await obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)
  expect(artifacts.images).toEqual([])
  expect(artifacts.programs.map(({ name, links }) => [name, links])).toEqual(names.map((name) => [name, []]))
  for (const { name, path: file, sha256: sum, sizeBytes } of artifacts.programs) {
    expect(await readFile(file)).toEqual(fakeBinary(FOREIGN, `${name} 1.37.2`))
    expect([sum, sizeBytes]).toEqual([sha256(await readFile(file)), (await readFile(file)).length])
  }
  expect(asked).toEqual(names.flatMap((name) => [`${FOLDER}/${name}.sha256`, `${FOLDER}/${name}`]))
  expect(await obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)).toEqual(artifacts)
  expect(asked).toHaveLength(6)
  expect(context.events.map(({ text }) => text).join('\n')).not.toMatch(/sign/)
})

test('a program that is not what was published is refused, and nothing is kept', async () => {
  const { source } = await site({ [`${FOLDER}/kubelet.sha256`]: '0'.repeat(64) })
  const context = await testContext()
  await expect(obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)).rejects.toFail(
    'artifact/checksum-is-not-published',
    {
      says: /kubelet .* \w{64}, .* 0{64}$/,
    },
  )
  expect(await readdir(context.shelf)).toEqual([])
})

test.each([
  [
    'that is for another processor',
    fakeBinary(FOREIGN === 'arm64' ? 'amd64' : 'arm64', ''),
    'artifact/another-architecture',
  ],
  ['that is a page of a portal', Buffer.from('<html>'), 'artifact/not-a-linux-program'],
] as const)('a program %s is refused although its sum is right', async (_, content, topic) => {
  const text = content.toString('latin1')
  const { source } = await site({
    [`${FOLDER}/kubectl`]: text,
    [`${FOLDER}/kubectl.sha256`]: sha256(Buffer.from(text)),
  })
  const context = await testContext()
  await expect(obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)).rejects.toFail(
    topic,
    { says: /^kubectl / },
  )
})

test('a version that is not there is named, with what to check', async () => {
  const { source } = await site({ [`${FOLDER}/kubeadm.sha256`]: undefined })
  const context = await testContext()
  await expect(obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)).rejects.toFail(
    'artifact/not-released',
    { says: [' Kubernetes 1.37.2 ', ` ${FOREIGN}: `] },
  )
})

test('a site that is unreachable: the other sources are named', async () => {
  const url = 'http://127.0.0.1:1/{program}'
  const source = { kind: 'release', url, checksums: url, proxy: undefined } as const
  const failed = obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, await testContext())
  await expect(failed).rejects.toFail('artifact/server-is-unreachable', {
    fix: ['modules', 'release.mirror', 'folder'].map((key) => `\`kubernetes.source.${key}\``),
  })
})

test('an unknown placeholder is a fault of the cluster file, before anything is asked', async () => {
  const { asked, base } = await site()
  const source = { kind: 'release', url: `${base}/{programme}`, checksums: base, proxy: undefined } as const
  const context = await testContext()
  await expect(
    obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context),
  ).rejects.toMatchObject({
    code: 'cluster-file',
    hint: 'use {version}, {minor}, {arch} or {program}',
  })
  expect(asked).toEqual([])
})

test('no release of Kubernetes contains flanneld as a service', async () => {
  const { source } = await site()
  const spec = sampleKubernetes({ source, flannel: 'service' })
  await expect(obtainKubernetesArtifacts(spec, FOREIGN, await testContext())).rejects.toMatchObject({
    code: 'cluster-file',
    hint: expect.stringContaining('flannel: daemonset'),
  })
})

/** A context whose PATH has a `cosign` with this exit code, which records its arguments. */
async function withCosign(exitCode: number) {
  const folder = await temporaryFolder()
  const log = path.join(folder, 'log')
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >>'${log}'\necho 'no match' >&2\nexit ${exitCode}\n`
  await writeFile(path.join(folder, 'cosign'), script, { mode: 0o755 })
  const context = await testContext({ environment: { PATH: `${folder}:${process.env['PATH']}` } })
  return { context, log }
}

const signed = Object.fromEntries(
  names.flatMap((name) => ['.sig', '.cert'].map((suffix) => [`${FOLDER}/${name}${suffix}`, 'text'])),
)

test("where cosign is at hand, the signature must be upstream's", async () => {
  const { source } = await site(signed)
  const { context, log } = await withCosign(0)
  const artifacts = await obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)
  expect(artifacts.programs).toHaveLength(3)
  expect(await readFile(log, 'utf8')).toContain(
    '--certificate-identity=krel-staging@k8s-releng-prod.iam.gserviceaccount.com\n--certificate-oidc-issuer=https://accounts.google.com\n',
  )
  const notes = context.events.filter(({ text }) => text.includes(' krel-staging@'))
  expect(notes).toHaveLength(3)
  const [folder = ''] = await readdir(context.shelf)
  expect(await readdir(path.join(context.shelf, folder))).toEqual(['entry.json', ...names])
})

test('a signature that cosign refuses stops it, and nothing is kept', async () => {
  const { source } = await site(signed)
  const { context } = await withCosign(1)
  await expect(obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)).rejects.toFail(
    'artifact/unverified-release',
    { says: 'cosign' },
  )
  expect(await readdir(context.shelf)).toEqual([])
})

test('a mirror without signatures is said to have none', async () => {
  const { source } = await site()
  const { context } = await withCosign(0)
  await obtainKubernetesArtifacts(sampleKubernetes({ source }), FOREIGN, context)
  const notes = context.events.filter(({ text }) => text.endsWith(` ${UNSIGNED}`))
  expect(notes).toHaveLength(3)
})
