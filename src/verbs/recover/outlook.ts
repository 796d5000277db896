/**
 * What is left of a cluster whose members do not answer: whether they can still form a quorum, which log is
 * the newest, and what is known about acknowledged writes. Pure arithmetic, tested exhaustively.
 *
 * A write is acknowledged once a quorum has it in its logs: q of n. If s of the n logs are readable and s > n - q, at least
 * one of them has the write. Then the log that Raft ranks first (by the last entry's term, then its index) has it, because
 * each of the others would have voted for that member (Raft, section 5.4.1).
 */
import { quorum } from '../../tiers/etcd/facts/quorum.ts'

export interface SurvivingLog {
  /** ID of the member that wrote it, hexadecimal; undefined: not recorded. A cloned node gives two logs with one ID. */
  readonly memberId: string | undefined
  readonly lastTerm: bigint
  readonly lastIndex: bigint
  /** The last entry that its member knew to be committed. */
  readonly commit: bigint
  /** Entries after the damage are lost, also acknowledged ones. */
  readonly damaged: boolean
  /** Its member has no vote: writes are acknowledged without it. */
  readonly learner: boolean
}

export interface SurveyedMember {
  readonly name: string
  /**
   * `serving`: it answered a linearizable read; `data`: log and database exist, running or not; `empty`: the node was
   * inspected, and log or database is missing; `unreachable`: unknown; `gone`: declared permanently down with `--lost`.
   */
  readonly state: 'serving' | 'data' | 'empty' | 'unreachable' | 'gone'
  /** Of members with data. */
  readonly log: SurvivingLog | undefined
}

export interface Outlook {
  readonly voters: number
  readonly quorum: number
  /**
   * `serving`: a quorum answers. `startable`: enough members have their data and only have to be started together.
   * `open`: unreachable nodes may still form a quorum. `lost`: no quorum is possible any more.
   */
  readonly kind: 'serving' | 'startable' | 'open' | 'lost'
  /** Members with data, the best log first: learners, too. */
  readonly ranked: readonly string[]
  /** How many of the voting members have data. */
  readonly readable: number
  /** Unreachable members that are not declared lost. */
  readonly unreachable: readonly string[]
  /** How many more members must come back with their data for a quorum. */
  readonly wanting: number
  /** The best log has every acknowledged write. */
  readonly complete: boolean
}

/** @param members every member of the cluster, whether the cluster file names it or not */
export function outlookOf(members: readonly SurveyedMember[]): Outlook {
  const voting = members.filter(({ log }) => log === undefined || hasVote(log))
  const voters = voting.length
  const needed = quorum(voters)
  const readable = rank(voting)
  const whole = distinct(readable.filter(({ log }) => !log.damaged))
  const unreachable = members.filter(({ state }) => state === 'unreachable').map(({ name }) => name)
  return {
    voters,
    quorum: needed,
    kind: kindOf(members, needed, whole, unreachable.length),
    ranked: rank(members).map(({ name }) => name),
    readable: readable.length,
    unreachable,
    wanting: Math.max(0, needed - whole),
    complete: whole > Math.max(0, voters - needed),
  }
}

/**
 * A learner that was promoted since has acknowledged nothing since either, or the promotion would be in its log. A damaged
 * log may have lost it.
 */
function hasVote({ learner, damaged }: SurvivingLog): boolean {
  return !learner || damaged
}

function kindOf(
  members: readonly SurveyedMember[],
  needed: number,
  whole: number,
  unreachable: number,
): Outlook['kind'] {
  if (members.some(({ state }) => state === 'serving')) return 'serving'
  if (whole >= needed) return 'startable'
  return whole + unreachable >= needed ? 'open' : 'lost'
}

/** How many members wrote these logs: two copies of one member's log count as one vote. */
function distinct(logs: readonly WithLog[]): number {
  return new Set(logs.map(({ name, log }) => log.memberId ?? `of ${name}`)).size
}

interface WithLog {
  readonly name: string
  readonly log: SurvivingLog
}

/** As Raft ranks: the later last term first, then the longer log, then the undamaged one. */
function rank(members: readonly SurveyedMember[]): readonly WithLog[] {
  return members
    .flatMap(({ name, log }): WithLog[] => (log === undefined ? [] : [{ name, log }]))
    .toSorted(
      (a, b) =>
        compare(b.log.lastTerm, a.log.lastTerm) ||
        compare(b.log.lastIndex, a.log.lastIndex) ||
        Number(a.log.damaged) - Number(b.log.damaged),
    )
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
