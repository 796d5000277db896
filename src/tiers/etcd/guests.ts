/** The tiers whose steps etcd's planner carries out with its own. A new one is a directory next to this one, and a line in each list below. */
import { flannel } from '../flannel/tier.ts'
import type { NetworkStep } from '../flannel/step.ts'
import type { KubernetesClusterStep, KubernetesHostStep } from '../kubernetes/step.ts'
import { KUBERNETES_OF_THE_CLUSTER, KUBERNETES_ON_MACHINES } from '../kubernetes/steps/kinds.ts'
import type { Guest } from './guest.ts'

/** Steps of the whole cluster. */
export type GuestStep = NetworkStep | KubernetesClusterStep

/** Steps on a node, besides those of all services (`engine/service-steps.ts`). */
export type GuestHostStep = KubernetesHostStep

/** Those that store something in etcd itself. */
export const GUESTS: readonly Guest<NetworkStep>[] = [flannel]

export const GUEST_KINDS = { ...flannel.kinds, ...KUBERNETES_OF_THE_CLUSTER }
export const GUEST_HOST_KINDS = { ...KUBERNETES_ON_MACHINES }
