/** What is known of a Kubernetes cluster through its API, as plain data: api-look.ts asks, api-parse.ts reads, planners decide by it. */

export interface KubernetesFacts {
  /** Each API server, by its node's name. */
  readonly servers: Readonly<Record<string, ServerFacts>>
  /** The load balancer in front of them; undefined: it was not asked. */
  readonly balancer: ServerFacts | undefined
  /** What the API holds; undefined: no API server could be asked for it. */
  readonly held: HeldFacts | undefined
}

export interface ServerFacts {
  /**
   * - `ready`: it serves.
   * - `not-ready`: it answers, and says that it does not: `failed` has the checks.
   * - `refused`: it answers, and does not let quorate's certificate in.
   * - `silent`: nothing answers there, or not in time, or not as this cluster's API server.
   * - `unreachable`: its machine can't be reached: nothing is known of it.
   * - `no-credentials`: there is nothing here to prove to it who quorate is: it was not asked.
   */
  readonly state: 'ready' | 'not-ready' | 'refused' | 'silent' | 'unreachable' | 'no-credentials'
  /** It is `silent` because it was not waited for: another one had answered long before. It may well serve. */
  readonly late?: boolean | undefined
  /** Names of the checks of /readyz that fail. */
  readonly failed: readonly string[]
  /** `1.37.2`; undefined: it did not say. */
  readonly version: string | undefined
  /** Why it is not ready, in one line with what to do. */
  readonly problem: string | undefined
}

export interface HeldFacts {
  /** The server that was asked: a node's name. */
  readonly from: string
  readonly nodes: Readonly<Record<string, NodeFacts>>
  /** By `DaemonSet kube-system/kube-proxy`: those of kube-system and kube-flannel. */
  readonly workloads: Readonly<Record<string, WorkloadFacts>>
  /** Of kube-system, by name, of `CONFIG_MAPS`. */
  readonly configMaps: Readonly<Record<string, ConfigMapFacts>>
  /** By component; undefined: nobody ever led. */
  readonly leaders: Readonly<Record<Led, LeaderFacts | undefined>>
  /** IP addresses that the Service `kubernetes` leads to: the API servers that run. */
  readonly apiAddresses: readonly string[]
  /** CoreDNS' pods. */
  readonly dnsPods: readonly DnsPod[]
  /** Namespaces of proofs: one is under way, or was cut off before it removed its own, or has not gone in a minute. */
  readonly proofs: readonly string[]
  /** Certificate requests that nobody has approved or denied, or that are approved and not signed. */
  readonly pendingRequests: readonly PendingRequest[]
  /** Objects that were asked for, by `describeReference`: as the API has them, without managedFields; a missing one is missing. */
  readonly objects: Readonly<Record<string, unknown>>
}

export interface NodeFacts {
  readonly ready: boolean
  /** What the kubelet, or who misses it, says of that. */
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
  /** What quorate noted of what it set: the text of its annotation. */
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
  /** Pods of the present template. */
  readonly updated: number
  /** Of its containers. */
  readonly images: readonly string[]
  /** The controller has seen the latest change: only then do the numbers speak of it. */
  readonly observed: boolean
}

export interface DnsPod {
  readonly name: string
  /** Empty: it was not placed yet. */
  readonly node: string
  readonly ready: boolean
}

export interface ConfigMapFacts {
  /** Of its data, hexadecimal. */
  readonly sha256: string
  /** Texts by key; those of more than 64 KiB are cut. */
  readonly data: Readonly<Record<string, string>>
}

export type Led = 'kube-controller-manager' | 'kube-scheduler'

export interface LeaderFacts {
  /** The node, as far as the holder's identity begins with one: `master01` of `master01_3f…`. */
  readonly holder: string
  /** Since it last said so, in ms, by this computer's clock; negative where clocks differ. */
  readonly ageMs: number
  /** After which another may take over, in ms. */
  readonly durationMs: number
}

export interface PendingRequest {
  readonly name: string
  /** `kubernetes.io/kubelet-serving`. */
  readonly signer: string
  /** Who asked: `system:node:worker01`. */
  readonly user: string
  readonly approved: boolean
}

/** Of kubeadm's, in kube-system. */
export const CONFIG_MAPS = ['kubeadm-config', 'kubelet-config', 'kube-proxy', 'coredns'] as const

/** Where workloads are looked for. */
export const NAMESPACES = ['kube-system', 'kube-flannel'] as const

/** The label of a proof's namespace. */
export const PROOF_LABEL = 'quorate/proof'

/** quorate's note on a node: which of its labels and taints come from the cluster file. */
export const NODE_NOTE = 'quorate/node-settings'
