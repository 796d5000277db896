/**
 * Kubernetes' programs from its release site or a mirror of it. Each is a separate file; its SHA-256 and upstream's
 * signature are in files next to it.
 */
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Dispatcher } from 'undici'
import { QuorateError } from '../../errors.ts'
import { kubernetesFacts } from '../../kubernetes/versions.ts'
import type { KubernetesSource, KubernetesSpec } from '../../spec/kubernetes.ts'
import type { Architecture, Artifact, ArtifactContext } from '../artifact.ts'
import { ownArchitecture } from '../artifact.ts'
import type { Product } from '../cache.ts'
import { type Download, downloadFile, downloadText } from '../download.ts'
import { checkArchitecture } from '../elf.ts'
import { DEFAULT_LIMITS, fillTemplate, httpUrl, openNetwork, printable } from '../network.ts'
import { findChecksum } from '../release.ts'
import { fromShelf } from '../shelf.ts'
import { CLAIMS, checkClaims } from './claims.ts'
import { findCosign, verifySignature } from './cosign.ts'

export const RELEASED_PROGRAMS = ['kubeadm', 'kubectl', 'kubelet'] as const
export type ReleasedProgram = (typeof RELEASED_PROGRAMS)[number]

export type ReleaseSpec = Pick<KubernetesSpec, 'version' | 'flannel'> & {
  readonly source: Extract<KubernetesSource, { kind: 'release' }>
}

const PRODUCT: Product<ReleasedProgram> = { title: 'Kubernetes', names: RELEASED_PROGRAMS }
const MAX_CHECKSUM_BYTES = 1 << 20

const ELSEWHERE =
  'set one of these keys in the cluster file: `kubernetes.source.modules` (build Kubernetes with Go), `kubernetes.source.release.mirror`, `kubernetes.source.folder` (a bundle)'

/** @throws QuorateError `artifact`, `cluster-file` (the URLs; flannel as a service), `cancelled` */
export async function obtainRelease(
  { version, source, flannel }: ReleaseSpec,
  arch: Architecture,
  context: ArtifactContext,
): Promise<Artifact<ReleasedProgram>> {
  if (flannel === 'service') {
    throw new QuorateError('cluster-file', 'no release of Kubernetes contains flanneld as a service', {
      hint: 'set flannel: daemonset, or set `kubernetes.source.modules`, or `kubernetes.source.folder`',
    })
  }
  const sites = digest([source.url, source.checksums])
  const wanted = { product: PRODUCT, folder: 'kubernetes', version, arch, key: `release-${sites}` }
  return await fromShelf(wanted, context, async (staging) => {
    const limits = { ...DEFAULT_LIMITS, ...context.limits }
    const network = openNetwork(source.proxy, context.environment ?? process.env, limits)
    const missing = `the source has no Kubernetes ${version} for ${arch}`
    try {
      const places = placesOf(source, version, arch)
      for (const place of places)
        await fetchProgram(place, staging, { network, limits, missing, elsewhere: ELSEWHERE, context })
      // Started only after all of them were verified.
      const origin = printable(new URL('.', places[0]?.url))
      for (const { program } of places)
        await checkArchitecture(path.join(staging, program), program, arch, origin)
      const claims = RELEASED_PROGRAMS.map((program) => ({ file: program, ...CLAIMS[program](version) }))
      if (arch === ownArchitecture()) await checkClaims(staging, claims, origin, context)
      return { origin, names: RELEASED_PROGRAMS }
    } finally {
      // Not close(), which would wait for a stalled answer.
      await network.destroy()
    }
  })
}

interface Place {
  readonly program: ReleasedProgram
  readonly url: URL
  readonly checksums: URL
}

/** Before any request: a wrong template is wrong for all files. */
function placesOf(source: ReleaseSpec['source'], version: string, arch: Architecture): readonly Place[] {
  const { minor } = kubernetesFacts(version)
  return RELEASED_PROGRAMS.map((program) => {
    const values = { version, minor, arch, program }
    return {
      program,
      url: httpUrl(fillTemplate(source.url, values), 'a program of Kubernetes'),
      checksums: httpUrl(fillTemplate(source.checksums, values), 'the checksums'),
    }
  })
}

type Site = Omit<Download, 'url'> & { readonly network: Dispatcher; readonly context: ArtifactContext }

async function fetchProgram({ program, url, checksums }: Place, staging: string, site: Site): Promise<void> {
  const expected = findChecksum(
    await downloadText({ ...site, url: checksums }, MAX_CHECKSUM_BYTES),
    url,
    checksums,
  )
  const file = path.join(staging, program)
  const actual = await downloadFile({ ...site, url }, file)
  if (actual !== expected) {
    throw new QuorateError(
      'artifact',
      `${printable(url)} differs from what was published: its SHA-256 is ${actual}, ${printable(checksums)} says ${expected}`,
      {
        id: 'checksum-is-not-published',
        hint: "try again; if the checksum stays wrong, don't use this source. The file was discarded",
      },
    )
  }
  const cosign = await findCosign(site.context.environment ?? process.env)
  if (cosign !== undefined) await verifySignature(cosign, { file, url, site })
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}
