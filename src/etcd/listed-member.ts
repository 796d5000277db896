/** A member as etcd lists it. */

export interface ListedMember {
  readonly id: bigint
  /** Its node's name, if the client knows the cluster file (`NameMembers`). Empty: added, but never started. */
  readonly name: string
  /** etcd's own name for it; undefined: the same as `name`. */
  readonly etcdName?: string | undefined
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
  readonly learner: boolean
}

/** Gives members the names of the cluster file's nodes. */
export type NameMembers = (members: readonly ListedMember[]) => readonly ListedMember[]
