/** Kubernetes from an air-gap bundle on the workstation, packed or unpacked. */
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import type { KubernetesSource, KubernetesSpec } from '../../spec/kubernetes.ts'
import type { Architecture, ArtifactContext } from '../artifact.ts'
import { ownArchitecture } from '../artifact.ts'
import { checkArchitecture } from '../elf.ts'
import { fromShelf } from '../shelf.ts'
import { type BundleManifest, checkServes } from './bundle-manifest.ts'
import { type Bundle, openBundle } from './bundle-read.ts'
import { CLAIMS, type Claim, checkClaims } from './claims.ts'
import type { KubernetesArtifacts } from './supply.ts'

type FolderSpec = Pick<KubernetesSpec, 'version' | 'imageRepository' | 'flannel'> & {
  readonly source: Extract<KubernetesSource, { kind: 'folder' }>
}

/** @throws QuorateError `artifact` if it is invalid, differs from the pinned one, or is incomplete; `cancelled` */
export async function obtainFromFolder(
  spec: FolderSpec,
  arch: Architecture,
  context: ArtifactContext,
): Promise<KubernetesArtifacts> {
  const { source, version } = spec
  await using bundle = await openBundle(source.path)
  checkServes(bundle.manifest, spec, arch, source.path)
  const programs = bundle.manifest.programs.filter((one) => one.arch === arch)
  const images = bundle.manifest.images.filter((one) => one.arch === arch)
  const parts = [...programs, ...images]
  const names = parts.map(({ name }) => name)
  const product = { title: 'Kubernetes', names }
  // The manifest's checksum represents all content. The pin is part of the name, so with another pin the bundle is
  // checked again.
  const key = `folder-${bundle.manifestSha256.slice(0, 12)}${source.sha256 === undefined ? '' : `-${source.sha256.slice(0, 12)}`}`
  const artifact = await fromShelf(
    { product, folder: 'kubernetes', version, arch, key },
    context,
    async (staging) => {
      context.emit({
        kind: 'artifact',
        text: `reading Kubernetes ${version} for ${arch} from ${source.path}`,
      })
      await checkPin(bundle, source, context)
      for (const part of parts) await bundle.read(part, path.join(staging, part.name), context.signal)
      for (const { name } of programs)
        await checkArchitecture(path.join(staging, name), name, arch, source.path)
      if (arch === ownArchitecture())
        await checkClaims(staging, claimsOf(programs, version), source.path, context)
      return { names, origin: source.path }
    },
  )
  const at = new Map(artifact.files.map((file) => [file.name, file]))
  const inCache = <Part extends { readonly name: string }>(part: Part) => {
    const file = at.get(part.name)
    if (file === undefined) throw new TypeError(`${part.name} was not stored`)
    return { ...part, ...file }
  }
  return {
    programs: programs.map(inCache).map(({ name, path: file, sha256, sizeBytes, links }) => ({
      name,
      path: file,
      sha256,
      sizeBytes,
      links,
    })),
    images: images.map(inCache).map(({ path: file, sha256, sizeBytes, names: known, roles }) => ({
      path: file,
      sha256,
      sizeBytes,
      names: known,
      roles,
    })),
  }
}

async function checkPin(
  bundle: Bundle,
  source: FolderSpec['source'],
  { signal }: ArtifactContext,
): Promise<void> {
  if (source.sha256 === undefined) return
  const actual = await bundle.sha256(signal)
  if (actual === source.sha256.toLowerCase()) return
  throw new QuorateError(
    'artifact',
    `${source.path} is not the expected bundle: its SHA-256 is ${actual}, the cluster file says ${source.sha256}`,
    {
      id: 'checksum-is-not-pinned',
      hint: 'copy the bundle again, or correct kubernetes.source.folder.sha256',
    },
  )
}

/** By the names that they are started by. The cluster file doesn't say which version of flanneld is expected. */
function claimsOf(programs: BundleManifest['programs'], version: string): readonly Claim[] {
  return (['kubeadm', 'kubectl', 'kubelet'] as const).flatMap((startedAs) => {
    const program = programs.find(({ name, links }) => name === startedAs || links.includes(startedAs))
    return program === undefined ? [] : [{ file: program.name, startedAs, ...CLAIMS[startedAs](version) }]
  })
}
