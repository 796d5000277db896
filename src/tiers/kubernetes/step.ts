/** Steps of Kubernetes that are no ordinary work on a machine: kubeadm's phases, and what is done through the API. */
import type { TierStepCommon } from '../../engine/service-kind.ts'
import type { StepCommon } from '../../engine/step.ts'
import type { ApiObject } from '../../kubernetes/api-objects.ts'

/** The manifests of a master's static pods, as kubeadm renders them, each with a stamp that tells what it was made from. */
export interface ManifestsStep extends TierStepCommon {
  readonly kind: 'kubeadm-manifests'
  /** Names of components: `apiserver`. */
  readonly components: readonly Component[]
  /** Goes into each manifest. */
  readonly stamp: string
  /** None of them is there yet. */
  readonly creates: boolean
}

export const COMPONENTS = ['apiserver', 'controller-manager', 'scheduler'] as const
export type Component = (typeof COMPONENTS)[number]

/** What kubeadm keeps in the cluster itself: its configuration, and its add-ons. */
export interface ClusterPhasesStep extends TierStepCommon {
  readonly kind: 'kubeadm-phases'
  /** In the words of `kubeadm init phase`, with slashes: `addon/coredns`. */
  readonly phases: readonly ClusterPhase[]
  /** The machine's own API server: `https://10.0.0.21:6443`. */
  readonly server: string
}

export type ClusterPhase =
  | 'upload-config/kubeadm'
  | 'upload-config/kubelet'
  | 'addon/coredns'
  | 'addon/kube-proxy'

/** Makes Kubernetes' CAs, and the keys that the masters share. */
export interface AuthoritiesStep extends StepCommon {
  readonly kind: 'kubernetes-authorities'
}

/** Objects that are in the API afterwards, with these fields. */
export interface ObjectsStep extends StepCommon {
  readonly kind: 'kubernetes-objects'
  readonly objects: readonly ApiObject[]
}

/** Labels and taints of Node objects. */
export interface NodeSettingsStep extends StepCommon {
  readonly kind: 'kubernetes-node-settings'
  readonly nodes: readonly string[]
}

/** Waits until these API servers are ready (`api`), all nodes have registered as well (`joined`), or all of them are ready (`nodes`). */
export interface AwaitStep extends StepCommon {
  readonly kind: 'kubernetes-await'
  readonly milestone: 'api' | 'joined' | 'nodes'
  readonly nodes: readonly string[]
}

/** Pods on every worker talk with each other, find Services by name, and are gone again. */
export interface ProofStep extends StepCommon {
  readonly kind: 'kubernetes-proof'
  /** What is proven: the sum of what it depends on. */
  readonly of: string
}

/** Containers of Kubernetes end, their volumes are unmounted. */
export interface PodsRemoveStep extends TierStepCommon {
  readonly kind: 'pods-remove'
}

/** Network interfaces, rules and routes of pods' network go. */
export interface PodNetworkRemoveStep extends TierStepCommon {
  readonly kind: 'pod-network-remove'
  /** CIDRs. */
  readonly networks: readonly string[]
}

/** Directories and files are renamed to `PATH.SUFFIX`: keys and data are never deleted. */
export interface NodeAsideStep extends TierStepCommon {
  readonly kind: 'node-aside'
  readonly suffix: string
  readonly paths: readonly string[]
  /** Paths of etcd's: nothing that holds one of them is moved, nor anything in them. */
  readonly kept: readonly string[]
}

/** Nodes take no further pods, and those that they have end and come back elsewhere. */
export interface DrainStep extends StepCommon {
  readonly kind: 'kubernetes-drain'
  readonly nodes: readonly string[]
}

/** Node objects go, and with them what Kubernetes has on these nodes. */
export interface NodeObjectsRemoveStep extends StepCommon {
  readonly kind: 'kubernetes-node-objects-remove'
  readonly nodes: readonly string[]
}

/** All that Kubernetes keeps in etcd goes. */
export interface RegistryRemoveStep extends StepCommon {
  readonly kind: 'kubernetes-registry-remove'
  /** Addresses of API servers that may have been at work on it a moment ago. */
  readonly servers: readonly string[]
}

export type KubernetesHostStep =
  | ManifestsStep
  | ClusterPhasesStep
  | PodsRemoveStep
  | PodNetworkRemoveStep
  | NodeAsideStep
export type KubernetesClusterStep =
  | AuthoritiesStep
  | ObjectsStep
  | NodeSettingsStep
  | AwaitStep
  | ProofStep
  | DrainStep
  | NodeObjectsRemoveStep
  | RegistryRemoveStep
