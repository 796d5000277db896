/** The members that an ordinary client would use, which of them is next, and how each has fared. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { type FailureKind, failureKind } from '../etcd/failure.ts'
import type { MemberFigures } from './report.ts'

/** How long a member is passed over after a failure while there are others, in ms; doubled each time. */
const PASS_OVER_MS = { first: 500, longest: 8_000 }

interface Fared {
  attempts: number
  failed: number
  readonly failures: Partial<Record<FailureKind, number>>
  lastError: string | null
  /** It has answered as a started voter. */
  usable: boolean
  passOverMs: number
  notBeforeMs: number
}

export class Endpoints {
  readonly #clients: () => readonly MemberClient[]
  readonly #monotonic: () => number
  readonly #fared = new Map<string, Fared>()
  #turn = 0

  /** @param clients the members of this moment; may change from call to call */
  constructor(clients: () => readonly MemberClient[], monotonic: () => number) {
    this.#clients = clients
    this.#monotonic = monotonic
  }

  all(): readonly MemberClient[] {
    return this.#clients()
  }

  /**
   * The next in turn of those that work; where none does, the one whose time comes first.
   *
   * @param not the one that just failed: another is better, if there is one
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
    // One further each round: whoever asks every second time would always get the same one of two.
    const turn = this.#turn + Math.floor(this.#turn / Math.max(1, ready.length))
    this.#turn += 1
    const chosen = ready.length > 0 ? ready[turn % ready.length] : (soonest[0] ?? this.#clients()[0])
    if (chosen === undefined) throw new QuorateError('etcd', 'there is no member to ask')
    return chosen
  }

  /** Whether it is a voter that answers: others would refuse what a client asks. */
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
    // Many attempts that end together are one failure.
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
