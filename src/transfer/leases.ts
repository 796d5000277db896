/** Leases in the target cluster: one for each lease of the export, under an ID that a second run finds again. */
import { createHash } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { Lease } from '../etcd/gen/lease_pb.ts'
import { askAny } from './ask.ts'
import type { ExportedLease } from './format.ts'

/**
 * The ID of a lease of another cluster in this one. It is always the same, so that a repeated import finds the leases
 * that it granted. Neither etcd nor the original's owner would use it.
 *
 * @param source ID of the cluster that it was exported from
 */
export function leaseIdFor(source: string, { id }: Pick<ExportedLease, 'id'>): bigint {
  const digest = createHash('sha256').update(`quorate import\n${source}\n${id}`).digest()
  // Positive, and never 0, which means 'no lease' in etcd.
  return (digest.readBigUInt64BE() & 0x7f_ff_ff_ff_ff_ff_ff_ffn) | 1n
}

/** It had expired when it was exported: its keys were about to be removed. */
export function hasEnded(lease: ExportedLease | undefined): boolean {
  return lease !== undefined && lease.secondsLeft < 0n
}

export class Leases {
  readonly #clients: readonly MemberClient[]
  readonly #source: string
  readonly #signal: AbortSignal | undefined
  readonly #granted = new Map<bigint, Promise<bigint>>()

  constructor(clients: readonly MemberClient[], source: string, signal?: AbortSignal) {
    this.#clients = clients
    this.#source = source
    this.#signal = signal
  }

  idOf(lease: ExportedLease | undefined): bigint {
    return lease === undefined ? 0n : leaseIdFor(this.#source, lease)
  }

  /** Grants missing leases for the remaining time. `again`: some may have expired since. @throws QuorateError `etcd` */
  async ensure(leases: readonly (ExportedLease | undefined)[], again = false): Promise<void> {
    if (again) this.#granted.clear()
    const wanted = new Map(
      leases.flatMap((lease) => (lease === undefined ? [] : [[lease.id, lease] as const])),
    )
    for (const lease of wanted.values()) {
      const known = this.#granted.get(lease.id) ?? this.#grant(lease)
      this.#granted.set(lease.id, known)
      await known
    }
  }

  /** Whether one of these no longer exists. */
  async anyEnded(leases: readonly (ExportedLease | undefined)[]): Promise<boolean> {
    const ids = new Set(leases.flatMap((lease) => (lease === undefined ? [] : [this.idOf(lease)])))
    for (const id of ids) if (!(await this.#isThere(id))) return true
    return false
  }

  /** How many were granted or found. */
  get count(): number {
    return this.#granted.size
  }

  async #grant(lease: ExportedLease): Promise<bigint> {
    const id = this.idOf(lease)
    const signal = this.#signal
    if (await this.#isThere(id)) return id
    const ttl = lease.secondsLeft < 1n ? 1n : lease.secondsLeft
    const request = { id, ttl }
    try {
      await askAny(
        this.#clients,
        async (one) => await one.call(Lease.method.leaseGrant, request, { signal }),
        signal,
      )
    } catch (error) {
      // It was granted, but the answer was lost and the request repeated.
      if (!(error instanceof QuorateError) || !(await this.#isThere(id))) throw error
    }
    return id
  }

  async #isThere(id: bigint): Promise<boolean> {
    const signal = this.#signal
    const ask = async (one: MemberClient) => await one.call(Lease.method.leaseTimeToLive, { id }, { signal })
    return (await askAny(this.#clients, ask, signal)).ttl > 0n
  }
}
