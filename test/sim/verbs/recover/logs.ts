/** Members' logs, and what of them was acknowledged: Raft's own rules, as far as a recovery can tell. */
import type { MemberData } from '../../disk.ts'
import { type Raft, type Running, hasQuorum, isQuorum, serving } from '../../raft.ts'
import { fresh } from '../../world.ts'
import type { VerbWorld } from '../world.ts'

interface Entry {
  readonly term: number
  readonly write: number
}

export interface Log {
  /** Writes of the copy that its cluster was made of. */
  readonly before: readonly number[]
  readonly entries: readonly Entry[]
}

export interface Logs {
  /** By the beginning of the data that they belong to; none: nothing was written there yet. */
  readonly of: Map<number, Log>
  readonly acknowledged: Set<number>
  term: number
  /** The beginning of the data of the member that wrote last. */
  leader: number | undefined
}

const EMPTY: Log = { before: [], entries: [] }

export function newLogs(): Logs {
  return { of: new Map(), acknowledged: new Set(), term: 1, leader: undefined }
}

export function logOf({ of }: Logs, data: MemberData | undefined): Log {
  return of.get(data?.beginning ?? 0) ?? EMPTY
}

export function writesIn({ before, entries }: Log): readonly number[] {
  return [...before, ...entries.map((entry) => entry.write)]
}

/** Of a copy: a new cluster's log begins with its member. */
export function madeOf(log: Log): Log {
  return { before: writesIn(log), entries: [{ term: 1, write: 0 }] }
}

/** Greater than 0: `a` goes farther. */
export function compareLogs(a: Log, b: Log): number {
  return lastTerm(a) - lastTerm(b) || a.entries.length - b.entries.length
}

export function lastTerm({ entries }: Log): number {
  return entries.at(-1)?.term ?? 1
}

/** @param behind a host that does not get it, as long as a quorum does. `alone`: only the leader gets it, and dies next. */
export function write(vw: VerbWorld, logs: Logs, behind: string | undefined, alone: boolean): void {
  for (const raft of vw.world.rafts.values()) {
    const leader = leaderOf(vw, logs, raft)
    if (leader === undefined) continue
    const { beginning } = leader.process.data
    if (logs.leader !== beginning) logs.term += 1
    logs.leader = beginning
    const { before, entries } = logOf(logs, leader.process.data)
    const entry = { term: logs.term, write: fresh(vw.world) }
    const log = { before, entries: [...entries, entry] }
    const all = serving(vw.world, raft)
    const rest = all.filter(([, disk]) => disk === leader || disk.node.name !== behind)
    const getting = alone ? all.filter(([, disk]) => disk === leader) : isQuorum(raft, rest) ? rest : all
    for (const [, { process }] of getting) logs.of.set(process.data.beginning, log)
    if (isQuorum(raft, getting)) logs.acknowledged.add(entry.write)
  }
}

/** Time passes: those that take part get what they lack. */
export function catchUp(vw: VerbWorld, logs: Logs): void {
  for (const raft of vw.world.rafts.values()) {
    const leader = leaderOf(vw, logs, raft)
    if (leader === undefined) continue
    const log = logOf(logs, leader.process.data)
    for (const [, { process }] of serving(vw.world, raft)) logs.of.set(process.data.beginning, log)
  }
}

/** The voter whose log goes farthest: it gets the votes. */
function leaderOf({ world }: VerbWorld, logs: Logs, raft: Raft): Running | undefined {
  if (!hasQuorum(world, raft)) return undefined
  const voters = serving(world, raft).filter(([{ learner }]) => !learner)
  return voters
    .map(([, disk]) => disk)
    .toSorted((a, b) => compareLogs(logOf(logs, b.process.data), logOf(logs, a.process.data)))[0]
}
