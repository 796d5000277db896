/**
 * What is left of a cluster whose members do not answer: whether a quorum could still be made of it, whose log goes
 * farthest, and what can be said of the writes that were acknowledged. Pure arithmetic, tested exhaustively.
 *
 * A write is acknowledged once a quorum has it in its logs: q of n. So with s of the n logs at hand it is in at least one of
 * them if s > n - q; and then it is in the one that Raft ranks first (by the last entry's term, then its index), because
 * that is the one to which any of them would have given its vote (Raft, section 5.4.1).
 */
import { quorum } from '../../tiers/etcd/facts/quorum.ts'

export interface SurvivingLog {
  /** Whose log it is, hexadecimal; undefined: it does not say. Of a machine that was cloned there are two with one ID. */
  readonly memberId: string | undefined
  readonly lastTerm: bigint
  readonly lastIndex: bigint
  /** The last entry that its member knew to be committed. */
  readonly commit: bigint
  /** Not all of what it had acknowledged is there any more: what comes after the damage is gone. */
  readonly damaged: boolean
}

export interface SurveyedMember {
  readonly name: string
  /**
   * `serving`: it answered a linearizable read; `data`: log and database are there, running or not; `empty`: its machine can
   * be looked at, and one of the two is lost; `unreachable`: nobody knows; `gone`: somebody said that it will not come back.
   */
  readonly state: 'serving' | 'data' | 'empty' | 'unreachable' | 'gone'
  /** Of members with data. */
  readonly log: SurvivingLog | undefined
}

export interface Outlook {
  readonly voters: number
  readonly quorum: number
  /**
   * `serving`: a quorum answers. `startable`: enough of them have their data, and only have to be started together.
   * `open`: there may be a quorum, among machines out of reach. `lost`: there can be none any more.
   */
  readonly kind: 'serving' | 'startable' | 'open' | 'lost'
  /** Members with data, the best log first. */
  readonly ranked: readonly string[]
  /** Members out of reach, of which nobody has said that they are gone. */
  readonly unreachable: readonly string[]
  /** How many of the others would have to come back with their data, so that there is a quorum. */
  readonly wanting: number
  /** Every write that was ever acknowledged is in the best log. */
  readonly complete: boolean
}

/** @param members every voter of the cluster, whether the cluster file names it or not */
export function outlookOf(members: readonly SurveyedMember[]): Outlook {
  const voters = members.length
  const needed = quorum(voters)
  const ranked = rank(members)
  const whole = distinct(ranked.filter(({ log }) => !log.damaged))
  const unreachable = members.filter(({ state }) => state === 'unreachable').map(({ name }) => name)
  return {
    voters,
    quorum: needed,
    kind: kindOf(members, whole, unreachable.length),
    ranked: ranked.map(({ name }) => name),
    unreachable,
    wanting: Math.max(0, needed - whole),
    complete: whole > voters - needed,
  }
}

function kindOf(members: readonly SurveyedMember[], whole: number, unreachable: number): Outlook['kind'] {
  const needed = quorum(members.length)
  if (members.some(({ state }) => state === 'serving')) return 'serving'
  if (whole >= needed) return 'startable'
  return whole + unreachable >= needed ? 'open' : 'lost'
}

/** How many members the logs are of: two copies of one member's log are one vote, and one witness. */
function distinct(logs: readonly WithLog[]): number {
  return new Set(logs.map(({ name, log }) => log.memberId ?? `of ${name}`)).size
}

interface WithLog {
  readonly name: string
  readonly log: SurvivingLog
}

/** As Raft would: the log with the later last term wins, of equal ones the longer; of those the one that is whole. */
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
