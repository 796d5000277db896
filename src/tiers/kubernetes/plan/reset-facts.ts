/** Shared by planner and refusals of a reset: the facts, what is renamed, and which cluster a kubelet belongs to. Pure. */
import type { KubernetesFacts } from '../../../kubernetes/api-facts.ts'
import { kubeletMark } from '../../../kubernetes/kubelet-unit.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import type { RegistryFacts } from '../../../kubernetes/registry.ts'
import type { Cluster } from '../../../spec/cluster.ts'

/** Facts that the nodes don't show. */
export interface ResetFacts {
  /** From the control-plane nodes that stay; undefined: none does, or all are reset. */
  readonly api: KubernetesFacts | undefined
  /** undefined: etcd was not asked, or doesn't answer. */
  readonly registry: RegistryFacts | undefined
}

/** The `facts` that the engine passes back. */
export function resetFacts(facts: unknown): ResetFacts {
  return (facts as ResetFacts | undefined) ?? { api: undefined, registry: undefined }
}

/** kubeadm's own etcd, if there ever was one. */
export const ETCD_POD = `${PLACES.manifests}/etcd.yaml`

/** What is renamed, in this order: files that a kubelet could start pods from come first. */
export const MOVED = [
  '/etc/kubernetes',
  '/var/lib/kubelet',
  '/etc/ssl/kubernetes-etcd',
  '/etc/ssl/flannel',
  '/var/lib/quorate/leaves',
  PLACES.cniConfiguration,
  '/var/lib/cni',
] as const

/** Whether this text is the kubelet's unit as quorate writes it for this cluster. */
export function isOwnUnit({ name }: Cluster, text: string | undefined): boolean {
  return text?.includes(kubeletMark(name)) === true
}
