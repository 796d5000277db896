/** What is known of a cluster's Kubernetes beside what its machines show: its CAs, its certificates' faults, its API. */
import type { KubernetesFacts } from '../../kubernetes/api-facts.ts'
import type { LeafId } from '../../kubernetes/certificates.ts'
import type { LeafFault } from '../../kubernetes/faults.ts'
import type { RegistryFacts } from '../../kubernetes/registry.ts'
import type { SecretId } from '../../kubernetes/secret-files.ts'

export interface KubernetesTierFacts {
  /** Kubernetes' CA (PEM), which clients of its API trust; undefined: it is not made yet. */
  readonly ca: string | undefined
  /** By node name, then leaf: why its certificate can't stay as it is. An empty list: it is fine. */
  readonly leaves: Readonly<Record<string, Readonly<Partial<Record<LeafId, readonly LeafFault[]>>>>>
  /** What each secret sums up to on a node; undefined: they are not made yet. */
  readonly sums: Readonly<Record<SecretId, string>> | undefined
  /** undefined: no machine has an API server's manifest, and nobody was asked. */
  readonly api: KubernetesFacts | undefined
  /** What etcd holds of a Kubernetes while no master has anything of one; undefined: nobody asked, or etcd does not answer. */
  readonly registry?: RegistryFacts | undefined
}

const NOTHING: KubernetesTierFacts = { ca: undefined, leaves: {}, sums: undefined, api: undefined }

/** What the engine hands back as `facts`. */
export function tierFacts(facts: unknown): KubernetesTierFacts {
  return (facts as KubernetesTierFacts | undefined) ?? NOTHING
}

/** What of it changes by nobody's doing is left out: who leads, which requests wait, how a node feels. */
export function lastingFacts(found: unknown): unknown {
  const { ca, leaves, sums, api } = tierFacts(found)
  const { nodes = {}, workloads = {}, configMaps = {}, objects = {} } = api?.held ?? {}
  const settings = Object.entries(nodes).map(([name, { labels, taints, noted }]) => [
    name,
    labels,
    taints,
    noted,
  ])
  const images = Object.entries(workloads).map(([name, one]) => [name, one.images])
  const maps = Object.entries(configMaps).map(([name, { sha256 }]) => [name, sha256])
  return [ca, leaves, sums, settings, images, maps, Object.keys(objects)]
}
