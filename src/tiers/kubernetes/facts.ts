/** Facts about a cluster's Kubernetes that its nodes don't show: its CAs, its certificates' faults, its API. */
import type { KubernetesFacts } from '../../kubernetes/api-facts.ts'
import type { LeafId } from '../../kubernetes/certificates.ts'
import type { LeafFault } from '../../kubernetes/faults.ts'
import type { RegistryFacts } from '../../kubernetes/registry.ts'
import type { SecretId } from '../../kubernetes/secret-files.ts'

export interface KubernetesTierFacts {
  /** Kubernetes' CA (PEM), which clients of its API trust; undefined: it doesn't exist yet. */
  readonly ca: string | undefined
  /** By node name, then leaf: why its certificate can't stay. An empty list: it is fine. */
  readonly leaves: Readonly<Record<string, Readonly<Partial<Record<LeafId, readonly LeafFault[]>>>>>
  /** The checksum of each secret on a node; undefined: they don't exist yet. */
  readonly sums: Readonly<Record<SecretId, string>> | undefined
  /** undefined: no control-plane node has anything of a control plane, and no API server was asked. */
  readonly api: KubernetesFacts | undefined
  /**
   * What etcd has stored of a Kubernetes while no control-plane node has an API server's manifest; undefined: not asked, or
   * etcd doesn't answer.
   */
  readonly registry?: RegistryFacts | undefined
}

const NOTHING: KubernetesTierFacts = { ca: undefined, leaves: {}, sums: undefined, api: undefined }

/** The `facts` that the engine passes back. */
export function tierFacts(facts: unknown): KubernetesTierFacts {
  return (facts as KubernetesTierFacts | undefined) ?? NOTHING
}

/** Leaves out what changes without anyone's action: who leads, which requests wait, the health of nodes. */
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
