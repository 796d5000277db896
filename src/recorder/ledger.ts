/**
 * Compares what was written and acknowledged with what reads, later writes and the watch show. Pure: no clock, no I/O.
 *
 * Each lane is one key. Its writes come one after the other, with values that only grow. So a lane needs no list of
 * what was written: its last acknowledged value represents all values before it. etcd's own count of a key's changes
 * (`version`) distinguishes a change that the watch skipped from one that never happened.
 */

/** A key's value, and etcd's count of its changes. */
export interface Stored {
  readonly value: number
  readonly version: bigint
  readonly revision: bigint
}

interface Acknowledged {
  readonly value: number
  readonly revision: bigint
  readonly atMs: number
}

interface Lane {
  /** The last acknowledged value; 0: none. */
  acknowledged: number
  /** The last change that the watch showed. */
  seen: Stored | undefined
  /** Acknowledged, but not shown by the watch yet; oldest first. */
  awaited: Acknowledged[]
  /** Part of the watch's history is unavailable: later events can't show what is missing. */
  blind: boolean
}

/** How many acknowledged writes may wait for their events; beyond that, the oldest are no longer checked. */
const MOST_AWAITED = 5_000

/** How many lost writes are distinguished; more are a loss beyond doubt. */
const MOST_LOST = 1_000

export class Ledger {
  readonly #lanes: Lane[]
  readonly #lost = new Set<number>()
  #next = 1
  #awaited = 0
  #newest = 0
  #floor = 0n
  #watched = 0n
  readonly counts = {
    revisionsBackwards: 0,
    stale: 0,
    events: 0,
    missing: 0,
    duplicates: 0,
    unchecked: 0,
    worstDelayMs: 0,
  }

