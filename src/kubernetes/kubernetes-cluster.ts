/** Whether a cluster has Kubernetes. Pure. */
import type { Cluster } from '../spec/cluster.ts'
import type { KubernetesSpec } from '../spec/kubernetes.ts'

/** A cluster with Kubernetes. */
export type KubernetesCluster = Cluster & { readonly kubernetes: KubernetesSpec }

export function hasKubernetes(cluster: Cluster): cluster is KubernetesCluster {
  return cluster.kubernetes !== undefined
}
