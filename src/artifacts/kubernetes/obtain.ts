/** Gets the programs of Kubernetes: from quorate's cache, or by building them. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Architecture, Artifact, ArtifactContext } from '../artifact.ts'
import { ownArchitecture } from '../artifact.ts'
import type { Product } from '../cache.ts'
import { checkArchitecture } from '../elf.ts'
import type { GoSource } from '../go-source.ts'
import { fromShelf } from '../shelf.ts'
import { BUILT_PROGRAMS, type BuiltProgram, type KubernetesVersions, buildKubernetes } from './build.ts'
import { CLAIMS, type Claim, checkClaims } from './claims.ts'
import { corednsProgram, flannelProgram, kubernetesProgram, pauseProgram } from './programs.ts'

const PRODUCT: Product<BuiltProgram> = { title: 'Kubernetes', names: BUILT_PROGRAMS }

/**
 * The programs of these versions, built from Go modules unless they are in the cache.
 *
 * @throws QuorateError `artifact` if they are unavailable or fail verification; `cancelled`
 */
export async function obtainKubernetes(
  source: GoSource,
  versions: KubernetesVersions,
  arch: Architecture,
  context: ArtifactContext,
): Promise<Artifact<BuiltProgram>> {
  const { kubernetes: version } = versions
  const key = `modules-${recipe(source, versions)}`
  return await fromShelf(
    { product: PRODUCT, folder: 'kubernetes', version, arch, key },
    context,
    async (staging) => {
      const origin = await buildKubernetes(source, versions, arch, staging, context)
      for (const name of BUILT_PROGRAMS) await checkArchitecture(path.join(staging, name), name, arch, origin)
      if (arch === ownArchitecture()) await checkClaims(staging, claimsOf(versions), origin, context)
      return { origin, names: BUILT_PROGRAMS }
    },
  )
}

/**
 * Distinguishes builds that are made differently: by everything in them that quorate decides, and by whether the
 * modules were verified.
 */
function recipe(source: GoSource, { kubernetes, coredns, flannel }: KubernetesVersions): string {
  const programs = [
    kubernetesProgram(kubernetes, { mod: '', sum: '' }),
    corednsProgram(coredns, kubernetes),
    flannelProgram(flannel, '', kubernetes),
    pauseProgram(),
  ]
  const ours = programs.map(({ name, files, stamp }) => ({ name, files, stamp }))
  const verified = source.checksumDatabase ? 'verified' : (source.proxy ?? null)
  return createHash('sha256')
    .update(JSON.stringify([ours, verified]))
    .digest('hex')
    .slice(0, 12)
}

/** With a wrong stamp they would report v0.0.0, and later checks of versions would fail. */
function claimsOf({ kubernetes, coredns, flannel }: KubernetesVersions): readonly Claim[] {
  return [
    { file: 'kubernetes', startedAs: 'kubelet', ...CLAIMS.kubelet(kubernetes) },
    { file: 'kubernetes', startedAs: 'kubeadm', ...CLAIMS.kubeadm(kubernetes) },
    { file: 'coredns', args: ['-version'], line: `CoreDNS-${coredns}` },
    { file: 'flanneld', ...CLAIMS.flanneld(flannel) },
  ]
}
