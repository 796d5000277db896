/**
 * `quorate certs rotate-ca`: rotates the CA of a running cluster in stages. No stage stores its progress: quorate reads
 * it from the nodes and from the state directory. Until the last stage a rollback is possible.
 */
import { everyMachine } from '../../engine/locking.ts'
import { agreedTo, requireAgreed } from '../../engine/approval.ts'
import { QuorateError } from '../../errors.ts'
import type { ApplyIntent } from '../../tiers/etcd/plan/intent.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { type Plan, plan } from '../../tiers/etcd/plan/plan.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { blockedError, run } from '../../tiers/etcd/run.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { compactTime } from '../../engine/compact-time.ts'
import { followApiServers, followers, requireAbleToFollow, requireInStep } from './api-servers-follow.ts'
import { type FollowedClient, followClients } from './ca-followers.ts'
import { beginCaRotation, dropOtherCa, goBack, requireWayBack, retireOtherCa } from './ca-rotation.ts'
import { isUnderWay, unretired } from '../../pki/ca-rotation-state.ts'
import { afterDropping, afterIssuing, beforeIssuing, requireBeginning, requireEnding } from './ca-outlook.ts'
import { proveTrust } from './ca-proof.ts'
import type { ServedCheck } from './served.ts'
import { type Under, runVerb } from '../../engine/run-verb.ts'
import type { Availability, ProbeChoice } from '../../engine/with-recorder.ts'

/**
 * - `trust`: starts the rotation. Every member trusts both CAs, which takes a restart of each.
 * - `issue`: the new CA issues the certificates of members, and of clients on this workstation. Nothing restarts.
 * - `finish`: removes the old CA, which takes another restart of each member. No rollback is possible afterwards.
 * - `abort`: instead of `finish`. The old CA signs again, and the new one is removed.
 */
export type RotationStage = 'trust' | 'issue' | 'finish' | 'abort'

export interface RotateOptions {
  readonly stage: RotationStage
  /** Receives what the stage would do before anything is done; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: RotatePreview) => Promise<void>
  readonly probe?: ProbeChoice | undefined
}

export interface RotatePreview extends Plan {
  readonly stage: RotationStage
  /** Nodes whose API servers follow, one at a time; empty without Kubernetes. */
  readonly followers: readonly string[]
}

export interface RotateReport {
  readonly stage: RotationStage
  readonly done: readonly Step[]
  /** What every running member serves on its two ports afterwards. */
  readonly served: readonly ServedCheck[]
  readonly clients: readonly FollowedClient[]
  /** Directories of the CA that no longer signs. */
  readonly retired: readonly string[]
  readonly availability: Availability | undefined
}

/**
 * Carries out one stage; repeating it completes the rest.
 *
 * @throws QuorateError `blocked` with every reason, also for a stage out of order; `moved`; `locked`; `unhealthy` if a
 *   member does not serve or accept what it should; the error of a failed step.
 */
export async function rotateCa(session: Session, options: RotateOptions): Promise<RotateReport> {
  const { stage } = options
  const { decide, carryOut } = STAGES[stage]
  const intent = applyIntent(session.cluster, session.now())
  const { result, availability } = await runVerb<Session, Decision, Done>(session, {
    name: `certs rotate-ca ${stage}`,
    decide: async (own, shown) => {
      const decided = await decide(own, intent)
      if (shown === undefined) await (isFirst(stage, decided) ? requireInStep : requireAbleToFollow)(own)
      if (decided.preview.blocked.length > 0) throw blockedError(decided.preview.blocked)
      return { ...decided, intent, agreed: shown?.agreed ?? agreedTo(decided.preview, own.steps) }
    },
    confirm: async ({ preview, decides }) => {
      if (preview.waves.length > 0 || decides)
        await options.confirm({ ...preview, stage, followers: followers(session) })
    },
    scope: () => everyMachine(session.cluster),
    same: (shown, now) => {
      requireAgreed(shown.agreed, now.preview, session.steps)
      return shown.decides === now.decides && shown.onlyEnds === now.onlyEnds
    },
    lookHint: 'quorate status',
    probe: () => options.probe,
    carryOut,
    endsProven: true,
  })
  return { stage, retired: [], ...result, availability }
}

interface Decided {
  readonly observed: Observed
  readonly preview: Plan
  /** The stage changes something on this workstation, even if no node has to be changed. */
  readonly decides: boolean
  /** A rollback was interrupted in its last stage: the old CA signs, and only the other one has to be removed. */
  readonly onlyEnds?: boolean
}

interface Decision extends Decided {
  readonly intent: ApplyIntent
  /** The steps of the preview that interrupt a member. */
  readonly agreed: ReadonlySet<string>
}

type UnderLock = Under<Session, Decision>

type Done = Omit<RotateReport, 'stage' | 'retired' | 'availability'> & {
  readonly retired?: readonly string[]
}

interface Stage {
  readonly decide: (session: Session, intent: ApplyIntent) => Promise<Decided>
  readonly carryOut: (under: UnderLock) => Promise<Done>
}

const TRUST: Stage = {
  decide: async (session, intent) => {
    const observed = await observe(session)
    const begins = !isUnderWay(session.cluster)
    if (begins) requireBeginning(session, observed)
    const outlook = begins ? await beforeIssuing(session, observed) : observed
    return { observed, preview: plan(intent, outlook), decides: begins }
  },
  carryOut: async (under) => {
    const { session, decision } = under
    // Also if a rotation is in progress: this may be the stage that was interrupted.
    await beginCaRotation(session, decision.observed)
    const { done, after } = await converge(under, decision.intent)
    const clients = await followClients(session, { reissue: 'operator' })
    await session.refresh()
    const served = await proveTrust(session, after)
    return { done: [...done, ...(await followApiServers(under))], clients, served }
  },
}

