/** What a survey comes to, for people and programs: what is certain, what may be lost, and what the choices are. */
import { finishingCommand, recoverCommand } from '../../engine/underway.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Survey, Survivor } from './survey.ts'

/** Stable and documented in docs/guides/recover.md: fields are added, never renamed or removed. */
export interface RecoveryReport {
  readonly cluster: string
  /**
   * `serving`: a quorum answers, and there is nothing to recover. `startable`: all it takes is a start. `open`: machines out
   * of reach may make a quorum. `lost`: no quorum can be made of what there is. `unfinished`: a recovery was cut off.
   */
  readonly kind: 'serving' | 'startable' | 'open' | 'lost' | 'unfinished'
  readonly voters: number
  readonly quorum: number
  /** Whose log goes farthest; null: no log is left. */
  readonly best: string | null
  /** Every acknowledged write is in that log. */
  readonly complete: boolean
  readonly members: readonly MemberReport[]
  readonly certain: readonly string[]
  readonly mayBeLost: readonly string[]
  /** What could not be read, and so is neither certain nor lost. */
  readonly unknown: readonly string[]
  readonly choices: readonly Choice[]
}

export interface MemberReport {
  readonly name: string
  readonly state: Survivor['state']
  /** systemd's word on etcd.service; null: its machine was not looked at. */
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
  /** What to type; null: nothing yet. */
  readonly command: string | null
}

/** @param backups the choices that backups offer */
export function reportOf(cluster: Cluster, survey: Survey, backups: readonly Choice[] = []): RecoveryReport {
  const { outlook, members } = survey
  const [unfinished] = Object.values(survey.underway).filter(({ verb }) => verb === 'recover')
  const best = members.find(({ name }) => name === outlook.ranked[0])
  const kind = unfinished === undefined ? outlook.kind : 'unfinished'
  const finish = 'an earlier recovery was cut off; nothing else may be done before it is finished'
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
  const { voters, quorum, ranked } = outlook
  const rule = `a write is acknowledged once ${quorum} of ${voters} logs have it; ${ranked.length} of them ${ranked.length === 1 ? 'is' : 'are'} here`
  if (best?.log === undefined) return [rule]
  const { name, log } = best
  if (outlook.complete) {
    const which = ranked.length === 1 ? `the log of ${name} has` : `at least one of these logs has`
    return [`${rule}: ${which} every write that was ever acknowledged`]
  }
  const tail =
    log.lastIndex > log.commit
      ? `; entries ${log.commit + 1n} to ${log.lastIndex} are in it as well, acknowledged or on their way to be, and are kept`
      : ''
  return [
    rule,
    `${name} has every write up to entry ${log.commit} of the log, which it knew to be acknowledged by a quorum${tail}`,
  ]
}

function lossesOf({ outlook, members }: Survey, best: Survivor | undefined): readonly string[] {
  const unread = members.filter(({ state }) => state === 'unreachable').map(({ name }) => name)
  // What nobody has read is not lost.
  if (best?.log === undefined) return unread.length > 0 ? [] : ['everything: no log of a member is left']
  const damage =
    best.log.trouble?.kind === 'damaged'
      ? [`what the log of ${best.name} had behind its damage (${best.log.trouble.message})`]
      : []
  if (outlook.complete) return damage
  const others = members.filter(({ log }) => log === undefined).map(({ name }) => name)
  const who = others.length === 1 ? `${others[0]} alone` : `${others.join(', ')} among themselves`
  const condition =
    unread.length === 0
      ? ''
      : `if ${unread.join(', ')} ${unread.length === 1 ? 'does' : 'do'} not come back: `
  return [
    ...damage,
    `${condition}what ${who} acknowledged without ${best.name}: all since ${best.log.writtenAt.toISOString()}, when its log was last written to, and what had not reached it by then`,
  ]
}

function unknownOf({ members }: Survey): readonly string[] {
  const unread = members.filter(({ state }) => state === 'unreachable').map(({ name }) => name)
  if (unread.length === 0) return []
  const [they, hold] = unread.length === 1 ? ['it', 'holds'] : ['they', 'hold']
  return [
    `what ${unread.join(', ')} ${hold}: ${they} can't be reached, so nothing was read from ${unread.length === 1 ? 'it' : 'them'}. Unreachable does not mean lost`,
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
    text: 'find out why no member can be reached from here (network, VPN, power, SSH), then look again. They may serve their clients all the while',
    command: 'quorate recover',
  }
  const wait: Choice[] =
    away.length < outlook.wanting
      ? []
      : [
          {
            kind: 'wait',
            text: `nothing is lost if ${outlook.wanting === away.length ? '' : `${outlook.wanting} of `}${names} come${away.length === 1 ? 's' : ''} back with ${away.length === 1 ? 'its' : 'their'} data: then start all together`,
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
    text: `go on from the copy on ${best.name}, without what may be lost${lost.length === 0 ? '' : `, once it is certain that ${lost.join(' and ')} ${lost.length === 1 ? 'is' : 'are'} off and will not come back`}`,
    command: recoverCommand(best.name, lost),
  }
  return [...wait, survivor, ...backups]
}

function startChoice(data: readonly Survivor[]): Choice {
  const running = data.filter(({ unit }) => unit === 'active' || unit === 'activating')
  if (running.length < data.length)
    return { kind: 'start', text: 'nothing is lost: start them together', command: 'quorate start --all' }
  return {
    kind: 'wait',
    text: `nothing is lost: all of them run, and do not find together. See their journals for why (network, certificates, clocks)`,
    command: 'quorate run etcd -- journalctl -u etcd -n 30',
  }
}
