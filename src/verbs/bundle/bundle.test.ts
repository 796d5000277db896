import { createHash } from 'node:crypto'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { FOREIGN, fakeBinary, serve, temporaryFolder, testContext } from '../../artifacts/test-support.ts'
import { sampleKubernetes } from '../../spec/sample-kubernetes.ts'
import { createBundle, verifyBundle } from './bundle.ts'

/** A release site with fake programs. */
async function releaseSite() {
  const base = await serve((request, response) => {
    const [, name = '', sum] = /([a-z]+)(\.sha256)?$/.exec(request.url ?? '') ?? []
    const program = fakeBinary(FOREIGN, name)
    response.end(sum === undefined ? program : createHash('sha256').update(program).digest('hex'))
  })
  return {
    kind: 'release',
    url: `${base}/{program}`,
    checksums: `${base}/{program}.sha256`,
    proxy: undefined,
  } as const
}

/**
 * A context whose PATH has a fake `skopeo`: it writes its arguments to the archive, claims that architecture, and exits
 * with that code.
 */
async function withSkopeo(exitCode = 0, arch: string = FOREIGN) {
  const folder = await temporaryFolder()
  const script = `#!/bin/sh
if [ "$1" = inspect ]; then echo ${arch}; exit; fi
for last; do :; done
rest=\${last#oci-archive:}
printf '%s\\n' "$@" >"\${rest%%:*}"
echo 'manifest unknown' >&2
exit ${exitCode}
`
  await writeFile(path.join(folder, 'skopeo'), script, { mode: 0o755 })
  return await testContext({ environment: { PATH: `${folder}:${process.env['PATH']}` } })
}

async function wanted() {
  const file = path.join(await temporaryFolder(), 'bundle.tar')
  const kubernetes = sampleKubernetes({ source: await releaseSite() })
  return { file, cluster: { file: 'cluster.yaml', kubernetes } }
}

test('a bundle of a release has its programs, and the images that nodes would pull, for that architecture', async () => {
  const { file, cluster } = await wanted()
  const context = await withSkopeo()
  const report = await createBundle(cluster, { architectures: [FOREIGN], file }, context)
  expect(report).toMatchObject({ file, version: '1.37.2', architectures: [FOREIGN] })
  expect(report.programs.map(({ name }) => name)).toEqual(['kubeadm', 'kubectl', 'kubelet'])
  expect(
    report.images.flatMap(({ name, names, roles }) => [`${name} ${names.join()} ${roles.join()}`]),
  ).toEqual([
    'kube-apiserver.tar registry.k8s.io/kube-apiserver:v1.37.2 master',
    'kube-controller-manager.tar registry.k8s.io/kube-controller-manager:v1.37.2 master',
    'kube-scheduler.tar registry.k8s.io/kube-scheduler:v1.37.2 master',
    'coredns.tar registry.k8s.io/coredns/coredns:v1.14.6 master',
    'kube-proxy.tar registry.k8s.io/kube-proxy:v1.37.2 master,worker',
    'pause.tar registry.k8s.io/pause:3.10.2 master,worker',
    'flannel.tar ghcr.io/flannel-io/flannel:v0.28.10 master,worker',
  ])
  const content = await readFile(file, 'utf8')
  expect(content).toContain(
    `--override-arch=${FOREIGN}\ndocker://registry.k8s.io/kube-proxy:v1.37.2\noci-archive:`,
  )
  expect(report.sha256).toBe(
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  )
  expect(await verifyBundle(file, context)).toEqual(report)
})

test('a file that is there is not replaced', async () => {
  const { file, cluster } = await wanted()
  await writeFile(file, 'mine')
  const made = createBundle(cluster, { architectures: [FOREIGN], file }, await withSkopeo())
  await expect(made).rejects.toMatchObject({ code: 'state' })
  expect(await readFile(file, 'utf8')).toBe('mine')
})

test("an image that skopeo can't copy is named, with the command to try, and no file is left", async () => {
  const { file, cluster } = await wanted()
  const made = createBundle(cluster, { architectures: [FOREIGN], file }, await withSkopeo(1))
  await expect(made).rejects.toMatchObject({
    code: 'artifact',
    message: "skopeo can't copy registry.k8s.io/kube-apiserver:v1.37.2",
    hint: expect.stringContaining(
      'skopeo copy --override-os=linux --override-arch=' +
        `${FOREIGN} docker://registry.k8s.io/kube-apiserver:v1.37.2 oci-archive:FILE.tar:registry.k8s.io/kube-apiserver:v1.37.2`,
    ),
    cause: new Error('manifest unknown'),
  })
  expect(await readdir(path.dirname(file))).toEqual([])
})

test('an image that its registry has for another architecture alone is refused', async () => {
  const { file, cluster } = await wanted()
  const made = createBundle(cluster, { architectures: [FOREIGN], file }, await withSkopeo(0, 'riscv64'))
  await expect(made).rejects.toFail('artifact/another-architecture', {
    says: ['kube-apiserver:v1.37.2 ', ` ${FOREIGN} `],
  })
})

test("without skopeo the images of a release can't be pulled, which is reported with what to install", async () => {
  const { file, cluster } = await wanted()
  const context = await testContext({ environment: { PATH: await temporaryFolder() } })
  await expect(createBundle(cluster, { architectures: [FOREIGN], file }, context)).rejects.toFail(
    'artifact/tool-is-not-installed',
    {
      says: 'skopeo',
      fix: 'apt-get install skopeo',
    },
  )
})

test('a cluster file without Kubernetes has nothing to pack', async () => {
  const cluster = { file: 'cluster.yaml', kubernetes: undefined }
  await expect(
    createBundle(cluster, { architectures: ['amd64'], file: '/nowhere/b.tar' }, await testContext()),
  ).rejects.toFail('cluster-file/no-kubernetes', { says: 'cluster.yaml ' })
})