const ISSUE: Stage = {
  decide: async (session, intent) => {
    requireUnderWay(session)
    const observed = await observe(session)
    return { observed, preview: plan({ ...intent, reissue: true }, observed), decides: false }
  },
  carryOut: async (under) => {
    // An API server that doesn't trust the new CA yet could not connect to a member with a certificate from it.
    const followed = await followApiServers(under)
    const reissued = await reissue(under)
    return { ...reissued, done: [...followed, ...reissued.done] }
  },
}

const FINISH: Stage = {
  decide: async (session, intent) => {
    const { cluster } = session
    const observed = await observe(session)
    const undecided = isUnderWay(cluster)
    requireEnding(session, observed, undecided || unretired(cluster) !== undefined)
    const outlook = await afterDropping(session, observed)
    return { observed, preview: plan({ ...intent, dropTrust: true }, outlook), decides: undecided }
  },
  carryOut: async (under) => {
    const { session, decision } = under
    // With certificates from the new CA, while both are trusted.
    const followed = await followApiServers(under)
    if (decision.decides) {
      // The last chance to find clients with a certificate from the old CA: afterwards they are cut off.
      const clients = await followClients(session, { reissue: 'all' })
      requireSigned(clients)
      await session.refresh()
      await proveTrust(session, decision.observed)
      await dropOtherCa(session.cluster)
    }
    const dropped = await drop(under)
    return { ...dropped, done: [...followed, ...dropped.done, ...(await followApiServers(under))] }
  },
}

const ABORT: Stage = {
  decide: async (session, intent) => {
    if (!isUnderWay(session.cluster) && unretired(session.cluster) === 'next')
      return { ...(await FINISH.decide(session, intent)), onlyEnds: true }
    requireUnderWay(session)
    await requireWayBack(session)
    const observed = await observe(session)
    const turned = await afterIssuing(session, observed)
    const back = plan({ ...intent, reissue: true }, turned.observed)
    const ending = plan({ ...intent, dropTrust: true }, turned.dropped(back))
    const preview = { waves: [...back.waves, ...ending.waves], blocked: [...back.blocked, ...ending.blocked] }
    return { observed, preview, decides: true }
  },
  carryOut: async (under) => {
    if (under.decision.onlyEnds === true) return await FINISH.carryOut(under)
    await goBack(under.session)
    const turnedBack = await reissue(under)
    const followed = await followApiServers(under)
    await dropOtherCa(under.session.cluster)
    const dropped = await drop(under)
    const last = await followApiServers(under)
    return { ...dropped, done: [...turnedBack.done, ...followed, ...dropped.done, ...last] }
  },
}

/** No part of the rotation is done yet. */
function isFirst(stage: RotationStage, { decides }: Decided): boolean {
  return stage === 'trust' && decides
}

const STAGES: Readonly<Record<RotationStage, Stage>> = {
  trust: TRUST,
  issue: ISSUE,
  finish: FINISH,
  abort: ABORT,
}

/** Issues certificates of members and clients from the signing CA, and proves them on live connections. */
async function reissue(under: UnderLock): Promise<Done> {
  const { done, after } = await converge(under, { ...under.decision.intent, reissue: true })
  const clients = await followClients(under.session, { reissue: 'all' })
  await under.session.refresh()
  return { done, clients, served: await proveTrust(under.session, after) }
}

/** Members and clients trust only one CA from now on, and the other one is put away. */
async function drop(under: UnderLock): Promise<Done> {
  const { session, decision } = under
  const { done, after } = await converge(under, { ...decision.intent, dropTrust: true })
  const clients = await followClients(session, { reissue: 'all' })
  await session.refresh()
  const served = await proveTrust(session, after)
  return { done, clients, served, retired: await retireOtherCa(session.cluster, compactTime(session.now())) }
}

/** Reads the CA again, inspects again, and does what is due now. */
async function converge({ session, lock, decision }: UnderLock, intent: ApplyIntent) {
  await session.refresh()
  const observed = await observe(session)
  requireAgreed(decision.agreed, plan(intent, observed), session.steps)
  const { done, observed: after } = await run(session, lock, intent, observed)
  return { done, after }
}

/** @throws QuorateError `blocked` if a certificate, perhaps the operator's own, would be refused afterwards */
function requireSigned(clients: readonly FollowedClient[]): void {
  const waiting = clients.filter(({ result }) => result === 'waiting').map(({ name }) => name)
  if (waiting.length === 0) return
  throw new QuorateError('blocked', `the new CA has not signed the requests of ${waiting.join(', ')} yet`, {
    hint: 'run quorate certs csr --out DIR, have DIR signed by the new CA, run quorate certs import DIR; then rerun the command',
  })
}

function requireUnderWay({ cluster }: Session): void {
  if (isUnderWay(cluster)) return
  const late = unretired(cluster) === 'previous'
  const message = late
    ? "can't roll back: the last stage of the CA rotation has started, and removes the old CA"
    : 'no CA rotation is in progress'
  const hint = late ? 'complete it: quorate certs rotate-ca --finish' : 'start one: quorate certs rotate-ca'
  throw new QuorateError('blocked', message, { hint })
}
