/** An etcd cluster in memory, for tests, whose answers can be made wrong. */
import { create } from '@bufbuild/protobuf'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { KeyValueSchema, ResponseHeaderSchema, type KeyValue } from '../etcd/gen/common_pb.ts'
import {
  Compare_CompareTarget,
  KV,
  type PutRequest,
  type RangeRequest,
  RangeResponseSchema,
  type TxnRequest,
  TxnResponseSchema,
} from '../etcd/gen/kv_pb.ts'
import {
  Lease,
  LeaseGrantResponseSchema,
  LeaseRevokeResponseSchema,
  LeaseTimeToLiveResponseSchema,
} from '../etcd/gen/lease_pb.ts'
import { Maintenance, StatusResponseSchema } from '../etcd/gen/maintenance_pb.ts'
import {
  EventSchema,
  Event_EventType,
  type Event,
  type WatchRequest,
  WatchResponseSchema,
} from '../etcd/gen/watch_pb.ts'
import { fromUtf8 } from '../etcd/keys.ts'

/** Each is evaluated when it could occur; true once makes one wrong answer. */
export interface Faults {
  /** Thrown instead of an answer, before anything is done. */
  readonly refuse?: (member: string, method: string) => Error | undefined
  /** A write is done, but its answer is lost. */
  readonly loseAnswer?: (member: string) => boolean
  /** A write is acknowledged, but not done. */
  readonly loseWrite?: () => boolean
  /** A read returns what was stored when it started. */
  readonly staleRead?: () => boolean
  /** An answer has an old revision. */
  readonly oldRevision?: () => boolean
  /** The watch skips a change, or shows it twice. */
  readonly hideEvent?: () => boolean
  readonly repeatEvent?: () => boolean
  /** The stream ends. */
  readonly endWatch?: () => boolean
}

/** Returns true once, at the given turn. */
export function atTurn(turn: number): () => boolean {
  let turns = 0
  return () => ++turns === turn
}

export class FakeCluster {
  faults: Faults = {}
  leader = 1n
  term = 2n
  readonly learners = new Set<string>()
  readonly asked = new Map<string, number>()
  readonly #store = new Map<string, KeyValue>()
  readonly #history: { readonly event: Event; readonly revision: bigint }[] = []
  readonly #leases = new Set<bigint>()
  #old: Map<string, KeyValue> | undefined
  #revision = 5n
  #waiting: (() => void)[] = []

