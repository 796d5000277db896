/** Who leads, and which members can be asked: reads every member's status, in turn. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { Maintenance } from '../etcd/gen/maintenance_pb.ts'
import { formatId } from '../etcd/view.ts'
import type { Endpoints } from './endpoints.ts'
import type { LeaderFigures } from './report.ts'
import { ATTEMPT_MS } from './retry.ts'

const PAUSE_MS = 250
const MOST_SEEN = 50

export class Monitor {
  readonly #endpoints: Endpoints
  readonly #now: () => Date
  readonly #names = new Map<bigint, string>()
  readonly #seen: { id: bigint; term: bigint; at: string }[] = []
  #clusterId: bigint | undefined
  #firstTerm = 0n
  #lastTerm = 0n
  #changes = 0

  constructor(endpoints: Endpoints, now: () => Date) {
    this.#endpoints = endpoints
    this.#now = now
  }

  /** Asks all of them at once. @throws QuorateError of one of them if no voting member answers */
  async askAll(signal: AbortSignal): Promise<void> {
    const answers = await Promise.allSettled(
      this.#endpoints.all().map(async (client) => await this.#ask(client, signal)),
    )
    if (answers.some((answer) => answer.status === 'fulfilled' && answer.value)) return
    const failure = answers.find((answer) => answer.status === 'rejected')
    throw (
      failure?.reason ??
      new QuorateError('etcd', 'there is no voting member to ask', { id: 'no-voting-member' })
    )
  }

  /** Asks one after the other until the signal. Never throws. */
  async follow(signal: AbortSignal): Promise<void> {
    for (let turn = 0; !signal.aborted; turn++) {
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
      const clients = this.#endpoints.all()
      const client = clients[turn % Math.max(1, clients.length)]
      // A status request may fail while everything else works, so only the next real operation decides whether the
      // member works.
      if (client !== undefined && !signal.aborted) await this.#ask(client, signal).catch(() => undefined)
    }
  }

  /** The term of an answer. */
  term(term: bigint): void {
    if (this.#firstTerm === 0n) this.#firstTerm = term
    if (term > this.#lastTerm) this.#lastTerm = term
  }

  report(): LeaderFigures {
    return {
      changes: this.#changes,
      firstTerm: Number(this.#firstTerm),
      lastTerm: Number(this.#lastTerm),
      seen: this.#seen.map(({ id, term, at }) => ({
        member: this.#names.get(id) ?? formatId(id),
        term: Number(term),
        at,
      })),
    }
  }

  /** @returns whether it is a voting member of this cluster. */
  async #ask(client: MemberClient, signal: AbortSignal): Promise<boolean> {
    const status = await client.call(Maintenance.method.status, {}, { timeoutMs: ATTEMPT_MS, signal })
    const { clusterId = 0n, memberId = 0n } = status.header ?? {}
    this.#clusterId ??= clusterId
    const usable = !status.isLearner && clusterId === this.#clusterId
    this.#endpoints.setUsable(client.name, usable)
    if (!usable) return false
    this.#names.set(memberId, client.name)
    this.#leader(status.leader, status.raftTerm)
    return true
  }

  /** A term has at most one leader. The answer of a member that lags behind is outdated. */
  #leader(id: bigint, term: bigint): void {
    this.term(term)
    const last = this.#seen.at(-1)
    if (id === 0n || (last !== undefined && term <= last.term)) return
    if (last !== undefined) this.#changes += 1
    this.#seen.push({ id, term, at: this.#now().toISOString() })
    if (this.#seen.length > MOST_SEEN) this.#seen.shift()
  }
}
