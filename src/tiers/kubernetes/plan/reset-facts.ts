/** What planner and refusals of a reset share: what is known, what is moved, and whose a kubelet is. Pure. */
import type { KubernetesFacts } from '../../../kubernetes/api-facts.ts'
import { PLACES } from '../../../kubernetes/places.ts'
import type { RegistryFacts } from '../../../kubernetes/registry.ts'
import type { Cluster } from '../../../spec/cluster.ts'

/** What is found out beside what the machines show. */
export interface ResetFacts {
  /** Of the masters that stay; undefined: none does, or all are reset. */
  readonly api: KubernetesFacts | undefined
  /** undefined: etcd was not asked, or does not answer. */
  readonly registry: RegistryFacts | undefined
}

/** What the engine hands back as `facts`. */
export function resetFacts(facts: unknown): ResetFacts {
  return (facts as ResetFacts | undefined) ?? { api: undefined, registry: undefined }
}

/** kubeadm's own etcd, if there ever was one. */
export const ETCD_POD = `${PLACES.manifests}/etcd.yaml`

/** What is moved aside, in this order: what a kubelet could start pods from comes first. */
export const MOVED = [
  '/etc/kubernetes',
  '/var/lib/kubelet',
  '/etc/ssl/kubernetes-etcd',
  '/etc/ssl/flannel',
  '/var/lib/quorate/leaves',
  PLACES.cniConfiguration,
  '/var/lib/cni',
] as const

/** Whether this is the text of the kubelet's unit as quorate writes it for this cluster. */
export function isOwnUnit({ name }: Cluster, text: string | undefined): boolean {
  return text?.includes(`of the Kubernetes cluster ${name}\n`) === true
}
