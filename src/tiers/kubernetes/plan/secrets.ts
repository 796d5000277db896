/** The files that a Kubernetes node gets unchanged: certificates of CAs, and what all control-plane nodes share. Pure. */
import type { KubernetesCluster } from '../../../kubernetes/kubernetes-cluster.ts'
import type { SecretFileStep } from '../../../engine/leaf-steps.ts'
import { FORESEEN } from '../../../host/leaves.ts'
import type { HostState } from '../../../host/state.ts'
import { secretFault, secretFilesOf } from '../../../kubernetes/secret-files.ts'
import type { Node } from '../../../spec/cluster.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { TIER } from '../name.ts'

export function secretSteps(
  cluster: KubernetesCluster,
  node: Node,
  { services }: HostState,
  { sums }: KubernetesTierFacts,
): SecretFileStep[] {
  return secretFilesOf(cluster, node).flatMap((file) => {
    const { path, secret, mode } = file
    const present = services?.secrets?.[path]
    const sum = present?.sha256 === FORESEEN ? FORESEEN : sums?.[secret]
    const fault = secretFault(file, present, sum)
    if (fault === undefined) return []
    const common = { tier: TIER, host: node.name, path, secret, mode, danger: 'none' } as const
    const creates = present === undefined
    return [{ ...common, kind: 'secret-file', creates, what: `write ${path}`, why: `it ${fault}` } as const]
  })
}
