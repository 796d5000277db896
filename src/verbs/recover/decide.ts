/** Whether a recovery may be done, from whose data, and what whoever says yes should know beforehand: pure. */
import { QuorateError } from '../../errors.ts'
import { canBumpRevision } from '../../etcd/versions.ts'
import { unitReasons } from '../../tiers/etcd/plan/foreign.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { type RecoveryState, type RecoveryStep, recoverySteps } from '../../tiers/etcd/steps/recovery.ts'
import { abandonCommand, recoverCommand } from '../../engine/underway.ts'
import { blockedError } from '../../engine/loop.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { EtcdClient } from '../../tiers/etcd/facts/etcd-clients.ts'
import { type Finds, type Survey, hasNewData, hasWholeData, surveyOf } from './survey.ts'
import { type RecoveryProgress, progressOf, requireBorneOut } from './progress.ts'
import { refusals, stuckReasons, unfitReasons } from './refusals.ts'
import { type RecoveryReport, reportOf } from './report.ts'

/** Beyond any revision that a lost majority can have given out, as Kubernetes' documentation has it for restores. */
const BUMP = 1_000_000_000

export interface RecoveryChoice {
  /** A node's name; undefined: the best copy. */
  readonly survivor?: string | undefined
  /** Nodes that can't be reached, and will not come back. */
  readonly lost: readonly string[]
}

export interface RecoveryPreview {
  readonly report: RecoveryReport
  readonly survivor: string
  /** Goes on with what an earlier run has begun. */
  readonly continues: boolean
  readonly steps: readonly RecoveryStep[]
  /** Nodes that join the new cluster afterwards, as learners first. */
  readonly joining: readonly string[]
  /** Nodes that are taken out of the cluster file. */
  readonly leaving: readonly string[]
  /** Stopped until it is done. */
  readonly stopped: readonly EtcdClient[]
  readonly risks: readonly string[]
}

export interface RecoveryRequest extends RecoveryChoice {
  readonly cluster: Cluster
  /** Drawn once, before the first look: what is decided twice is the same recovery. */
  readonly fresh: Pick<RecoveryProgress, 'token' | 'suffix'>
}

export interface RecoveryFacts {
  readonly finds: Finds
  /** What uses etcd on the machines that can be reached. */
  readonly etcdClients: readonly EtcdClient[]
  /** The CA is here: who joins needs a certificate, and without the operator's nobody can look at what was made. */
  readonly hasAuthority: boolean
}

export interface Decision {
  readonly survey: Survey
  readonly progress: RecoveryProgress
  /** False: the machines are not marked yet. */
  readonly begun: boolean
  readonly state: RecoveryState
  readonly preview: RecoveryPreview
}

/** @throws QuorateError `blocked` with why it is not done; `usage` where something else was begun. */
export function decideRecovery(request: RecoveryRequest, facts: RecoveryFacts): Decision {
  const { cluster } = request
  const survey = surveyOf(cluster, facts.finds, request.lost)
  const present = progressOf(survey)
  const progress = present === undefined ? beginning(request, survey) : goesOn(survey, present, request)
  requireAuthority(facts)
  const { survivor } = progress
  const others = survey.members.flatMap(({ name, host }) =>
    host === undefined || name === survivor ? [] : [name],
  )
  const leaving = survey.members.flatMap(({ name, node }) =>
    node !== undefined && progress.lost.includes(name) ? [name] : [],
  )
  const state = { survivor, others, reached: present?.reached, fenced: [], cleared: [], released: [] }
  return {
    survey,
    progress,
    begun: present !== undefined,
    state,
    preview: {
      report: reportOf(cluster, survey),
      survivor,
      continues: present !== undefined,
      steps: recoverySteps(state),
      joining: others,
      leaving,
      stopped: facts.etcdClients,
      risks: risksOf(cluster, survey, progress, others),
    },
  }
}

/** Whether it is still what was shown. What was begun may serve by now, and go on: its logs are not compared. */
export function isSameRecovery(shown: Decision, now: Decision): boolean {
  return essence(shown) === essence(now)
}

function essence({ preview, survey, progress, begun }: Decision): string {
  const logs = begun
    ? []
    : survey.members.map(({ name, state, log }) => [name, state, `${log?.lastTerm} ${log?.lastIndex}`])
  const { token, bump } = progress
  return JSON.stringify([preview.survivor, preview.joining, preview.leaving, logs, token, bump])
}

/** @throws QuorateError `blocked` */
function requireAuthority({ hasAuthority }: RecoveryFacts): void {
  if (hasAuthority) return
  throw new QuorateError('blocked', 'the CA of this cluster is not here, and nobody can join without it', {
    hint: 'put back the folder in which quorate keeps it (state in the cluster file): it is in every backup, too',
  })
}

function beginning({ cluster, survivor, lost, fresh }: RecoveryRequest, survey: Survey): RecoveryProgress {
  const blocked = refusals(survey)
  if (blocked.length > 0) throw blockedError(blocked)
  const { ranked } = survey.outlook
  const chosen = survivor ?? ranked[0] ?? ''
  if (!ranked.includes(chosen)) {
    throw new QuorateError('usage', `${chosen} has no data to go on from`, {
      hint: `copies, the best first: ${ranked.join(', ')}`,
    })
  }
  // Each would keep its member from becoming the new cluster's, once there is no way back.
  const foreign = survey.members.flatMap(({ name, host }) =>
    host?.member === undefined ? [] : unitReasons(cluster, name, host.member.unit),
  )
  const unfit = [
    ...unfitReasons(cluster, survey, chosen),
    ...foreign,
    ...stuckReasons(cluster, survey, chosen),
  ]
  if (unfit.length > 0) throw blockedError(unfit)
  return {
    survivor: chosen,
    lost,
    ...fresh,
    bump: !hasEverything(survey, chosen) && canBumpRevision(cluster.etcd.version) ? BUMP : 0,
    reached: 'fenced',
    former: survey.clusterId,
  }
}

