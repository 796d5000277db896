/** The result of a survey, for people and programs: what is certain, what may be lost, and what the choices are. */
import { finishingCommand, recoverCommand } from '../../engine/underway.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Survey, Survivor } from './survey.ts'

/** Stable and documented in docs/guides/recover.md: fields are added, never renamed or removed. */
export interface RecoveryReport {
  readonly cluster: string
  /**
   * `serving`: a quorum answers, nothing to recover. `startable`: members only have to be started. `open`: unreachable
   * nodes may form a quorum. `lost`: no quorum is possible. `unfinished`: a recovery was interrupted.
   */
  readonly kind: 'serving' | 'startable' | 'open' | 'lost' | 'unfinished'
  readonly voters: number
  readonly quorum: number
  /** The member with the newest log; null: no log was found. */
  readonly best: string | null
  /** Every acknowledged write is in that log. */
  readonly complete: boolean
  readonly members: readonly MemberReport[]
  readonly certain: readonly string[]
  readonly mayBeLost: readonly string[]
  /** What was not read: neither certain nor lost. */
  readonly unknown: readonly string[]
  readonly choices: readonly Choice[]
}

export interface MemberReport {
  readonly name: string
  readonly state: Survivor['state']
  /** Active state of etcd.service; null: the node was not inspected. */
  readonly unit: string | null
  readonly problem: string | null
  readonly log: {
    readonly lastTerm: number
    readonly lastIndex: number
    readonly commit: number
    /** ISO 8601. */
    readonly writtenAt: string
    readonly memberId: string | null
    readonly clusterId: string | null
  } | null
  readonly databaseBytes: number | null
}

export interface Choice {
  readonly kind: 'start' | 'wait' | 'survivor' | 'backup' | 'finish'
  readonly text: string
  /** The command to run; null: none yet. */
  readonly command: string | null
}

/** @param backups the choices that backups offer */
export function reportOf(cluster: Cluster, survey: Survey, backups: readonly Choice[] = []): RecoveryReport {
  const { outlook, members } = survey
  const [unfinished] = Object.values(survey.underway).filter(({ verb }) => verb === 'recover')
  const best = members.find(({ name }) => name === outlook.ranked[0])
  const kind = unfinished === undefined ? outlook.kind : 'unfinished'
  const finish = 'an earlier recovery was interrupted; complete it before any other command'
  return {
    cluster: cluster.name,
    kind,
    voters: outlook.voters,
    quorum: outlook.quorum,
    best: best?.name ?? null,
    complete: outlook.complete,
    members: members.map(memberReport),
    certain: kind === 'serving' || kind === 'unfinished' ? [] : certainOf(survey, best),
    mayBeLost: kind === 'open' || kind === 'lost' ? lossesOf(survey, best) : [],
    unknown: kind === 'open' || kind === 'lost' ? unknownOf(survey) : [],
    choices:
      unfinished === undefined
        ? choicesOf(survey, best, backups)
        : [{ kind: 'finish', text: finish, command: finishingCommand(unfinished) ?? null }],
  }
}

function memberReport({ name, state, unit, problem, log, database }: Survivor): MemberReport {
  return {
    name,
    state,
    unit: unit ?? null,
    problem: problem ?? null,
    log:
      log === undefined
        ? null
        : {
            lastTerm: Number(log.lastTerm),
            lastIndex: Number(log.lastIndex),
            commit: Number(log.commit),
            writtenAt: log.writtenAt.toISOString(),
            memberId: log.memberId ?? null,
            clusterId: log.clusterId ?? null,
          },
    databaseBytes: database?.sizeBytes ?? null,
  }
}

function certainOf({ outlook }: Survey, best: Survivor | undefined): readonly string[] {
  const { voters, quorum, readable } = outlook
  const rule = `etcd acknowledges a write once ${quorum} of ${voters} Raft logs have it; ${readable} of these logs ${readable === 1 ? 'is' : 'are'} readable`
  if (best?.log === undefined) return [rule]
  const { name, log } = best
  if (outlook.complete) {
    const which =
      readable === 1 && outlook.ranked.length === 1
        ? `the log of ${name} has`
        : `the newest of these logs has`
    return [`${rule}: ${which} every acknowledged write`]
  }
  const tail =
    log.lastIndex > log.commit
      ? `; ${range(log.commit + 1n, log.lastIndex)} kept as well (acknowledged or about to be)`
      : ''
  return [rule, `${name} has every write up to Raft log entry ${log.commit} (committed by a quorum)${tail}`]
}

