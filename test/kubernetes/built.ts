/** The Kubernetes that tests run: built from Go modules, once on a computer, from the cache afterwards. */
import { type Architecture, type Artifact, ownArchitecture } from '../../src/artifacts/artifact.ts'
import { findGo } from '../../src/artifacts/go-toolchain.ts'
import type { BuiltProgram } from '../../src/artifacts/kubernetes/build.ts'
import { obtainKubernetes } from '../../src/artifacts/kubernetes/obtain.ts'
import { cacheDirectory } from '../../src/files/cache-directory.ts'
import { whyNoLab } from '../lab/harness.ts'

export const VERSIONS = { kubernetes: '1.37.2', coredns: '1.14.6', flannel: '0.28.10' } as const

/** Debian's packages that a machine with containers needs. */
export const CONTAINER_PACKAGES = ['containerd', 'runc'] as const

const SOURCE = { proxy: undefined, go: undefined, checksumDatabase: true } as const
const BUILD_MS = 60 * 60_000

const arch: Architecture = ownArchitecture() ?? 'amd64'

/** Why Kubernetes can't be tested here, in one line; undefined if it can. */
export async function whyNoKubernetes(): Promise<string | undefined> {
  const lab = whyNoLab()
  if (lab !== undefined) return lab
  const subject = { name: 'Kubernetes', key: 'kubernetes', otherSources: 'release' }
  const context = { cacheDirectory: cacheDirectory(process.env), signal: AbortSignal.timeout(60_000) }
  return await findGo(undefined, subject, context).then(
    () => undefined,
    (error: Error) => error.message.split('\n')[0],
  )
}

/** Twelve minutes of two processors the first time. */
export async function builtKubernetes(
  report: (text: string) => void = () => undefined,
): Promise<Artifact<BuiltProgram>> {
  return await obtainKubernetes(SOURCE, VERSIONS, arch, {
    cacheDirectory: cacheDirectory(process.env),
    emit: ({ text }) => report(text),
    signal: AbortSignal.timeout(BUILD_MS),
  })
}
