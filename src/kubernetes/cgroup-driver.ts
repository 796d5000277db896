/** Who makes the control groups of pods. containerd and the kubelet have to agree, so both ask here. Pure. */
import type { NodeFacts } from '../host/node-facts.ts'
import type { KubernetesSpec } from '../spec/kubernetes.ts'

export type CgroupDriver = 'systemd' | 'cgroupfs'

/**
 * systemd, which makes all other groups of the machine, unless the cluster file says otherwise (`kubelet.cgroupDriver`). Not in a
 * container with control groups of version 1: there systemd has none of the controllers that limit a pod.
 */
export function cgroupDriver(
  { kubelet }: Pick<KubernetesSpec, 'kubelet'>,
  machine: Pick<NodeFacts, 'cgroup' | 'container'> | undefined,
): CgroupDriver {
  const wanted = kubelet.configuration['cgroupDriver']
  if (wanted === 'systemd' || wanted === 'cgroupfs') return wanted
  return machine?.cgroup?.version === 1 && machine.container !== undefined ? 'cgroupfs' : 'systemd'
}
