/** The planner's input: the state of hosts and etcd at one moment, with clock and cryptography already judged. */
import type { ErrorCode } from '../../../errors.ts'
import type { Space } from '../../../etcd/space.ts'
import type { NetworkFacts } from '../../../flannel/network.ts'
import type { HostState } from '../../../host/state.ts'
import type { ReissueCode } from '../../../pki/check-certificate.ts'
import type { CertificateName } from '../certificate-name.ts'

export interface Observed {
  /** By node name; contains every node of the cluster file, otherwise observing failed. */
  readonly hosts: Readonly<Record<string, HostState>>
  readonly authority: AuthorityFacts
  /** By node name, then certificate name: why the certificate must be replaced. An empty list: it is valid. */
  readonly certificates: Readonly<
    Record<string, Readonly<Partial<Record<CertificateName, readonly CertificateFault[]>>>>
  >
  /** What the members report; undefined: no member answers. */
  readonly cluster: ClusterFacts | undefined
  /** By node name: why its member answered no linearizable read. Without members that were not asked. */
  readonly silent?: Readonly<Record<string, Silence>> | undefined
  /** flannel's configuration as stored; undefined: none is, or no member could be asked. */
  readonly network: NetworkFacts | undefined
  /** Facts of the other tiers, by the tier's name; undefined: not asked. */
  readonly beside?: Readonly<Record<string, unknown>> | undefined
}

export interface AuthorityFacts {
  /** PEM of the trust bundle that members should have; undefined: there is no CA yet. */
  readonly bundle: string | undefined
  /** Weaknesses of CAs in the bundle that no node trusts yet: these are refused. A CA that is trusted already is not. */
  readonly tooWeak?: readonly string[] | undefined
  /** Name constraints of the signing CA forbid the name by which members recognize each other (`memberName`). */
  readonly forbidsMemberName?: boolean | undefined
  /** The signing CA has expired; with the command that renews it. */
  readonly expired?: { readonly message: string; readonly hint: string | undefined } | undefined
  /** Fingerprints of expired CAs that members trust: clients with certificates from them are rejected. */
  readonly lapsed?: readonly string[] | undefined
}

/** Why a certificate has to be issued; the message completes 'because it …'. */
export interface CertificateFault {
  /**
   * - `due`, `due-with-key`: it is valid, but due for renewal, or the key as well.
   * - `foreign-key`: another node has the same key, or may have it.
   * - `member-name-unsigned`: as `member-name`, but an offline CA has not signed a certificate with the name yet.
   */
  readonly code: ReissueCode | 'missing' | 'due' | 'due-with-key' | 'foreign-key' | 'member-name-unsigned'
  readonly message: string
}

export interface Silence {
  readonly message: string
  /** Its node is unreachable from the workstation: it may be healthy. undefined: it was asked. */
  readonly unasked?: ErrorCode | undefined
}

/** What the members report, including those that the file no longer lists. By name: of those that answered. */
export interface ClusterFacts {
  /** Hexadecimal, as etcdctl prints it. */
  readonly id: string
  readonly members: readonly MemberFacts[]
  /** Names of the voting members that answered a linearizable read. */
  readonly healthy: readonly string[]
  /** The leader that all agree on, by its name in the member list; undefined: there is none, or they disagree. */
  readonly leader: string | undefined
  /**
   * The member that reports itself as the leader, in the newest term that has one; undefined: no answering member
   * leads. A member that is cut off knows no leader, so there can be a `leading` member without agreement on a
   * `leader`. The restart order uses `leading`; whether members may be changed depends on `leader`.
   */
  readonly leading: string | undefined
  /** The member ID that each process reports, by name, even if the list doesn't have it. Hexadecimal. */
  readonly ids: Readonly<Record<string, string>>
  /** The version that each member that answered runs, by name. */
  readonly versions: Readonly<Record<string, string>>
  /** The target minor of an enabled downgrade, `3.5`; undefined: none, as far as members report it (those of 3.5 don't). */
  readonly downgrade?: string | undefined
  /** The minor of each member's data, by name, as far as they report it: 3.6 and newer. It follows the cluster's minor. */
  readonly storage?: Readonly<Record<string, string>> | undefined
  /** Each member's database, by name, in bytes. Quotas as members report them themselves: from etcd 3.6 on. */
  readonly space: Readonly<Record<string, Space>>
  /** The newest revision that a linearizable read returned; 0: none did. */
  readonly revision: number
  /** How many Raft log entries each answering member has yet to apply, by name. */
  readonly lag: Readonly<Record<string, number>>
  /** undefined: unknown. */
  readonly alarms: readonly RaisedAlarm[] | undefined
  /** Problems of the existing members; empty: they are healthy. Missing or extra members don't count. */
  readonly problems: readonly string[]
  /** In this run, a write was read back and all keyspaces were equal. */
  readonly verified: boolean
}

export interface RaisedAlarm {
  /** A member's name, its ID if no node of the file has it, or `NO_MEMBER`. */
  readonly member: string
  readonly memberId: bigint
  /** `NOSPACE`, `CORRUPT` */
  readonly type: string
}

/** A member as it is listed. */
export interface MemberFacts {
  readonly id: string
  /** Its node's name, if a node has it (`namedByNodes`). Empty: added, but never started. */
  readonly name: string
  /** etcd's own name for it; undefined: it is `name`. */
  readonly etcdName?: string | undefined
  readonly peerUrls: readonly string[]
  /** Empty: never started. */
  readonly clientUrls: readonly string[]
  readonly learner: boolean
}
