/**
 * The manifests of a control-plane node's static pods: what they should have been made from, and what the node shows.
 * Pure.
 */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { HostState } from '../../../host/state.ts'
import { controlPlaneConfig } from '../../../kubernetes/kubeadm-config.ts'
import { manifestSource, manifestStamp, readManifestStamp } from '../../../kubernetes/manifest-stamp.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import { readAtStart, readAtStartLines, readAtStartOf } from '../../../kubernetes/read-at-start.ts'
import type { Node } from '../../../spec/cluster.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { COMPONENTS, type Component } from '../step.ts'

/**
 * - `current`: made by kubeadm from the wanted input, and not changed since.
 * - `stale`: made from something else, or changed by hand.
 */
export type ManifestState = 'missing' | 'current' | 'stale'

/** What a control-plane node's manifests must be made from. */
export interface Wanted {
  readonly stamp: string
  /** A checksum of what is read only at the start; undefined: unknown yet. */
  readonly started: string | undefined
}

export function wantedManifests(
  cluster: KubernetesCluster,
  node: Node,
  { sums }: KubernetesTierFacts,
): Wanted {
  return { stamp: wantedSource(cluster, node), started: sums && readAtStart(sums) }
}

function wantedSource(cluster: KubernetesCluster, node: Node): string {
  return manifestSource(controlPlaneConfig(cluster, node), cluster.kubernetes.version)
}

export function manifestPath(component: Component): string {
  return `${PLACES.manifests}/kube-${component}.yaml`
}

export const MANIFESTS: readonly string[] = COMPONENTS.map(manifestPath)

export function manifestState(
  { services }: HostState,
  component: Component,
  { stamp: source, started }: Wanted,
): ManifestState {
  const file = services?.files[manifestPath(component)]
  if (file === undefined) return 'missing'
  const stamp = readManifestStamp(file.text)
  const isRoots = file.plain && file.owner === 'root'
  if (!isRoots || stamp?.intact !== true || stamp.source !== source) return 'stale'
  // A scheduler reads none of it.
  const isFresh = component === 'scheduler' || started === undefined || readAtStartOf(file.text) === started
  return isFresh ? 'current' : 'stale'
}

/** Represents, in a predicted state, a manifest that kubeadm will make. */
export function foreseenManifest({ stamp, started }: Wanted): string {
  const body = `# (known after it is made)\n${started === undefined ? '' : readAtStartLines(started)}`
  return body + manifestStamp(body, stamp)
}
