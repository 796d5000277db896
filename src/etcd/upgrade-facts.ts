/** What must be known about a cluster before its version changes. It is only collected; `precheckUpgrade` judges it. */
import type { BlockedId } from '../blocked-ids.ts'
import type { EtcdSpec } from '../spec/cluster.ts'

/** To a version, or back to the one that the cluster came from. */
export type UpgradeDirection = 'upgrade' | 'abort'

export interface UpgradeFacts {
  readonly direction: UpgradeDirection
  /** The wanted version of every member. */
  readonly to: string
  readonly members: readonly UpgradeMember[]
  /** The cluster file's version. */
  readonly file?: string | undefined
  /** What the members negotiated, `3.4`: the lowest minor among them. undefined: unknown. */
  readonly clusterVersion: string | undefined
  /** The target minor of an enabled downgrade; undefined: none is enabled, or unknown. */
  readonly downgrade?: string | undefined
  /** Why etcd refuses to validate the wanted downgrade; undefined: it accepts it, or was not asked. */
  readonly refusal?: string | undefined
  /** The cluster file's settings for etcd, except `version`. */
  readonly etcd: Pick<EtcdSpec, 'settings' | 'enableV2'>
  /** Why the cluster isn't healthy; empty: it is. `member`: set if it is one member's problem. */
  readonly problems: readonly { readonly member: string | undefined; readonly message: string }[]
  /** How many voting members answered a linearizable read, and how many there are. */
  readonly voters: { readonly healthy: number; readonly all: number }
  /** Whether etcd's own users and roles are active. undefined: unknown. */
  readonly authentication: boolean | undefined
  /** Top-level keys of the v2 API's own store; undefined: unknown, because the API isn't served. */
  readonly v2Keys: readonly string[] | undefined
}

export interface UpgradeMember {
  readonly name: string
  /** The version that its running process reports; undefined: it doesn't answer. */
  readonly running: string | undefined
  /**
   * The version that quorate recorded when it installed the binary; undefined: it didn't, or the file was replaced
   * since.
   */
  readonly installed: string | undefined
  /** Whether it has a process at all. */
  readonly active: boolean
  /** Its WAL contains requests of the v2 store, which it would read when it starts. undefined: unknown. */
  readonly v2Log?: boolean | undefined
}

/** A problem that prevents the change of version, or that is worth knowing before it. */
export interface UpgradeProblem {
  /** `blocker`: nothing is started. `warning`: it is reported, and the change continues. */
  readonly severity: 'blocker' | 'warning'
  /** The affected node; undefined: the cluster, or its file. */
  readonly host?: string | undefined
  /** The problem. */
  readonly message: string
  /** The fix. */
  readonly hint?: string | undefined
  /** What stays the same when the message is reworded. */
  readonly id?: BlockedId | undefined
}

type Blocker = Omit<UpgradeProblem, 'severity'> & { readonly hint: string }

export function blocker({ host, id, ...problem }: Blocker): UpgradeProblem {
  const place = host === undefined ? {} : { host }
  return { severity: 'blocker', ...problem, ...place, ...(id === undefined ? {} : { id }) }
}

export function warning(message: string, hint?: string, host?: string): UpgradeProblem {
  const way = hint === undefined ? {} : { hint }
  return { severity: 'warning', message, ...way, ...(host === undefined ? {} : { host }) }
}
