/** What a tier gets to observe and work with. */
import type { MemberClient } from '../etcd/client.ts'
import type { HostState } from '../host/state.ts'
import type { AskPassphrase, Authority } from '../pki/authority.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { Fleet } from '../ssh/fleet.ts'
import type { WaveSession } from './wave.ts'

/** What a tier may use of a session. */
export interface TierSession extends WaveSession {
  readonly cluster: Cluster
  readonly now: () => Date
  /** quorate's cache, shared by all clusters. */
  readonly cacheDirectory: string
  readonly askPassphrase: AskPassphrase
  readonly fleet: Fleet
  /** etcd's. */
  readonly authority: () => Promise<Authority>
  /** A client of each node's member of etcd. */
  readonly members: (nodes: readonly Node[]) => Promise<readonly MemberClient[]>
}

/** By node name, as last observed. */
export type Hosts = Readonly<Record<string, HostState>>
