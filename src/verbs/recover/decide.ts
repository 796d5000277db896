/** Decides whether a recovery is allowed, from which member's data, and what to show before confirmation. Pure. */
import { QuorateError } from '../../errors.ts'
import { canBumpRevision } from '../../etcd/versions.ts'
import { unitReasons } from '../../tiers/etcd/plan/foreign.ts'
import { quorum } from '../../tiers/etcd/facts/quorum.ts'
import type { RecoveryState, RecoveryStep } from '../../tiers/etcd/steps/recovery.ts'
import { recoverySteps } from '../../tiers/etcd/plan/recover.ts'
import { abandonCommand, recoverCommand } from '../../engine/underway.ts'
import { blockedError } from '../../engine/loop.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { EtcdClient } from '../../tiers/etcd/facts/etcd-clients.ts'
import { type Finds, type Survey, hasNewData, hasWholeData, surveyOf } from './survey.ts'
import { type RecoveryProgress, progressOf, requireBorneOut } from './progress.ts'
import { refusals, stuckReasons, unfitReasons } from './refusals.ts'
import { type RecoveryReport, reportOf } from './report.ts'

/** Higher than any revision that a lost majority can have issued; the value Kubernetes documents for restores. */
const BUMP = 1_000_000_000

export interface RecoveryChoice {
  /** A node's name; undefined: the best copy. */
  readonly survivor?: string | undefined
  /** Nodes that are permanently down. */
  readonly lost: readonly string[]
}

export interface RecoveryPreview {
  readonly report: RecoveryReport
  readonly survivor: string
  /** True: this run continues an earlier one. */
  readonly continues: boolean
  readonly steps: readonly RecoveryStep[]
  /** Nodes that join the new cluster afterwards, as learners first. */
  readonly joining: readonly string[]
  /** Nodes that are removed from the cluster file. */
  readonly leaving: readonly string[]
  /** Services that stay stopped until the recovery is complete. */
  readonly stopped: readonly EtcdClient[]
  readonly risks: readonly string[]
}

export interface RecoveryRequest extends RecoveryChoice {
  readonly cluster: Cluster
  /** Chosen once, before the first observation, so that deciding twice gives the same recovery. */
  readonly fresh: Pick<RecoveryProgress, 'token' | 'suffix'>
}

export interface RecoveryFacts {
  readonly finds: Finds
  /** Services that use etcd, on the reachable nodes. */
  readonly etcdClients: readonly EtcdClient[]
  /** The CA is available: joining members need certificates, and verifying the new cluster needs a client certificate. */
  readonly hasAuthority: boolean
}

export interface Decision {
  readonly survey: Survey
  readonly progress: RecoveryProgress
  /** False: no node has a recovery marker yet. */
  readonly started: boolean
  readonly state: RecoveryState
  readonly preview: RecoveryPreview
}

/** @throws QuorateError `blocked` with every reason; `usage` if a different recovery is unfinished. */
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
    started: present !== undefined,
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

/** Whether it is still the recovery that was shown. An unfinished one may serve by now: its logs are not compared. */
export function isSameRecovery(shown: Decision, now: Decision): boolean {
  return essence(shown) === essence(now)
}

function essence({ preview, survey, progress, started }: Decision): string {
  const logs = started
    ? []
    : survey.members.map(({ name, state, log }) => [name, state, `${log?.lastTerm} ${log?.lastIndex}`])
  const { token, bump } = progress
  return JSON.stringify([preview.survivor, preview.joining, preview.leaving, logs, token, bump])
}

/** @throws QuorateError `blocked` */
function requireAuthority({ hasAuthority }: RecoveryFacts): void {
  if (hasAuthority) return
  throw new QuorateError(
    'blocked',
    "the CA of this cluster was not found on this workstation: members can't join without certificates",
    {
      hint: "put quorate's state directory back (`state` in the cluster file); every backup contains the CA, too",
    },
  )
}

function beginning({ cluster, survivor, lost, fresh }: RecoveryRequest, survey: Survey): RecoveryProgress {
  const blocked = refusals(survey)
  if (blocked.length > 0) throw blockedError(blocked)
  const { ranked } = survey.outlook
  const chosen = survivor ?? ranked[0] ?? ''
  if (!ranked.includes(chosen)) {
    throw new QuorateError('usage', `${chosen} has no data to recover from`, {
      hint: `choose one of these members (newest data first): ${ranked.join(', ')}`,
    })
  }
  // Each of these would stop its member from joining the new cluster after the point of no return.
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
    bump: bumpFor(cluster, survey, chosen),
    reached: 'fenced',
    former: survey.clusterId,
  }
}