function lossesOf({ outlook, members }: Survey, best: Survivor | undefined): readonly string[] {
  const unread = members.filter(({ state }) => state === 'unreachable').map(({ name }) => name)
  // What was not read is not lost.
  if (best?.log === undefined) return unread.length > 0 ? [] : ['all data: no node has a Raft log']
  const damage =
    best.log.trouble?.kind === 'damaged'
      ? [`entries after the damage in the Raft log of ${best.name} (${best.log.trouble.message})`]
      : []
  if (outlook.complete) return damage
  const others = members.filter(({ log }) => log === undefined).map(({ name }) => name)
  const condition =
    unread.length === 0
      ? ''
      : `if ${unread.join(' and ')} ${unread.length === 1 ? 'does' : 'do'} not come back: `
  return [
    ...damage,
    `${condition}writes that only ${others.join(' and ')} stored: all writes since ${best.log.writtenAt.toISOString()} (last write to the Raft log of ${best.name}), and earlier writes that had not reached ${best.name} by then`,
  ]
}

function unknownOf({ members }: Survey): readonly string[] {
  const unread = members.filter(({ state }) => state === 'unreachable').map(({ name }) => name)
  if (unread.length === 0) return []
  const [they, hold] = unread.length === 1 ? ['it is', 'holds'] : ['they are', 'hold']
  return [
    `what ${unread.join(', ')} ${hold}: ${they} unreachable, so nothing was read. Unreachable does not mean lost`,
  ]
}

function choicesOf(
  { outlook, members }: Survey,
  best: Survivor | undefined,
  backups: readonly Choice[],
): readonly Choice[] {
  const data = members.filter(({ state }) => state === 'data')
  if (outlook.kind === 'serving') return []
  if (outlook.kind === 'startable') return [startChoice(data)]
  const away = members.filter(({ state }) => state === 'unreachable' || state === 'gone')
  const names = away.map(({ name }) => name).join(', ')
  const reach: Choice = {
    kind: 'wait',
    text: 'find out why this workstation reaches no member (network, VPN, power, SSH), then look again. The members may still serve their clients',
    command: 'quorate recover',
  }
  const wait: Choice[] =
    away.length < outlook.wanting
      ? []
      : [
          {
            kind: 'wait',
            text: `wait: no data is lost if ${outlook.wanting === away.length ? '' : `${outlook.wanting} of `}${names} ${outlook.wanting === 1 ? 'comes back with its' : 'come back with their'} data. Then start all members together`,
            command: 'quorate start --all',
          },
        ]
  if (members.every(({ state }) => state === 'unreachable')) return [reach, ...backups]
  if (best === undefined) return [...wait, ...backups]
  const lost = members
    .filter(({ state }) => state === 'unreachable' || state === 'gone')
    .map(({ name }) => name)
  const survivor: Choice = {
    kind: 'survivor',
    text: `recover from the data on ${best.name}, without the writes that may be lost${lost.length === 0 ? '' : `. Only if ${lost.join(' and ')} ${lost.length === 1 ? 'is' : 'are'} permanently down`}`,
    command: recoverCommand(best.name, lost),
  }
  return [...wait, survivor, ...backups]
}

function startChoice(data: readonly Survivor[]): Choice {
  const running = data.filter(({ unit }) => unit === 'active' || unit === 'activating')
  if (running.length < data.length)
    return {
      kind: 'start',
      text: 'no data is lost: start all members together',
      command: 'quorate start --all',
    }
  return {
    kind: 'wait',
    text: `no data is lost: all members run, but they can't connect to each other. Read their journals (network, certificates, clocks)`,
    command: 'quorate run etcd -- journalctl -u etcd -n 30',
  }
}

/** Entries of the Raft log from the first to the last, as the start of a sentence. */
function range(first: bigint, last: bigint): string {
  return first === last ? `entry ${first} is` : `entries ${first} to ${last} are`
}
