/** Whether a recovery may be done, from whose data, and what whoever says yes should know beforehand. */
import { randomBytes } from 'node:crypto'
import { QuorateError } from '../../errors.ts'
import { parseEnvironmentFile } from '../../etcd/environment-file.ts'
import { canBumpRevision } from '../../etcd/versions.ts'
import { PATHS } from '../../host/state.ts'
import { rejoinReasons, swapReasons } from '../../tiers/etcd/plan/feasible.ts'
import { unitReasons } from '../../tiers/etcd/plan/foreign.ts'
import { parsePin, runElsewhere } from '../../tiers/etcd/facts/pin.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import { type RecoveryStep, recoverySteps } from '../../tiers/etcd/steps/recovery.ts'
import type { BlockReason } from '../../engine/step.ts'
import { recoverCommand } from '../../engine/underway.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { compactTime } from '../../engine/compact-time.ts'
import { type Consumer, runningConsumers } from '../../tiers/etcd/facts/etcd-clients.ts'
import { type Survey, surveyMembers } from './survey.ts'
import { type RecoveryProgress, progressOf, requireBorneOut } from './progress.ts'
import { type RecoveryReport, reportOf } from './report.ts'
import { counted } from '../../spec/units.ts'

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
  readonly stopped: readonly Consumer[]
  readonly risks: readonly string[]
}

export interface Decision {
  readonly survey: Survey
  readonly progress: RecoveryProgress
  /** False: the machines are not marked yet. */
  readonly begun: boolean
  readonly preview: RecoveryPreview
}

/** @throws QuorateError `blocked` with why it is not done; `usage` where something else was begun. */
export async function decideRecovery(session: Session, choice: RecoveryChoice): Promise<Decision> {
  const [survey, stopped] = await Promise.all([
    surveyMembers(session, choice.lost),
    runningConsumers(session),
  ])
  const present = progressOf(survey)
  const progress =
    present === undefined ? beginning(session, survey, choice) : goesOn(survey, present, choice)
  const others = survey.members.flatMap(({ name, host }) =>
    host === undefined || name === progress.survivor ? [] : [name],
  )
  const leaving = survey.members.flatMap(({ name, node }) =>
    node !== undefined && progress.lost.includes(name) ? [name] : [],
  )
  const stage = present?.stage
  return {
    survey,
    progress,
    begun: present !== undefined,
    preview: {
      report: reportOf(session.cluster, survey),
      survivor: progress.survivor,
      continues: present !== undefined,
      steps: recoverySteps({ survivor: progress.survivor, others, stage }),
      joining: others,
      leaving,
      stopped,
      risks: risksOf(session, survey, progress, others),
    },
  }
}

function beginning(session: Session, survey: Survey, { survivor, lost }: RecoveryChoice): RecoveryProgress {
  const blocked = refusals(survey)
  if (blocked.length > 0) throw blockedError(blocked)
  const { ranked, complete } = survey.outlook
  const chosen = survivor ?? ranked[0] ?? ''
  if (!ranked.includes(chosen)) {
    throw new QuorateError('usage', `${chosen} has no data to go on from`, {
      hint: `copies, the best first: ${ranked.join(', ')}`,
    })
  }
  const { cluster } = session
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
    suffix: `before-recover-${compactTime(session.now())}`,
    token: `${cluster.name}-${randomBytes(8).toString('hex')}`,
    bump: !complete && canBumpRevision(cluster.etcd.version) ? BUMP : 0,
    stage: 'fenced',
    former: survey.clusterId,
  }
}

function refusals({ outlook, members }: Survey): readonly BlockReason[] {
  const { kind, voters, quorum: needed, ranked, unreachable } = outlook
  if (kind === 'serving') {
    return [
      {
        message: 'a quorum answers: there is nothing to recover',
        hint: 'see quorate status; single members that are lost or damaged are made anew by: quorate repair NODE',
      },
    ]
  }
  if (kind === 'startable') {
    return [
      {
        message: `${ranked.length} of ${counted(voters, 'member')} have their data, and ${needed} are a quorum: nothing is lost`,
        hint: 'start them together: quorate start --all. If they run already, find out why they do not find each other: quorate recover',
      },
    ]
  }
  if (unreachable.length > 0) {
    const elsewhere = members.filter(({ node, state }) => node === undefined && state === 'unreachable')
    const open = kind === 'open' ? ', and could be part of a quorum' : ', and may have a better copy'
    return unreachable.map((host) => ({
      host,
      message: `it can not be reached${open}${elsewhere.some(({ name }) => name === host) ? '; its peers know it as a member' : ''}`,
      hint: `bring it back, or, once you know that it is off and stays off, say so: --lost ${unreachable.join(' ')}`,
    }))
  }
  if (ranked.length === 0) {
    return [
      {
        message: 'no machine has the data of a member: there is nothing to go on from',
        hint: 'only a backup can help now (quorate restore SNAPSHOT), or a machine that comes back',
      },
    ]
  }
  return []
}

