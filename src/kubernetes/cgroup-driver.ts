/** Decides who creates the cgroups of pods. containerd and the kubelet must agree, so both use this. Pure. */
import type { NodeFacts } from '../host/node-facts.ts'
import type { KubernetesSpec } from '../spec/kubernetes.ts'

export type CgroupDriver = 'systemd' | 'cgroupfs'

/**
 * systemd, which creates all other cgroups of the node, unless the cluster file says otherwise
 * (`kubelet.cgroupDriver`). Exception: in a container with cgroups v1, systemd lacks the controllers that limit a pod.
 */
export function cgroupDriver(
  { kubelet }: Pick<KubernetesSpec, 'kubelet'>,
  machine: Pick<NodeFacts, 'cgroup' | 'container'> | undefined,
): CgroupDriver {
  const wanted = kubelet.configuration['cgroupDriver']
  if (wanted === 'systemd' || wanted === 'cgroupfs') return wanted
  return machine?.cgroup?.version === 1 && machine.container !== undefined ? 'cgroupfs' : 'systemd'
}