function bumpFor({ etcd }: Cluster, survey: Survey, survivor: string): number {
  return !hasEverything(survey, survivor) && canBumpRevision(etcd.version) ? BUMP : 0
}

function goesOn(survey: Survey, present: RecoveryProgress, choice: RecoveryRequest): RecoveryProgress {
  const { survivor, reached } = present
  requireBorneOut(survey, present)
  if (choice.survivor !== undefined && choice.survivor !== survivor) {
    throw new QuorateError(
      'usage',
      `an unfinished recovery uses the data of ${survivor}, not of ${choice.survivor}`,
      {
        hint: `complete it: ${recoverCommand(survivor, present.lost)}; or abandon it: ${abandonCommand()}`,
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
        message: problem ?? 'unreachable over SSH',
        hint: `make it reachable; or, only if it is permanently down: --lost ${name}`,
      })),
    )
  }
  // Nothing is copied yet, and since the marker was written the log may have been damaged.
  const again = reached === 'fenced' ? bumpFor(choice.cluster, survey, survivor) : 0
  return { ...present, lost, bump: Math.max(present.bump, again) }
}

/** A node declared lost is neither locked nor changed. So neither the surviving member nor a reachable node may be one. */
function contradictions(
  { members }: Survey,
  { survivor, reached }: RecoveryProgress,
  lost: readonly string[],
): readonly BlockReason[] {
  const back = members.filter(({ name, host }) => host !== undefined && lost.includes(name))
  const early = reached === 'fenced' || reached === 'copied'
  const needed: BlockReason = {
    id: 'declared-lost-but-needed',
    host: survivor,
    message: 'declared lost, but the recovery uses its data',
    hint: `make it reachable; or abandon the recovery and start a new one without it: ${abandonCommand([survivor])}`,
  }
  const takeBack = `; or abandon the recovery and start a new one that includes it: ${abandonCommand()}`
  return [
    ...back.map(({ name }): BlockReason => ({
      id: 'declared-lost-but-reachable',
      host: name,
      message: 'declared lost, but reachable',
      hint: `turn it off until the recovery is complete${early ? takeBack : ''}`,
    })),
    ...(lost.includes(survivor) && back.every(({ name }) => name !== survivor) ? [needed] : []),
  ]
}

/**
 * The new data was put in place on the surviving member, and was lost again. A start would fail or create an empty cluster,
 * and the other members' data would be replaced for nothing. Once one of them has joined, apply's planner decides.
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
      id: 'new-data-is-lost',
      host: survivor,
      message: 'data of the new cluster is lost or damaged',
      hint: `put the new data back; or rename the old data (.${suffix}) back to its original path and start over: ${abandonCommand()}`,
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
    survivor === ranked[0] ? [] : [`${ranked[0]} has newer data than ${survivor}: its Raft log is longer`]
  const revisions =
    bump > 0
      ? `revisions are raised by ${bump.toLocaleString('en')}, and older history is compacted: watching clients must list again`
      : hasEverything(survey, survivor)
        ? 'revisions continue without a gap'
        : `revisions may be reused (etcd ${cluster.etcd.version} can't raise them): restart every client that watches etcd, first the API servers`
  const alone = others.length === 0 ? [] : [`until the others have joined, ${survivor} is the only member`]
  return [
    ...losses.map((text) => `may be lost: ${text}`),
    ...worse,
    revisions,
    ...alone,
    ...lostRisk(survey, lost),
  ]
}

/** Whether this member's log has every acknowledged write. */
function hasEverything({ outlook, members }: Survey, name: string): boolean {
  const [log, best] = [name, outlook.ranked[0]].map(
    (one) => members.find((member) => member.name === one)?.log,
  )
  return outlook.complete && log?.lastTerm === best?.lastTerm && log?.lastIndex === best?.lastIndex
}

function lostRisk({ outlook }: Survey, lost: readonly string[]): readonly string[] {
  if (lost.length === 0) return []
  const they = lost.length === 1 ? 'its' : 'their'
  const old =
    lost.length >= quorum(outlook.voters)
      ? `: together they are a quorum of the old cluster and would serve old data in parallel`
      : ''
  return [`${lost.join(' and ')} must never start again with ${they} old data${old}`]
}
