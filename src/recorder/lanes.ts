/** The keys that the recorder writes, each with one write at a time, and the operations on them. */
import { QuorateError } from '../errors.ts'
import type { CallOptions, MemberClient } from '../etcd/client.ts'
import { KV } from '../etcd/gen/kv_pb.ts'
import { fromUtf8, prefixEnd, utf8 } from '../etcd/keys.ts'
import type { RecorderLease } from './lease.ts'
import type { Ledger } from './ledger.ts'
import { type PutOutcome, attemptPut, storedIn } from './put.ts'
import { type Patience, withRetries } from './retry.ts'

export interface LanesOptions {
  readonly prefix: string
  readonly lanes: number
  readonly ledger: Ledger
  readonly lease: RecorderLease
  readonly monotonic: () => number
  /** Called with the term of each answer. */
  readonly onTerm: (term: bigint) => void
  /** The lease had expired, and all keys with it. */
  readonly onLeaseGone: () => void
}

export class Lanes {
  readonly #options: LanesOptions
  /** Lanes without a key, as far as is known. */
  readonly #fresh: Set<number>
  readonly #idle: number[]

  constructor(options: LanesOptions) {
    this.#options = options
    const all = Array.from({ length: options.lanes }, (_, lane) => lane)
    this.#fresh = new Set(all)
    this.#idle = all
  }

  /** A lane without a running write; return it afterwards. undefined: all are busy. */
  take(): number | undefined {
    return this.#idle.shift()
  }

  giveBack(lane: number): void {
    this.#idle.push(lane)
  }

  keyOf(lane: number): string {
    return `${this.#options.prefix}${String(lane).padStart(3, '0')}`
  }

  laneOf(key: string): number | undefined {
    const lane = Number(key.slice(this.#options.prefix.length))
    return Number.isInteger(lane) && lane >= 0 && lane < this.#options.lanes ? lane : undefined
  }

  /** Writes the next value. @throws QuorateError of the last attempt */
  async write(lane: number, patience: Patience): Promise<void> {
    const { ledger, monotonic } = this.#options
    const value = ledger.nextValue()
    const { floor } = ledger
    const written = await withRetries(
      async (member, options) => await this.#put(member, lane, value, options),
      patience,
    )
    ledger.answered(written.revision, floor, true)
    ledger.acknowledge(lane, value, written.revision, monotonic())
  }

  /** A linearizable read of the last acknowledged value. @throws QuorateError of the last attempt */
  async read(patience: Patience): Promise<void> {
    const { ledger, onTerm } = this.#options
    const lane = ledger.newestLane
    const { floor } = ledger
    const acknowledged = ledger.lastAcknowledged(lane)
    const key = utf8(this.keyOf(lane))
    const { header, kvs } = await withRetries(
      async (member, options) => await member.call(KV.method.range, { key }, options),
      patience,
    )
    onTerm(header?.raftTerm ?? 0n)
    ledger.answered(header?.revision ?? 0n, floor)
    ledger.read(kvs[0] && storedIn(kvs[0]).value, acknowledged)
  }

  /**
   * Compares the content of all lanes with what was acknowledged. No write may run at the same time. @throws
   * QuorateError
   */
  async readBack(patience: Patience): Promise<void> {
    const { ledger, lanes, prefix } = this.#options
    const { kvs } = await withRetries(
      async (member, options) =>
        await member.call(KV.method.range, { key: utf8(prefix), rangeEnd: prefixEnd(prefix) }, options),
      patience,
    )
    const stored = new Map(kvs.map((kv) => [fromUtf8(kv.key), storedIn(kv)]))
    for (let lane = 0; lane < lanes; lane++) ledger.final(lane, stored.get(this.keyOf(lane)))
  }

  /** A lane's key is missing: it was removed with the lease, or lost. */
  async #gone(member: MemberClient, lane: number, options: CallOptions): Promise<void> {
    const { ledger, lease, onLeaseGone } = this.#options
    this.#fresh.add(lane)
    if (await lease.replaceIfGone(member, options)) onLeaseGone()
    ledger.held(lane, undefined)
  }

  /** The number of keys in etcd. @throws QuorateError */
  async count(patience: Patience): Promise<bigint> {
    const { prefix } = this.#options
    const request = { key: utf8(prefix), rangeEnd: prefixEnd(prefix), countOnly: true }
    const { count } = await withRetries(
      async (member, options) => await member.call(KV.method.range, request, options),
      patience,
    )
    return count
  }

  async #put(
    member: MemberClient,
    lane: number,
    value: number,
    options: CallOptions,
  ): Promise<Extract<PutOutcome, { kind: 'written' }>> {
    const { ledger, lease, onTerm } = this.#options
    for (;;) {
      const fresh = this.#fresh.has(lane)
      const outcome = await attemptPut(
        member,
        { key: this.keyOf(lane), value, fresh, lease: lease.id },
        options,
      )
      onTerm(outcome.term)
      if (outcome.kind === 'written') {
        this.#fresh.delete(lane)
        if (outcome.before === 'nothing') ledger.held(lane, undefined)
        else if (outcome.before !== 'unknown') ledger.held(lane, outcome.before.value)
        return outcome
      }
      const { there } = outcome
      if (there !== undefined && !fresh) {
        throw new QuorateError('etcd', `another client writes to ${this.keyOf(lane)}`, { host: member.name })
      }
      // An earlier write that had failed did take effect, or a key is missing: records that, and writes again.
      if (there === undefined) await this.#gone(member, lane, options)
      else this.#fresh.delete(lane)
    }
  }
}