  member(name: string, id: bigint): MemberClient {
    const call = async (method: { readonly name: string }, request: unknown): Promise<unknown> => {
      // An answer never comes immediately.
      await new Promise((resolve) => setTimeout(resolve, 1))
      this.asked.set(name, (this.asked.get(name) ?? 0) + 1)
      const refusal = this.faults.refuse?.(name, method.name)
      if (refusal !== undefined) throw refusal
      return this.#answer(name, id, method, request)
    }
    return {
      name,
      call: call as MemberClient['call'],
      stream: ((_method: unknown, request: WatchRequest, options: { signal: AbortSignal }) =>
        this.#watch(request, options.signal)) as unknown as MemberClient['stream'],
      close: () => undefined,
      [Symbol.dispose]: () => undefined,
    }
  }

  members(count: number): MemberClient[] {
    return Array.from({ length: count }, (_, index) => this.member(`etcd0${index + 1}`, BigInt(index + 1)))
  }

  get keys(): readonly string[] {
    return [...this.#store.keys()]
  }

  /** Like etcd if a lease was not kept alive. */
  expireLeases(): void {
    for (const id of this.#leases) this.#revoke(id)
  }

  #answer(name: string, id: bigint, method: { readonly name: string }, request: unknown): unknown {
    switch (method.name) {
      case Maintenance.method.status.name: {
        const isLearner = this.learners.has(name)
        return create(StatusResponseSchema, {
          header: this.#header(id),
          leader: this.leader,
          raftTerm: this.term,
          isLearner,
        })
      }
      case KV.method.range.name:
        return this.#range(request as RangeRequest, id)
      case KV.method.txn.name: {
        const answer = this.#txn(request as TxnRequest, id)
        if (this.faults.loseAnswer?.(name) === true) throw unanswered()
        return answer
      }
      case Lease.method.leaseGrant.name: {
        const lease = BigInt(this.#leases.size + 100)
        this.#leases.add(lease)
        return create(LeaseGrantResponseSchema, { header: this.#header(id), id: lease, ttl: 60n })
      }
      case Lease.method.leaseTimeToLive.name: {
        const alive = this.#leases.has((request as { id: bigint }).id)
        return create(LeaseTimeToLiveResponseSchema, { ttl: alive ? 50n : -1n })
      }
      case Lease.method.leaseRevoke.name:
        this.#revoke((request as { id: bigint }).id)
        return create(LeaseRevokeResponseSchema, { header: this.#header(id) })
      default:
        throw new TypeError(`nobody expected ${method.name}`)
    }
  }

  #header(memberId: bigint) {
    const revision = this.faults.oldRevision?.() === true ? 1n : this.#revision
    return create(ResponseHeaderSchema, { clusterId: 7n, memberId, revision, raftTerm: this.term })
  }

  #range({ key, rangeEnd }: RangeRequest, id: bigint) {
    const from = fromUtf8(key)
    const store = this.faults.staleRead?.() === true ? (this.#old ??= new Map(this.#store)) : this.#store
    const wanted = (name: string) =>
      rangeEnd === undefined || rangeEnd.length === 0
        ? name === from
        : name >= from && name < fromUtf8(rangeEnd)
    const kvs = [...store].filter(([name]) => wanted(name)).map(([, kv]) => kv)
    return create(RangeResponseSchema, { header: this.#header(id), kvs, count: BigInt(kvs.length) })
  }

  #txn({ compare, success }: TxnRequest, id: bigint) {
    const [condition] = compare
    if (condition === undefined) throw new TypeError('a condition was expected')
    const there = this.#store.get(fromUtf8(condition.key))
    const holds =
      condition.target === Compare_CompareTarget.CREATE
        ? there === undefined
        : there !== undefined && fromUtf8(there.value) < fromUtf8(condition.targetUnion.value as Uint8Array)
    const look = {
      response: { case: 'responseRange' as const, value: { kvs: there === undefined ? [] : [there] } },
    }
    const put = success[1]?.request
    if (holds && put?.case === 'requestPut') this.#put(put.value)
    return create(TxnResponseSchema, { header: this.#header(id), succeeded: holds, responses: [look] })
  }

  #put({ key, value, lease }: PutRequest): void {
    this.#revision += 1n
    if (this.faults.loseWrite?.() === true) return
    const before = this.#store.get(fromUtf8(key))
    const kv = create(KeyValueSchema, {
      key,
      value,
      lease,
      modRevision: this.#revision,
      version: (before?.version ?? 0n) + 1n,
    })
    this.#store.set(fromUtf8(key), kv)
    this.#remember(create(EventSchema, { type: Event_EventType.PUT, kv }))
  }

  #revoke(id: bigint): void {
    this.#leases.delete(id)
    this.#revision += 1n
    for (const [name, { key, lease }] of this.#store) {
      if (lease !== id) continue
      this.#store.delete(name)
      const kv = create(KeyValueSchema, { key, modRevision: this.#revision })
      this.#remember(create(EventSchema, { type: Event_EventType.DELETE, kv }))
    }
  }

  #remember(event: Event): void {
    this.#history.push({ event, revision: this.#revision })
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async *#watch({ requestUnion }: WatchRequest, signal: AbortSignal) {
    const from = requestUnion.case === 'createRequest' ? requestUnion.value.startRevision : 0n
    let next = this.#history.findIndex(({ revision }) => revision >= from)
    if (next === -1) next = this.#history.length
    while (!signal.aborted) {
      for (; next < this.#history.length; next++) {
        if (this.faults.endWatch?.() === true) return
        const { event } = this.#history[next] ?? {}
        if (event === undefined || this.faults.hideEvent?.() === true) continue
        const events = this.faults.repeatEvent?.() === true ? [event, event] : [event]
        yield create(WatchResponseSchema, { events })
      }
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
}

/** The error of a call without an answer in time. */
export function unanswered(): QuorateError {
  const cause = new DOMException('timed out', 'TimeoutError')
  return new QuorateError('etcd', 'no answer in time', { cause })
}

/** The error of a call to a port without a listener. */
export function refused(): QuorateError {
  const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  return new QuorateError('etcd', 'nothing listens', { cause })
}
