/** The Kubernetes for tests: built from Go modules once per computer, then from the cache. */
import path from 'node:path'
import { type Architecture, type Artifact, ownArchitecture } from '../../src/artifacts/artifact.ts'
import { findGo, isOlder } from '../../src/artifacts/go-toolchain.ts'
import type { BuiltProgram } from '../../src/artifacts/kubernetes/build.ts'
import { obtainKubernetes } from '../../src/artifacts/kubernetes/obtain.ts'
import { type KubernetesArtifacts, obtainKubernetesArtifacts } from '../../src/artifacts/kubernetes/supply.ts'
import { cacheDirectory } from '../../src/files/cache-directory.ts'
import { imageNames } from '../../src/kubernetes/image-names.ts'
import { kubernetesFacts } from '../../src/kubernetes/versions.ts'
import { sampleKubernetes } from '../../src/spec/sample-kubernetes.ts'
import { createBundle } from '../../src/verbs/bundle/bundle.ts'
import { NODE_PACKAGES } from '../../src/tiers/containerd/wanted.ts'
import { whyNoLab } from '../lab/harness.ts'

export const VERSIONS = { kubernetes: '1.37.2', coredns: '1.14.6', flannel: '0.28.10' } as const

/** No registry has this name: a node that pulls, instead of using the imported image, fails. */
const REPOSITORY = 'quorate.lab'

export const SPEC = sampleKubernetes({ version: VERSIONS.kubernetes, imageRepository: REPOSITORY })

/** Full names of the images of `builtArtifacts`. */
export const IMAGES = imageNames(SPEC)

/** Debian packages for a machine with containers. */
export const CONTAINER_PACKAGES = NODE_PACKAGES

const SOURCE = { proxy: undefined, go: undefined, checksumDatabase: true } as const
const BUILD_MS = 60 * 60_000

const arch: Architecture = ownArchitecture() ?? 'amd64'

/** Why Kubernetes can't be tested here, on one line; undefined: it can. */
export async function whyNoKubernetes(): Promise<string | undefined> {
  const lab = whyNoLab()
  if (lab !== undefined) return lab
  const subject = { name: 'Kubernetes', key: 'kubernetes', otherSources: 'release' }
  const context = { cacheDirectory: cacheDirectory(process.env), signal: AbortSignal.timeout(60_000) }
  const { go: least } = kubernetesFacts(VERSIONS.kubernetes)
  return await findGo(undefined, subject, context).then(
    (found) =>
      found.some(({ version }) => !isOlder(version, least)) ? undefined : `needs Go ${least} or newer`,
    (error: Error) => error.message.split('\n')[0],
  )
}

/** The first build takes twelve minutes on two processors. */
export async function builtKubernetes(
  report: (text: string) => void = () => undefined,
): Promise<Artifact<BuiltProgram>> {
  return await obtainKubernetes(SOURCE, VERSIONS, arch, {
    cacheDirectory: cacheDirectory(process.env),
    emit: ({ text }) => report(text),
    signal: AbortSignal.timeout(BUILD_MS),
  })
}

/** The same through an air-gap bundle in that directory, with an empty cache. */
export async function throughBundle(folder: string): Promise<KubernetesArtifacts> {
  const file = path.join(folder, 'kubernetes.tar')
  const signal = AbortSignal.timeout(BUILD_MS)
  const context = { cacheDirectory: cacheDirectory(process.env), emit: () => undefined, signal }
  const cluster = { file: 'cluster.yaml', kubernetes: SPEC }
  const { sha256 } = await createBundle(cluster, { architectures: [arch], file }, context)
  const spec = { ...SPEC, source: { kind: 'folder', path: file, sha256 } as const }
  return await obtainKubernetesArtifacts(spec, arch, {
    ...context,
    cacheDirectory: path.join(folder, 'cache'),
  })
}

/** Programs and image archives as nodes get them; the first time, the archives take seconds. */
export async function builtArtifacts(
  report: (text: string) => void = () => undefined,
): Promise<KubernetesArtifacts> {
  return await obtainKubernetesArtifacts(SPEC, arch, {
    cacheDirectory: cacheDirectory(process.env),
    emit: ({ text }) => report(text),
    signal: AbortSignal.timeout(BUILD_MS),
  })
}