  constructor(lanes: number) {
    this.#lanes = Array.from({ length: lanes }, () => ({
      acknowledged: 0,
      seen: undefined,
      awaited: [],
      blind: false,
    }))
  }

  /** A value that was never written before, greater than all earlier ones. */
  nextValue(): number {
    return this.#next++
  }

  /** The highest revision of any answer: no later request may be answered with a lower one. */
  get floor(): bigint {
    return this.#floor
  }

  /** The revision of the last event of the watch. */
  get watched(): bigint {
    return this.#watched
  }

  get lost(): number {
    return this.#lost.size
  }

  /** The lane of the last acknowledgement: a stale read would be visible on it. */
  get newestLane(): number {
    return this.#newest
  }

  /** The last acknowledged value of a lane; 0: none. */
  lastAcknowledged(lane: number): number {
    return this.#lane(lane).acknowledged
  }

  /** When the oldest write was acknowledged whose event is missing: the watch is that far behind. */
  owedSinceMs(): number | undefined {
    const times = this.#lanes.flatMap(({ awaited }) => {
      const first = awaited.find(({ revision }) => revision > this.#watched)
      return first === undefined ? [] : [first.atMs]
    })
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /**
   * @param floor the value of `floor` when the request was first sent; @param above the revision of a write must be
   *   greater
   */
  answered(revision: bigint, floor: bigint, above = false): void {
    if (above ? revision <= floor : revision < floor) this.counts.revisionsBackwards += 1
    if (revision > this.#floor) this.#floor = revision
  }

  /** What a lane held right before its next write: the last acknowledged value, or a later one. */
  held(lane: number, value: number | undefined): void {
    const { acknowledged } = this.#lane(lane)
    if ((value ?? 0) < acknowledged) this.#lose(acknowledged)
  }

  /** A linearizable read that started when `acknowledged` was the lane's last acknowledged value. */
  read(value: number | undefined, acknowledged: number): void {
    if ((value ?? 0) < acknowledged) this.counts.stale += 1
  }

  acknowledge(lane: number, value: number, revision: bigint, atMs: number): void {
    const own = this.#lane(lane)
    own.acknowledged = value
    this.#newest = lane
    // The watch may be faster than the answer.
    if (own.seen?.value === value) return
    if (own.seen !== undefined && own.seen.revision >= revision) {
      this.#lose(value)
      return
    }
    own.awaited.push({ value, revision, atMs })
    this.#awaited += 1
    if (this.#awaited > MOST_AWAITED) this.#giveUpOldest()
  }

  /** A change that the watch showed. */
  event(lane: number, stored: Stored, atMs: number): void {
    const own = this.#lane(lane)
    this.counts.events += 1
    const before = own.seen
    if (stored.revision <= this.#watched || (before !== undefined && stored.value <= before.value)) {
      this.counts.duplicates += 1
      return
    }
    this.#watched = stored.revision
    const left = this.#leftOut(own, stored.version - 1n)
    own.seen = stored
    own.blind = false
    const shown = own.awaited.find(({ value }) => value === stored.value)
    if (shown !== undefined) {
      this.counts.worstDelayMs = Math.max(this.counts.worstDelayMs, atMs - shown.atMs)
    }
    this.#passed(own, stored, left)
  }

  /** What a lane holds at the end, after the last write. */
  final(lane: number, stored: Stored | undefined): void {
    this.held(lane, stored?.value)
    const own = this.#lane(lane)
    if (stored === undefined || stored.revision > this.#watched) return
    this.#passed(own, stored, this.#leftOut(own, stored.version))
  }

  /** The key was removed: etcd restarts its count of changes. */
  removed(lane: number, revision: bigint): void {
    const own = this.#lane(lane)
    if (revision > this.#watched) this.#watched = revision
    if (own.seen !== undefined) own.seen = { ...own.seen, version: 0n, revision }
  }

  /** The recorder's own lease expired, and removed all keys. */
  forget(): void {
    for (const lane of this.#lanes) {
      lane.acknowledged = 0
      this.#giveUp(lane)
    }
  }

  /** The history up to this revision is no longer available. */
  compacted(revision: bigint): void {
    if (revision - 1n > this.#watched) this.#watched = revision - 1n
    for (const lane of this.#lanes) {
      this.#giveUp(lane)
      lane.blind = true
    }
  }

  /** No more events are awaited. */
  end(): void {
    for (const lane of this.#lanes) this.#giveUp(lane)
  }

  /** How many changes of a lane the watch skipped, up to this count of them; -1: unknown. */
  #leftOut(lane: Lane, version: bigint): number {
    if (lane.blind) return -1
    const left = Math.max(0, Number(version - (lane.seen?.version ?? 0n)))
    this.counts.missing += left
    return left
  }

  /** The watch is past these writes. If it has skipped nothing, a write that it has not shown was never stored. */
  #passed(lane: Lane, stored: Stored, left: number): void {
    const passed = lane.awaited.filter(({ revision }) => revision <= stored.revision)
    lane.awaited = lane.awaited.filter(({ revision }) => revision > stored.revision)
    this.#awaited -= passed.length
    if (left !== 0) return
    for (const { value } of passed) if (value !== stored.value) this.#lose(value)
  }

  #giveUp(lane: Lane): void {
    this.counts.unchecked += lane.awaited.length
    this.#awaited -= lane.awaited.length
    lane.awaited = []
  }

  #giveUpOldest(): void {
    const oldest = this.#lanes
      .filter(({ awaited }) => awaited.length > 0)
      .sort((a, b) => (a.awaited[0]?.atMs ?? 0) - (b.awaited[0]?.atMs ?? 0))[0]
    oldest?.awaited.shift()
    this.#awaited -= 1
    this.counts.unchecked += 1
  }

  #lose(value: number): void {
    if (this.#lost.size < MOST_LOST) this.#lost.add(value)
  }

  #lane(lane: number): Lane {
    const own = this.#lanes[lane]
    if (own === undefined) throw new RangeError(`there is no lane ${lane}`)
    return own
  }
}