/** It starts with the cluster file's settings, on what is installed there. */
function unfitReasons(cluster: Cluster, { members }: Survey, survivor: string): readonly BlockReason[] {
  const state = members.find(({ name }) => name === survivor)?.host?.member
  if (state === undefined) return []
  const { runBy } = parsePin(state.contents[PATHS.clusterId] ?? '') ?? {}
  if (runBy !== undefined) return [runElsewhere(survivor, runBy)]
  const options = parseEnvironmentFile(state.contents[PATHS.environment] ?? '')
  const version = state.binaries['etcd']?.version
  const wrong: { message: string; hint: string }[] = []
  if (options['ETCD_INITIAL_ADVERTISE_PEER_URLS']?.startsWith('http:') === true) {
    wrong.push({
      message: 'its peers still spoke http with it: quorate recovers clusters that have TLS',
      hint: 'recover it by hand, as etcd’s own documentation has it; its data is untouched',
    })
  }
  if (Object.keys(state.tls.keys).length === 0) {
    wrong.push({
      message: `there is no key of its own in ${PATHS.tls}`,
      hint: 'put its keys and certificates back, or go on from another copy: --from-survivor NODE',
    })
  }
  if (version !== undefined && version !== cluster.etcd.version) {
    wrong.push({
      message: `etcd ${version} is installed there, and the cluster file says ${cluster.etcd.version}`,
      hint: `put etcd.version: ${version} into the cluster file for now; upgrade when the cluster is whole again`,
    })
  }
  const { dataDirectory, walDirectory } = cluster.etcd
  const exchanged = [dataDirectory, ...(walDirectory.startsWith(`${dataDirectory}/`) ? [] : [walDirectory])]
  return [...wrong, ...(state.limits === undefined ? [] : swapReasons(state.limits, exchanged))].map(
    (reason) => ({ host: survivor, ...reason }),
  )
}

/** Who can't begin again without data would keep all others, and what uses etcd, waiting: the new cluster serves by then. */
function stuckReasons(cluster: Cluster, { members }: Survey, survivor: string): readonly BlockReason[] {
  const databaseBytes = members.find(({ name }) => name === survivor)?.database?.sizeBytes ?? 0
  return members.flatMap(({ name, host }) => {
    const limits = name === survivor ? undefined : host?.member?.limits
    if (limits === undefined) return []
    return rejoinReasons(cluster, limits, databaseBytes).map(({ message, hint = '' }) => ({
      host: name,
      message,
      hint: `${hint}; or turn ${name} off, and leave it out: --lost ${name}`,
    }))
  })
}

function goesOn(survey: Survey, present: RecoveryProgress, choice: RecoveryChoice): RecoveryProgress {
  const { survivor } = present
  requireBorneOut(survey, present)
  if (choice.survivor !== undefined && choice.survivor !== survivor) {
    throw new QuorateError(
      'usage',
      `a recovery from ${survivor} was begun, and not from ${choice.survivor}`,
      {
        hint: `finish it: ${recoverCommand(survivor, present.lost)}; or take it back: quorate recover --abandon`,
      },
    )
  }
  const lost = [...new Set([...present.lost, ...choice.lost])]
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

function risksOf(
  { cluster }: Session,
  survey: Survey,
  { survivor, lost, bump, stage }: RecoveryProgress,
  others: readonly string[],
): readonly string[] {
  if (stage !== 'fenced' && stage !== 'copied') return lostRisk(survey, lost)
  const { ranked, complete } = survey.outlook
  const losses = complete ? [] : reportOf(cluster, survey).mayBeLost
  const worse =
    survivor === ranked[0] ? [] : [`the log of ${ranked[0]} goes farther than that of ${survivor}`]
  const revisions =
    bump > 0
      ? `revisions go on ${bump.toLocaleString('en')} later, and the history before is compacted: clients that watch are told to read anew`
      : complete
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

function lostRisk({ outlook }: Survey, lost: readonly string[]): readonly string[] {
  if (lost.length === 0) return []
  const they = lost.length === 1 ? 'it' : 'they'
  const old =
    lost.length >= quorum(outlook.voters)
      ? `: together they are a quorum of the old cluster, and would serve its old contents beside the new one`
      : ''
  return [`${lost.join(' and ')} must not be started again with the data that ${they} had${old}`]
}
