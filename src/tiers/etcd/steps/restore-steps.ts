/** What restoring a snapshot does to a machine, as data. */
import type { HostStepCommon } from '../../../engine/step.ts'

/** Which restore a step belongs to; it is what marks on the machines are compared with. */
export interface RestoreIdentity {
  readonly token: string
  /** Ends the names of what is moved aside: `before-restore-20260730T101112Z`. */
  readonly suffix: string
  /** Hex, of the snapshot. */
  readonly sha256: string
  /** What the snapshot is called, on one line. */
  readonly source: string
  /** As etcd's --initial-cluster. */
  readonly members: string
}

export type RestoreStep =
  /** The snapshot travels there, and becomes data and log beside the present ones. */
  | (HostStepCommon & {
      readonly kind: 'restore-stage'
      readonly restore: RestoreIdentity
      /** Absolute path on this computer. */
      readonly snapshotFile: string
      readonly sizeBytes: number
      readonly dataDirectory: string
      readonly walDirectory: string
      /** The member's name, as etcd's --name. */
      readonly member: string
      /** As etcd's --initial-advertise-peer-urls. */
      readonly peerUrl: string
      /** Further options of `etcdutl snapshot restore`. */
      readonly options: readonly string[]
    })
  /** Other verbs keep away from here on; what is known to use etcd is noted and stopped. */
  | (HostStepCommon & {
      readonly kind: 'restore-halt'
      readonly restore: RestoreIdentity
      readonly command: string
    })
  /** Present data aside, restored data in its place, and settings that know the new cluster. */
  | (HostStepCommon & {
      readonly kind: 'restore-place'
      readonly restore: RestoreIdentity
      readonly dataDirectory: string
      readonly walDirectory: string
      /** Paths of what lies there now, and is moved aside. */
      readonly aside: readonly string[]
      /** The cluster ID that the member is pinned to now. */
      readonly former: string | undefined
      /** Whole contents. */
      readonly pin: string
      readonly options: string
    })
  /** The next start leaves a variable of the member's settings out; the processes after it have it again. */
  | (HostStepCommon & { readonly kind: 'restore-unchecked'; readonly variable: string })
  /** What was stopped is started again; other verbs may work here again. */
  | (HostStepCommon & { readonly kind: 'restore-finish' })
