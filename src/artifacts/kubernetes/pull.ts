/**
 * Pulls images from a registry as archives for a bundle. Uses skopeo, which handles what registries require: tokens,
 * lists by architecture, mirrors, logins of containers-auth.json. Debian and other distributions have the package
 * skopeo.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { type ImageNames, imagesForRoles } from '../../kubernetes/image-names.ts'
import type { Architecture, ArtifactContext } from '../artifact.ts'
import { runProgram } from '../program.ts'
import { fromShelf } from '../shelf.ts'
import type { ImageArchive } from './supply.ts'

const TIMEOUT_MS = 15 * 60_000

/**
 * All images that control-plane nodes and workers need, from the cache if they were pulled before.
 *
 * @param version of Kubernetes
 * @throws QuorateError `artifact` if skopeo is missing or can't copy one; `cancelled`
 */
export async function pullImages(
  names: ImageNames,
  version: string,
  arch: Architecture,
  context: ArtifactContext,
): Promise<readonly ImageArchive[]> {
  const wanted = imagesForRoles(names, ['master', 'worker'])
  const onWorkers = new Set(imagesForRoles(names, ['worker']))
  const byFile = new Map(wanted.map((name) => [fileOf(name), name]))
  const files = [...byFile.keys()]
  const product = { title: 'the images of Kubernetes', names: files }
  const key = `pulled-${createHash('sha256').update(wanted.join('\n')).digest('hex').slice(0, 12)}`
  const entry = { product, folder: 'kubernetes-images', version, arch, key }
  const artifact = await fromShelf(entry, context, async (staging) => {
    for (const [file, name] of byFile) {
      context.emit({ kind: 'artifact', text: `pulling ${name} for ${arch}` })
      await pull(name, arch, path.join(staging, file), context)
    }
    return { names: files, origin: 'a registry' }
  })
  return artifact.files.map((file) => {
    const name = byFile.get(file.name) ?? ''
    const roles = onWorkers.has(name) ? (['master', 'worker'] as const) : (['master'] as const)
    return { path: file.path, sha256: file.sha256, sizeBytes: file.sizeBytes, names: [name], roles }
  })
}

/** `kube-proxy.tar` for `registry.k8s.io/kube-proxy:v1.37.2`. */
function fileOf(name: string): string {
  return `${/([a-z0-9-]+):[^/]*$/.exec(name)?.[1] ?? 'image'}.tar`
}

/**
 * Arguments of `skopeo`. The archive keeps the layers unchanged, and the name with its registry, as `ctr images import`
 * expects.
 */
function pullArguments(name: string, arch: Architecture, file: string): readonly string[] {
  return [
    'copy',
    '--override-os=linux',
    `--override-arch=${arch}`,
    `docker://${name}`,
    `oci-archive:${file}:${name}`,
  ]
}

async function pull(name: string, arch: Architecture, file: string, context: ArtifactContext): Promise<void> {
  const asked = ['skopeo', ...pullArguments(name, arch, 'FILE.tar')].join(' ')
  await skopeo(pullArguments(name, arch, file), `copy ${name}`, `try by hand: ${asked}`, context)
  // If a name refers to one image instead of a list, skopeo takes that image, whatever architecture was requested.
  const inspect = ['inspect', '--format={{.Architecture}}', `oci-archive:${file}:${name}`]
  const found = (
    await skopeo(inspect, `read ${name}`, 'check that it is a list of images by architecture', context)
  ).trim()
  if (found === arch) return
  throw new QuorateError('artifact', `${name} is for another architecture than ${arch} in its registry`, {
    id: 'another-architecture',
    hint: 'push a list of images to the registry, one for each architecture (skopeo copy --all), or name another kubernetes.imageRepository',
  })
}

async function skopeo(
  args: readonly string[],
  what: string,
  hint: string,
  { signal, environment = process.env }: ArtifactContext,
): Promise<string> {
  const result = await runProgram('skopeo', args, { env: environment, signal, timeoutMs: TIMEOUT_MS })
  if (result.notStarted !== undefined) {
    throw new QuorateError('artifact', 'skopeo, which pulls images, is not installed on the workstation', {
      id: 'tool-is-not-installed',
      hint: 'install it (apt-get install skopeo), or create the bundle of a Kubernetes that is built on the workstation: kubernetes.source: { modules: {} }',
    })
  }
  if (result.exitCode === 0) return result.stdout
  throw new QuorateError('artifact', `skopeo can't ${what}`, {
    hint: `read the output of skopeo; ${hint}`,
    cause: new Error(result.stderr.trim().slice(-500) || `exit code ${result.exitCode}`),
  })
}
