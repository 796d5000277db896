/** What the agent is asked about a node of Kubernetes, in one round trip with everything else. */
import { hasKubernetes } from '../../kubernetes/kubernetes-cluster.ts'
import { leafLook } from '../../engine/leaf-steps.ts'
import type { Look } from '../../host/operations.ts'
import { leavesOf } from '../../kubernetes/certificates.ts'
import { secretFilesOf } from '../../kubernetes/secret-files.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { FILES, FLANNELD, FLANNEL_FILES, KUBELET } from './plan/files.ts'
import { MANIFESTS } from './plan/manifests.ts'

export function kubernetesLooks(cluster: Cluster, node: Node): readonly Look[] {
  if (!hasKubernetes(cluster) || !kubernetesNodes(cluster).some(({ name }) => name === node.name)) return []
  const leaves = leavesOf(cluster, node).map(({ id, place, kubeconfig }) =>
    leafLook(id, place, place.form === 'kubeconfig' ? undefined : kubeconfig?.path),
  )
  return [
    ['service', { unit: KUBELET, package: 'kubelet', files: [...FILES, ...MANIFESTS] }],
    ...(cluster.kubernetes.flannel === 'service'
      ? [['service', { unit: FLANNELD, package: '', files: FLANNEL_FILES }] as const]
      : []),
    ['secret', { paths: secretFilesOf(cluster, node).map(({ path }) => path) }],
    ...leaves,
  ]
}
