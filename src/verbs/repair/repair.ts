/**
 * `quorate repair`: replaces the damaged data of a member with the others', through a learner. The old data is renamed and
 * kept. The progress shows in the cluster itself, so that the same command continues after an interruption.
 */
import { everyMachine } from '../../engine/locking.ts'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { compareContents, verifyCluster } from '../../etcd/verify.ts'
import { takeSnapshot } from '../../etcd/snapshot.ts'
import { disarmCorrupt } from '../../etcd/upkeep.ts'
import { movedBy } from '../../tiers/etcd/plan/aside.ts'
import { next } from '../../tiers/etcd/plan/next.ts'
import { type Evidence, type RepairDecision, decideRepair, isDamaged } from './decide.ts'
import { isOut, isSameRepair } from './progress.ts'
import type { AnyStep } from '../../tiers/etcd/steps/steps.ts'
import { blockedError, run } from '../../tiers/etcd/run.ts'
import type { Lock } from '../../engine/lock.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import { type Session, allMembers } from '../../tiers/etcd/session.ts'
import { timed } from '../../engine/timed.ts'
import { compactTime } from '../../engine/compact-time.ts'
import { type MemberChange, memberReplacement } from '../../cluster-file/membership-edit.ts'
import { type MemberLook, type MemberPreview, lookAtChange } from '../../tiers/etcd/member-change.ts'
import { chosenNodes, healthyClients, standingNow } from '../../tiers/etcd/facts/members.ts'
import { preflight, requireFit } from '../../tiers/etcd/preflight.ts'
import { lookForDamage } from './observe.ts'
import type { Availability, ProbeChoice } from '../../engine/with-recorder.ts'

export interface RepairOptions {
  /** Gets the preview before any change; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: RepairPreview) => Promise<void>
  readonly probe?: ProbeChoice | undefined
}

export interface RepairPreview {
  readonly node: string
  readonly decision: Exclude<RepairDecision, { kind: 'nothing' | 'refused' }>
  /** How the member is replaced; undefined: only the alarm is disarmed. */
  readonly replacement: MemberPreview | undefined
  /** Where a snapshot of this node's member is saved first; undefined: none is taken. */
  readonly snapshot: { readonly from: string; readonly file: string } | undefined
  /** Alarms to disarm after the others have been compared. */
  readonly alarms: readonly string[]
  readonly risks: readonly string[]
}

export interface RepairReport {
  readonly changed: boolean
  /** Why nothing was done. */
  readonly why: string | undefined
  readonly done: readonly AnyStep[]
  readonly snapshot: string | undefined
  readonly disarmed: readonly string[]
  /** Where the old data is now. */
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
  readonly availability: Availability | undefined
}

type Result = Omit<RepairReport, 'availability'>

interface Decision {
  readonly preview: RepairPreview
  readonly members: MemberLook | undefined
  /** Where a snapshot was saved before the first change. */
  readonly snapshot: string | undefined
}

/**
 * @throws QuorateError `blocked` if the others have no quorum, no majority agrees, another member is the damaged one,
 *   or there is no evidence against this one; `locked`; `moved`; `unhealthy`; the error of a failed step. Rerun to continue.
 */
export async function repairMember(
  session: Session,
  name: string,
  { confirm, probe }: RepairOptions,
): Promise<RepairReport> {
  chosenNodes(session, [name])
  const file = snapshotFile(session, name)
  const { result, availability } = await runVerb<Session, Decision, Result>(session, {
    name: 'repair',
    decide: async (own) => {
      const decision = await decide(own, name, file)
      return typeof decision === 'string' ? idle(unchanged(decision)) : decision
    },
    precheck: async (own, { members }) => {
      if (members !== undefined && members.newcomers.size > 0)
        requireFit(own, await preflight(own, members.newcomers))
    },
    confirm: async ({ preview }) => await confirm(preview),
    scope: () => everyMachine(session.cluster),
    same: ({ preview: shown }, { preview: now }) => isSameRepair(shown, now),
    lookHint: 'quorate repair',
    prepare: async (own, decision) => ({ ...decision, snapshot: await keepSnapshot(own, decision) }),
    // While CORRUPT is raised, etcd rejects all writes anyway.
    probe: ({ preview }) => (preview.alarms.length > 0 ? false : probe),
    carryOut: async ({ session: own, lock, decision }) => await carryOut(own, lock, decision),
    endsProven: true,
  })
  return { ...result, availability }
}

function unchanged(why: string): Result {
  return { changed: false, why, done: [], snapshot: undefined, disarmed: [], moved: [] }
}

