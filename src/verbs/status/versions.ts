/** The minor version of the cluster as a whole, and an unfinished change of it. */
import { enabledDowngrade } from '../../etcd/downgrade.ts'
import { compareMinors, minorIn } from '../../etcd/minor.ts'
import { downgradeWayOn } from '../../etcd/upgrade-path.ts'
import type { ClusterView } from '../../etcd/view.ts'

export interface VersionStatus {
  /** The minor version that the members have agreed on, `3.6`; null: unknown. */
  readonly version: string | null
  /** The minor to which a downgrade is enabled; null: none is reported (members of 3.5 don't report it). */
  readonly downgrade: string | null
  readonly versionTrouble: VersionTrouble | null
}

export interface VersionTrouble {
  /**
   * - `downgrade-enabled`: etcd keeps the cluster at the older minor, whatever its members run.
   * - `version-behind`: every member runs a newer minor than the cluster version.
   */
  readonly id: 'downgrade-enabled' | 'version-behind'
  readonly message: string
  readonly hint: string
}

/** @param file the cluster file's version */
export function versionStatus(file: string, { members }: ClusterView): VersionStatus {
  const reachable = members.filter((member) => member.reachable)
  const minors = reachable.flatMap(({ version }) => minorIn(version) ?? []).toSorted(compareMinors)
  const storage = reachable.flatMap(({ storageVersion }) => storageVersion ?? []).toSorted(compareMinors)
  // From 3.6 on, a member's data follows the cluster's minor. Before, it follows the oldest member's.
  const version = storage[0] ?? (reachable.length === members.length ? minors[0] : undefined) ?? null
  const downgrade = enabledDowngrade(reachable)
  const present = members.map((member) => ({
    name: member.name,
    version: member.reachable ? member.version : undefined,
  }))
  if (downgrade !== undefined) {
    const message = `a downgrade of etcd to ${downgrade} is enabled but not complete`
    const hint = downgradeWayOn({ file, target: downgrade, members: present })
    return { version, downgrade, versionTrouble: { id: 'downgrade-enabled', message, hint } }
  }
  const [lowest] = minors
  const behind = version !== null && lowest !== undefined && compareMinors(version, lowest) < 0
  if (!behind || reachable.length < members.length) return { version, downgrade: null, versionTrouble: null }
  const message = `every member runs etcd ${lowest} or newer, but the cluster version is still ${version}`
  const hint =
    "wait a few seconds after the last restart; if it persists, read the leader's journal: quorate run etcd -- journalctl -u etcd -n 50"
  return { version, downgrade: null, versionTrouble: { id: 'version-behind', message, hint } }
}
