/** The members that an ordinary client would use, which one is next, and how each has performed. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { type FailureKind, failureKind } from '../etcd/failure.ts'
import type { MemberFigures } from './report.ts'

/** How long a member is skipped after a failure while there are others, in ms; doubled each time. */
const PASS_OVER_MS = { first: 500, longest: 8_000 }

interface Fared {
  attempts: number
  failed: number
  readonly failures: Partial<Record<FailureKind, number>>
  lastError: string | null
  /** It has answered as a started voting member. */
  usable: boolean
  passOverMs: number
  notBeforeMs: number
}

export class Endpoints {
  readonly #clients: () => readonly MemberClient[]
  readonly #monotonic: () => number
  readonly #fared = new Map<string, Fared>()
  #turn = 0

  /** @param clients the current members; may change from call to call */
  constructor(clients: () => readonly MemberClient[], monotonic: () => number) {
    this.#clients = clients
    this.#monotonic = monotonic
  }

  all(): readonly MemberClient[] {
    return this.#clients()
  }

  /**
   * The next working member in turn. If none works, the one that may be retried first.
   *
   * @param not the one that just failed: prefers another, if there is one
   * @throws QuorateError `etcd` if there is no member at all
   */
  choose(not?: MemberClient): MemberClient {
    const usable = this.#clients().filter(({ name }) => this.#of(name).usable)
    const others = usable.filter((client) => client !== not)
    const candidates = others.length > 0 ? others : usable
    const now = this.#monotonic()
    const ready = candidates.filter(({ name }) => this.#of(name).notBeforeMs <= now)
    const soonest = [...candidates].sort(
      (a, b) => this.#of(a.name).notBeforeMs - this.#of(b.name).notBeforeMs,
    )
    // Moves one further each round: otherwise, a caller that asks every second time would always get the same one of
    // two.
    const turn = this.#turn + Math.floor(this.#turn / Math.max(1, ready.length))
    this.#turn += 1
    const chosen = ready.length > 0 ? ready[turn % ready.length] : (soonest[0] ?? this.#clients()[0])
    if (chosen === undefined) throw new QuorateError('etcd', 'there is no member to ask')
    return chosen
  }

  /** Whether it is a voting member that answers: others would refuse a client's requests. */
  setUsable(name: string, usable: boolean): void {
    this.#of(name).usable = usable
  }

  succeeded(name: string): void {
    const fared = this.#of(name)
    fared.attempts += 1
    fared.passOverMs = 0
    fared.notBeforeMs = 0
  }

  failed(name: string, error: unknown): void {
    const fared = this.#of(name)
    const kind = failureKind(error)
    fared.attempts += 1
    fared.failed += 1
    fared.failures[kind] = (fared.failures[kind] ?? 0) + 1
    fared.lastError = error instanceof Error ? error.message : String(error)
    const now = this.#monotonic()
    // Many attempts that fail at the same time count as one failure.
    if (fared.notBeforeMs > now) return
    fared.passOverMs = Math.min(Math.max(fared.passOverMs * 2, PASS_OVER_MS.first), PASS_OVER_MS.longest)
    fared.notBeforeMs = now + fared.passOverMs
  }

  report(): MemberFigures[] {
    const byName = [...this.#fared].sort(([a], [b]) => a.localeCompare(b))
    return byName.map(([name, { attempts, failed, failures, lastError }]) => ({
      name,
      attempts,
      failed,
      failures: { ...failures },
      lastError,
    }))
  }

  #of(name: string): Fared {
    const known = this.#fared.get(name)
    if (known !== undefined) return known
    const fresh: Fared = {
      attempts: 0,
      failed: 0,
      failures: {},
      lastError: null,
      usable: false,
      passOverMs: 0,
      notBeforeMs: 0,
    }
    this.#fared.set(name, fresh)
    return fresh
  }
}
