/** Steps of Kubernetes besides ordinary work on a node: kubeadm's phases, and what is done through the API. */
import type { TierStepCommon } from '../../engine/service-kind.ts'
import type { StepCommon } from '../../engine/step.ts'
import type { ApiObject } from '../../kubernetes/api-objects.ts'

/** The manifests of a control-plane node's static pods, as kubeadm renders them, each with a stamp of its input. */
export interface ManifestsStep extends TierStepCommon {
  readonly kind: 'kubeadm-manifests'
  /** Names of components: `apiserver`. */
  readonly components: readonly Component[]
  /** Becomes part of each manifest. */
  readonly stamp: string
  /** None of them exists yet. */
  readonly creates: boolean
}

export const COMPONENTS = ['apiserver', 'controller-manager', 'scheduler'] as const
export type Component = (typeof COMPONENTS)[number]

/** What kubeadm stores in the cluster itself: its configuration, and its add-ons. */
export interface ClusterPhasesStep extends TierStepCommon {
  readonly kind: 'kubeadm-phases'
  /** As in `kubeadm init phase`, with slashes: `addon/coredns`. */
  readonly phases: readonly ClusterPhase[]
  /** The node's own API server: `https://10.0.0.21:6443`. */
  readonly server: string
}

export type ClusterPhase =
  | 'upload-config/kubeadm'
  | 'upload-config/kubelet'
  | 'addon/coredns'
  | 'addon/kube-proxy'

/** Creates Kubernetes' CAs, and the keys that the control-plane nodes share. */
export interface AuthoritiesStep extends StepCommon {
  readonly kind: 'kubernetes-authorities'
}

/** Objects that must be in the API afterwards, with these fields. */
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

/** Pods on every worker reach each other, find Services by name, and are removed again. */
export interface ProofStep extends StepCommon {
  readonly kind: 'kubernetes-proof'
  /** What is verified: the checksum of everything that it depends on. */
  readonly of: string
}

/** Ends containers of Kubernetes, and unmounts their volumes. */
export interface PodsRemoveStep extends TierStepCommon {
  readonly kind: 'pods-remove'
}

/** Removes network interfaces, rules and routes of the pods' network. */
export interface PodNetworkRemoveStep extends TierStepCommon {
  readonly kind: 'pod-network-remove'
  /** CIDRs. */
  readonly networks: readonly string[]
}

/** Renames directories and files to `PATH.SUFFIX`: keys and data are never deleted. */
export interface NodeAsideStep extends TierStepCommon {
  readonly kind: 'node-aside'
  readonly suffix: string
  readonly paths: readonly string[]
  /** etcd's paths: nothing that contains one of them is renamed, nor anything in them. */
  readonly kept: readonly string[]
}

/** Nodes accept no more pods; their pods end and start on other nodes. */
export interface DrainStep extends StepCommon {
  readonly kind: 'kubernetes-drain'
  readonly nodes: readonly string[]
}

/** Removes Node objects, and with them what Kubernetes has recorded about these nodes. */
export interface NodeObjectsRemoveStep extends StepCommon {
  readonly kind: 'kubernetes-node-objects-remove'
  readonly nodes: readonly string[]
}

/** Removes everything that Kubernetes stores in etcd. */
export interface RegistryRemoveStep extends StepCommon {
  readonly kind: 'kubernetes-registry-remove'
  /** Addresses of API servers that may still have been running on it. */
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
