/** Everything the planner looks at: what hosts and etcd were like at one moment, already judged by clock and crypto. */
import type { SubnetLease } from '../../flannel/leases.ts'
import type { HostState } from '../../../host/state.ts'
import type { ReissueCode } from '../../../pki/check-certificate.ts'
import type { CertificateName } from '../certificate-name.ts'

export interface Observed {
  /** By node name; every node of the cluster file is here, or observing failed. */
  readonly hosts: Readonly<Record<string, HostState>>
  readonly authority: AuthorityFacts
  /** By node name, then certificate name: why the certificate can't stay as it is. An empty list: it is fine. */
  readonly certificates: Readonly<
    Record<string, Readonly<Partial<Record<CertificateName, readonly CertificateFault[]>>>>
  >
  /** What the members say; undefined: none of them answers (none runs, or none can). */
  readonly cluster: ClusterFacts | undefined
  /** flannel's configuration as stored; undefined: none is, or no member could be asked. */
  readonly network: NetworkFacts | undefined
}

export interface AuthorityFacts {
  /** PEM of the trust bundle that members should have; undefined: the CA is not made yet. */
  readonly bundle: string | undefined
  /** What is too weak about CAs of the bundle that no node trusts yet: they are refused. One that is trusted is not. */
  readonly tooWeak?: readonly string[] | undefined
  /** Name constraints keep the CA that signs from signing the name by which members know each other (`memberName`). */
  readonly forbidsMemberName?: boolean | undefined
  /** The CA that signs has expired, and what renews it. */
  readonly expired?: { readonly message: string; readonly hint: string | undefined } | undefined
  /** Fingerprints, as in marks, of CAs that members trust and that have expired: nobody is let in by them any more. */
  readonly lapsed?: readonly string[] | undefined
}

/** Why a certificate has to be issued; the message completes 'because it …'. */
export interface CertificateFault {
  /**
   * - `due`, `due-with-key`: nothing is wrong with it, but it is to be renewed, or the key as well.
   * - `foreign-key`: its key is, or may be, another node's too.
   * - `member-name-unsigned`: as `member-name`, with an offline CA that has not signed one with the name.
   */
  readonly code: ReissueCode | 'missing' | 'due' | 'due-with-key' | 'foreign-key' | 'member-name-unsigned'
  readonly message: string
}

export interface ClusterFacts {
  /** Hexadecimal, as etcdctl prints it. */
  readonly id: string
  readonly members: readonly MemberFacts[]
  /** Names of the voters that answered a linearizable read. */
  readonly healthy: readonly string[]
  /** The leader that all agree on, by its name in the member list; undefined: there is none, or no agreement. */
  readonly leader: string | undefined
  /** The version that each member that answered runs, by name. */
  readonly versions: Readonly<Record<string, string>>
  /** The minor to which a downgrade is enabled, `3.5`; undefined: to none, as far as members say (those of 3.5 don't). */
  readonly downgrade?: string | undefined
  /** The minor of each member's data, by name, of those that say it: 3.6 and newer. It follows the cluster's minor. */
  readonly storage?: Readonly<Record<string, string>> | undefined
  /** Of the largest database of those that answered. */
  readonly databaseBytes?: number | undefined
  /** How many entries of the Raft log each member that answered has still to apply, by name. */
  readonly lag: Readonly<Record<string, number>>
  /** Types of the alarms that are raised for each member that answered, by name. */
  readonly alarms: Readonly<Record<string, readonly string[]>>
  /** What keeps the members that there are from being healthy; empty: they are. Who should be there is another matter. */
  readonly problems: readonly string[]
  /** A write was read back and all contents were equal, in this run. */
  readonly verified: boolean
}

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

export interface NetworkFacts {
  /** Canonical JSON, v3; undefined: the key is not there. */
  readonly v3: string | undefined
  /** The same through the v2 API, where that is served. */
  readonly v2: string | undefined
  /** Which nodes hold subnets of it. */
  readonly leases: readonly SubnetLease[]
}
