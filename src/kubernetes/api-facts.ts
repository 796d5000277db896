/**
 * What is known of a Kubernetes cluster through its API, as plain data. api-look.ts asks, api-parse.ts parses, and
 * planners decide by these facts.
 */

export interface KubernetesFacts {
  /** Each API server, by its node's name. */
  readonly servers: Readonly<Record<string, ServerFacts>>
  /** The load balancer in front of them; undefined: not asked. */
  readonly balancer: ServerFacts | undefined
  /** What the API contains; undefined: no API server could be asked. */
  readonly held: HeldFacts | undefined
}

export interface ServerFacts {
  /**
   * - `ready`: it serves.
   * - `not-ready`: it answers that it is not ready: `failed` has the checks.
   * - `refused`: it answers, but rejects quorate's certificate.
   * - `silent`: no answer, a late one, or one that is not from this cluster's API server.
   * - `unreachable`: its node is unreachable, so nothing is known about it.
   * - `no-credentials`: this workstation has no credentials for it, so it was not asked.
   */
  readonly state: 'ready' | 'not-ready' | 'refused' | 'silent' | 'unreachable' | 'no-credentials'
  /** It is `silent` because it was not waited for: another one had answered long before. It may well serve. */
  readonly late?: boolean | undefined
  /** Names of the checks of /readyz that fail. */
  readonly failed: readonly string[]
  /** `1.37.2`; undefined: not reported. */
  readonly version: string | undefined
  /** Why it is not ready, on one line, with what to do. */
  readonly problem: string | undefined
}

export interface HeldFacts {
  /** Name of the node whose server was asked. */
  readonly from: string
  readonly nodes: Readonly<Record<string, NodeFacts>>
  /** By `DaemonSet kube-system/kube-proxy`: the workloads of kube-system and kube-flannel. */
  readonly workloads: Readonly<Record<string, WorkloadFacts>>
  /** Those of `CONFIG_MAPS` in kube-system, by name. */
  readonly configMaps: Readonly<Record<string, ConfigMapFacts>>
  /** By component; undefined: it never had a leader. */
  readonly leaders: Readonly<Record<Led, LeaderFacts | undefined>>
  /** IP addresses behind the Service `kubernetes`: the running API servers. */
  readonly apiAddresses: readonly string[]
  /** CoreDNS' pods. */
  readonly dnsPods: readonly DnsPod[]
  /**
   * Namespaces of proofs: of a running one, of one that was interrupted before it removed its own, or of one whose
   * removal takes longer than a minute.
   */
  readonly proofs: readonly string[]
  /** Certificate requests that are neither approved nor denied, or that are approved but not signed. */
  readonly pendingRequests: readonly PendingRequest[]
  /**
   * Requested objects, by `describeReference`: as the API returns them, without managedFields; a missing object has no
   * entry.
   */
  readonly objects: Readonly<Record<string, unknown>>
}

export interface NodeFacts {
  readonly ready: boolean
  /** The reason, from the kubelet or from the controller that misses it. */
  readonly why: string
  /** `1.37.2`. */
  readonly kubeletVersion: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaint[]
  /** Cordoned. */
  readonly unschedulable: boolean
  readonly podCidrs: readonly string[]
  /** InternalIP addresses. */
  readonly addresses: readonly string[]
  /** quorate's record of what it set: the text of its annotation. */
  readonly noted: string | undefined
  readonly resourceVersion: string
}

export interface NodeTaint {
  readonly key: string
  readonly value?: string | undefined
  /** `NoSchedule`, `PreferNoSchedule`, `NoExecute`. */
  readonly effect: string
}

export interface WorkloadFacts {
  readonly wanted: number
  readonly ready: number
  /** Number of pods with the present template. */
  readonly updated: number
  /** Images of its containers. */
  readonly images: readonly string[]
  /** The controller has seen the latest change: only then the numbers refer to it. */
  readonly observed: boolean
}

export interface DnsPod {
  readonly name: string
  /** Empty: not scheduled yet. */
  readonly node: string
  readonly ready: boolean
}

export interface ConfigMapFacts {
  /** Of its data, hexadecimal. */
  readonly sha256: string
  /** Texts by key, cut after 64 KiB. */
  readonly data: Readonly<Record<string, string>>
}

export type Led = 'kube-controller-manager' | 'kube-scheduler'

export interface LeaderFacts {
  /** The node, if the holder's identity starts with one: `master01` of `master01_3f…`. */
  readonly holder: string
  /** Time since its last renewal, in ms by the workstation's clock; negative if clocks differ. */
  readonly ageMs: number
  /** Time in ms after which another one may take over. */
  readonly durationMs: number
}

export interface PendingRequest {
  readonly name: string
  /** `kubernetes.io/kubelet-serving`. */
  readonly signer: string
  /** Who requested it: `system:node:worker01`. */
  readonly user: string
  readonly approved: boolean
}

/** kubeadm's ConfigMaps in kube-system. */
export const CONFIG_MAPS = ['kubeadm-config', 'kubelet-config', 'kube-proxy', 'coredns'] as const

/** Namespaces in which workloads are inspected. */
export const NAMESPACES = ['kube-system', 'kube-flannel'] as const

/** The label of a proof's namespace. */
export const PROOF_LABEL = 'quorate/proof'

/** quorate's annotation on a node: which of its labels and taints come from the cluster file. */
export const NODE_NOTE = 'quorate/node-settings'