/** @returns why there is nothing to do. @throws QuorateError `blocked` */
async function decide(session: Session, name: string, file: string): Promise<Decision | string> {
  const look = await lookForDamage(session)
  const decision = decideRepair(look.outlook, name)
  if (decision.kind === 'nothing') return decision.why
  if (decision.kind === 'refused') throw blockedError(decision.reasons)
  const alarms = look.outlook.corrupt
  const replaces = decision.kind === 'replace'
  const change = replaces
    ? markDamaged(
        await memberReplacement(session.cluster.file, name, { name }, look.memberIds[name]),
        decision.evidence,
      )
    : undefined
  const members = change === undefined ? undefined : await lookAtChange(session, change)
  const inContents = replaces && decision.evidence.some(({ kind }) => kind === 'contents')
  const from = look.agreeing.find((other) => other !== name)
  const snapshot = (inContents || alarms.length > 0) && from !== undefined ? { from, file } : undefined
  const risks = [
    ...(alarms.length > 0 ? ['The cluster rejects writes until the CORRUPT alarm is disarmed.'] : []),
    ...(inContents
      ? [
          `Clients may have read wrong data from ${name}, and may have written data based on it. Whether they did is unknown.`,
        ]
      : []),
    ...(members?.preview.risks ?? []),
  ]
  return {
    members,
    snapshot: undefined,
    preview: { node: name, decision, replacement: members?.preview, snapshot, alarms, risks },
  }
}

/** The addition of a learner is completed; but not with damaged data. */
function markDamaged(change: MemberChange, evidence: readonly Evidence[]): MemberChange {
  return { ...change, recreated: change.recreated.map((one) => ({ ...one, damaged: isDamaged(evidence) })) }
}

function snapshotFile({ cluster, now }: Session, name: string): string {
  return path.join(cluster.stateDirectory, 'snapshots', `before-repair-${name}-${compactTime(now())}.db`)
}

async function keepSnapshot(session: Session, { preview }: Decision): Promise<string | undefined> {
  const { snapshot } = preview
  if (snapshot === undefined) return undefined
  const [client] = await session.members(chosenNodes(session, [snapshot.from]))
  if (client === undefined) throw new TypeError('no client')
  const { file, signal } = { ...snapshot, ...session }
  const taken = await takeSnapshot(client, { file, signal })
  const text = `saved a verified snapshot up to revision ${taken.revision}: ${file}`
  session.emit({ type: 'note', host: snapshot.from, text })
  return file
}

async function carryOut(
  session: Session,
  lock: Lock,
  { members, preview, snapshot }: Decision,
): Promise<Result> {
  const done: AnyStep[] = []
  let observed = members?.observed
  if (preview.alarms.length > 0) {
    if (members !== undefined) {
      // First remove the member from the cluster, with the planner's own steps up to that point.
      const out = await run(session, lock, members.intent, members.observed, {
        foreseen: members.plan,
        decide: (now) => (isOut(now, members.intent) ? { kind: 'done' } : next(members.intent, now)),
      })
      done.push(...out.done)
    }
    done.push(...(await disarmAll(session)))
    observed = members === undefined ? undefined : await observe(session)
  }
  if (members !== undefined && observed !== undefined) {
    const rest = await run(session, lock, members.intent, observed)
    done.push(...rest.done)
  }
  await verifyCluster(await allMembers(session), session.signal)
  const disarmed = done.flatMap((step) => (step.kind === 'disarm' ? [step.member] : []))
  return { changed: true, why: undefined, done, snapshot, disarmed, moved: movedBy(done) }
}

/** Only after all remaining members have equal keyspaces. @throws QuorateError `unhealthy` if they don't. */
async function disarmAll(session: Session): Promise<readonly AnyStep[]> {
  const standing = await standingNow(session)
  const voting = standing.members
    .filter(({ voter, listed }) => voter && listed === true)
    .map(({ name }) => name)
  const clients = (await healthyClients(session, standing)).filter(({ name }) => voting.includes(name))
  const [first] = clients
  if (first === undefined) throw new QuorateError('unhealthy', 'no member answers any more')
  const { revision } = await compareContents(clients, session.signal)
  const steps: AnyStep[] = []
  for (const alarm of standing.alarms.filter(({ type }) => type === 'CORRUPT')) {
    const step = {
      kind: 'disarm',
      member: alarm.member,
      alarm: alarm.type,
      what: `disarm the CORRUPT alarm of ${alarm.member}`,
      why: `${clients.map(({ name }) => name).join(', ')} have equal keyspaces up to revision ${revision}`,
      danger: 'none',
    } as const
    await timed(session.emit, step, async () => await disarmCorrupt(first, alarm.memberId, session.signal))
    steps.push(step)
  }
  return steps
}
