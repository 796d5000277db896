/** What has to be known of a cluster before its version is changed: gathered by looking, judged by `precheckUpgrade`. */
import type { EtcdSpec } from '../spec/cluster.ts'

/** Toward a version, or back to the one that the cluster came from. */
export type UpgradeDirection = 'upgrade' | 'abort'

export interface UpgradeFacts {
  readonly direction: UpgradeDirection
  /** The version that every member shall run. */
  readonly to: string
  readonly members: readonly UpgradeMember[]
  /** The cluster file's version. */
  readonly file?: string | undefined
  /** What the members negotiated, `3.4`: the lowest minor among them. undefined: nobody could say. */
  readonly clusterVersion: string | undefined
  /** The minor to which a downgrade is enabled; undefined: none is, or nobody could say. */
  readonly downgrade?: string | undefined
  /** Why etcd does not validate the downgrade that is wanted; undefined: it does, or was not asked. */
  readonly refusal?: string | undefined
  /** What the cluster file says of etcd, its `version` aside. */
  readonly etcd: Pick<EtcdSpec, 'settings' | 'enableV2'>
  /** What keeps the cluster from being healthy; empty: it is. `member`: where it is one member's trouble. */
  readonly problems: readonly { readonly member: string | undefined; readonly message: string }[]
  /** How many voters answered a linearizable read, of how many. */
  readonly voters: { readonly healthy: number; readonly all: number }
  /** etcd's own users and roles are in use. undefined: nobody could say. */
  readonly authentication: boolean | undefined
  /** Top-level keys of the v2 API's own store; undefined: the API isn't served, so nobody can see them. */
  readonly v2Keys: readonly string[] | undefined
}

export interface UpgradeMember {
  readonly name: string
  /** What its running process says of itself; undefined: it doesn't answer. */
  readonly running: string | undefined
  /** What quorate noted when it installed it; undefined: it didn't, or somebody replaced it since. */
  readonly installed: string | undefined
  /** Whether there is a process at all. */
  readonly active: boolean
  /** Its log holds requests of the v2 store that it would read when it starts. undefined: nobody looked, or could. */
  readonly v2Log?: boolean | undefined
}

/** One thing that keeps the version from being changed, or is worth knowing before it is. */
export interface UpgradeProblem {
  /** `blocker`: nothing is begun. `warning`: told, and gone on. */
  readonly severity: 'blocker' | 'warning'
  /** The node it is about; undefined: the cluster, or its file. */
  readonly host?: string | undefined
  /** What is so. */
  readonly message: string
  /** The way out. */
  readonly hint?: string | undefined
}

export function blocker(message: string, hint: string, host?: string): UpgradeProblem {
  return { severity: 'blocker', message, hint, ...(host === undefined ? {} : { host }) }
}

export function warning(message: string, hint?: string, host?: string): UpgradeProblem {
  const way = hint === undefined ? {} : { hint }
  return { severity: 'warning', message, ...way, ...(host === undefined ? {} : { host }) }
}
