/**
 * Members' logs, and which of their entries were acknowledged: Raft's own rules, as far as a recovery can determine.
 */
import type { MemberData } from '../../disk.ts'
import { type Raft, type Running, hasQuorum, isQuorum, serving } from '../../raft.ts'
import { fresh } from '../../world.ts'
import { RecoveryViolation } from './violation.ts'
import type { VerbWorld } from '../world.ts'

interface Entry {
  readonly term: number
  readonly write: number
}

export interface Log {
  /** Writes in the copy that its cluster was made from. */
  readonly before: readonly number[]
  readonly entries: readonly Entry[]
  /** How far recoveries have raised its revision. */
  readonly moved: number
}

export interface Logs {
  /** By the initialization of their data; no entry: nothing was written to it yet. */
  readonly of: Map<number, Log>
  readonly acknowledged: Set<number>
  term: number
  /** The newest revision that a client received. */
  revision: number
  /** The initialization of the data of the member that wrote last. */
  leader: number | undefined
}

const EMPTY: Log = { before: [], entries: [], moved: 0 }

export function newLogs(): Logs {
  return { of: new Map(), acknowledged: new Set(), term: 1, revision: 0, leader: undefined }
}

export function logOf({ of }: Logs, data: MemberData | undefined): Log {
  return of.get(data?.beginning ?? 0) ?? EMPTY
}

export function writesIn({ before, entries }: Log): readonly number[] {
  return [...before, ...entries.map((entry) => entry.write)]
}

/** The revision that the client of the last write receives. A new cluster's own entry doesn't change it. */
function revisionOf(log: Log): number {
  return log.moved + writesIn(log).filter((one) => one !== 0).length
}

/** The log of a copy: a new cluster's log starts with its member. @param bump how far its revision is raised */
export function madeOf(log: Log, bump: number): Log {
  return { before: writesIn(log), entries: [{ term: 1, write: 0 }], moved: log.moved + bump }
}

/** Everything after this is unreadable from now on. */
export function damageLog(logs: Logs, { beginning }: MemberData): void {
  const log = logs.of.get(beginning) ?? EMPTY
  logs.of.set(beginning, { ...log, entries: log.entries.slice(0, Math.floor(log.entries.length / 2)) })
}

/** Greater than 0: `a` is further ahead. */
export function compareLogs(a: Log, b: Log): number {
  return lastTerm(a) - lastTerm(b) || a.entries.length - b.entries.length
}

export function lastTerm({ entries }: Log): number {
  return entries.at(-1)?.term ?? 1
}

/**
 * @param behind a host that does not receive it, as long as a quorum does. `alone`: only the leader receives it, and
 *   dies next.
 */
export function write(vw: VerbWorld, logs: Logs, behind: string | undefined, alone: boolean): void {
  for (const raft of vw.world.rafts.values()) {
    const leader = leaderOf(vw, logs, raft)
    if (leader === undefined) continue
    const { beginning } = leader.process.data
    if (logs.leader !== beginning) logs.term += 1
    logs.leader = beginning
    const present = logOf(logs, leader.process.data)
    const entry = { term: logs.term, write: fresh(vw.world) }
    const log = { ...present, entries: [...present.entries, entry] }
    const all = serving(vw.world, raft)
    const rest = all.filter(([, disk]) => disk === leader || disk.node.name !== behind)
    const getting = alone ? all.filter(([, disk]) => disk === leader) : isQuorum(raft, rest) ? rest : all
    for (const [, { process }] of getting) logs.of.set(process.data.beginning, log)
    if (!isQuorum(raft, getting)) continue
    logs.acknowledged.add(entry.write)
    const revision = revisionOf(log)
    if (revision <= logs.revision)
      throw new RecoveryViolation('revisions-once', `${revision} was given out before`)
    logs.revision = revision
  }
}

/** Time passes: participating members receive what they lack. */
export function catchUp(vw: VerbWorld, logs: Logs): void {
  for (const raft of vw.world.rafts.values()) {
    const leader = leaderOf(vw, logs, raft)
    if (leader === undefined) continue
    const log = logOf(logs, leader.process.data)
    for (const [, { process }] of serving(vw.world, raft)) logs.of.set(process.data.beginning, log)
  }
}

/** The voting member with the most advanced log: it is elected. */
function leaderOf({ world }: VerbWorld, logs: Logs, raft: Raft): Running | undefined {
  if (!hasQuorum(world, raft)) return undefined
  const voters = serving(world, raft).filter(([{ learner }]) => !learner)
  return voters
    .map(([, disk]) => disk)
    .toSorted((a, b) => compareLogs(logOf(logs, b.process.data), logOf(logs, a.process.data)))[0]
}