function goesOn(survey: Survey, present: RecoveryProgress, choice: RecoveryChoice): RecoveryProgress {
  const { survivor } = present
  requireBorneOut(survey, present)
  if (choice.survivor !== undefined && choice.survivor !== survivor) {
    throw new QuorateError(
      'usage',
      `a recovery from ${survivor} was begun, and not from ${choice.survivor}`,
      {
        hint: `finish it: ${recoverCommand(survivor, present.lost)}; or take it back: ${abandonCommand()}`,
      },
    )
  }
  const lost = [...new Set([...present.lost, ...choice.lost])]
  const contradicted = contradictions(survey, present, lost)
  if (contradicted.length > 0) throw blockedError(contradicted)
  const gone = lossesOf(survey, present)
  if (gone.length > 0) throw blockedError(gone)
  const away = survey.members.filter(
    ({ name, node, host }) => node !== undefined && host === undefined && !lost.includes(name),
  )
  if (away.length > 0) {
    throw blockedError(
      away.map(({ name, problem }) => ({
        host: name,
        message: problem ?? 'it can not be reached',
        hint: `bring it back; or, once you know that it is off and stays off: --lost ${name}`,
      })),
    )
  }
  return { ...present, lost }
}

/** Who was declared lost is not locked, and is no part of what comes: neither the survivor nor one that is back may be. */
function contradictions(
  { members }: Survey,
  { survivor, reached }: RecoveryProgress,
  lost: readonly string[],
): readonly BlockReason[] {
  const back = members.filter(({ name, host }) => host !== undefined && lost.includes(name))
  const early = reached === 'fenced' || reached === 'copied'
  const takeBack = `; or take the recovery back, and begin anew with it: ${abandonCommand()}`
  return [
    ...back.map(({ name }) => ({
      host: name,
      message: 'it was declared lost, and can be reached',
      hint: `turn it off until the recovery is finished${early ? takeBack : ''}`,
    })),
    ...(lost.includes(survivor) && back.every(({ name }) => name !== survivor)
      ? [
          {
            host: survivor,
            message: 'the recovery goes on from its data, and it was declared lost',
            hint: `bring it back; or give the recovery up, and begin anew without it: ${abandonCommand([survivor])}`,
          },
        ]
      : []),
  ]
}

/**
 * The survivor's new data lies in its place and is gone again: a start would fail, or begin an empty cluster, and the others
 * would be cleared for nothing. Once one of them has joined, the planner of apply answers for them.
 */
function lossesOf(
  survey: Survey,
  { survivor, reached, suffix, former }: RecoveryProgress,
): readonly BlockReason[] {
  const alone = reached === 'cleared' && !hasNewData(survey, former)
  if (reached !== 'placed' && reached !== 'serving' && !alone) return []
  if (hasWholeData(survey, survivor)) return []
  return [
    {
      host: survivor,
      message: 'the new cluster was made there, and its data is lost or damaged since',
      hint: `bring it back; or put the data of the old cluster back in its place, which lies there renamed (.${suffix}), and begin anew: ${abandonCommand()}`,
    },
  ]
}

function risksOf(
  cluster: Cluster,
  survey: Survey,
  { survivor, lost, bump, reached }: RecoveryProgress,
  others: readonly string[],
): readonly string[] {
  if (reached !== 'fenced' && reached !== 'copied') return lostRisk(survey, lost)
  const { ranked, complete } = survey.outlook
  const losses = complete ? [] : reportOf(cluster, survey).mayBeLost
  const worse =
    survivor === ranked[0] ? [] : [`the log of ${ranked[0]} goes farther than that of ${survivor}`]
  const revisions =
    bump > 0
      ? `revisions go on ${bump.toLocaleString('en')} later, and the history before is compacted: clients that watch are told to read anew`
      : hasEverything(survey, survivor)
        ? 'revisions go on where they were'
        : `revisions may be given out a second time (etcd ${cluster.etcd.version} can't move them on): restart whatever watches etcd, API servers above all`
  const alone = others.length === 0 ? [] : [`until the others have joined, ${survivor} is alone`]
  return [
    ...losses.map((text) => `may be lost: ${text}`),
    ...worse,
    revisions,
    ...alone,
    ...lostRisk(survey, lost),
  ]
}

/** Whether every write that was ever acknowledged is in this member's log. */
function hasEverything({ outlook, members }: Survey, name: string): boolean {
  const [log, best] = [name, outlook.ranked[0]].map(
    (one) => members.find((member) => member.name === one)?.log,
  )
  return outlook.complete && log?.lastTerm === best?.lastTerm && log?.lastIndex === best?.lastIndex
}

function lostRisk({ outlook }: Survey, lost: readonly string[]): readonly string[] {
  if (lost.length === 0) return []
  const they = lost.length === 1 ? 'it' : 'they'
  const old =
    lost.length >= quorum(outlook.voters)
      ? `: together they are a quorum of the old cluster, and would serve its old contents beside the new one`
      : ''
  return [`${lost.join(' and ')} must not be started again with the data that ${they} had${old}`]
}
