/**
 * `quorate member add`, `remove` and `replace`: the cluster file is written first, then the machines follow it, as an
 * apply would have them; last, machines that left are cleared. So an interrupted run is finished by the same command, or
 * by an apply, which leaves out the clearing alone.
 */
import { takeLock, theseMachines } from '../../engine/locking.ts'
import { stepId } from '../../tiers/etcd/steps/kinds.ts'
import { QuorateError } from '../../errors.ts'
import { verifyCluster } from '../../etcd/verify.ts'
import { movedBy } from '../../tiers/etcd/plan/aside.ts'
import type { ResetStep, Step } from '../../tiers/etcd/steps/steps.ts'
import { run } from '../../tiers/etcd/run.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { type Session, allMembers } from '../../tiers/etcd/session.ts'
import { type Node, asEtcdNode } from '../../spec/cluster.ts'
import { replaceClusterFile, requireUnchanged, requireWritable } from '../../cluster-file/write.ts'
import { keepDeparted } from '../../tiers/etcd/facts/removed-nodes.ts'
import type { MemberChange } from '../../tiers/etcd/membership-edit.ts'
import { clearLeaving, stopDead } from './clear.ts'
import { type MemberLook, type MemberPreview, lookAtChange } from '../../tiers/etcd/member-change.ts'
import { preflight, requireFit } from '../../tiers/etcd/preflight.ts'
import { type Availability, type ProbeChoice, withRecorder } from '../../engine/with-recorder.ts'
import { recorded } from '../../engine/recorded.ts'

export interface MemberOptions {
  /** Is shown what will be done before anything is, and throws to stop. Not called where there is nothing to do. */
  readonly confirm: (preview: MemberPreview) => Promise<void>
  /** Whether and how it is recorded what clients notice; as usual unless given. */
  readonly probe?: ProbeChoice | undefined
}

export interface MemberReport {
  /** False: file, members and machines were as they should be. */
  readonly changed: boolean
  /** What was done, first by the planner, then on machines that left. */
  readonly done: readonly (Step | ResetStep)[]
  readonly fileEdits: readonly string[]
  /** Voting members at the end, by name. */
  readonly members: readonly { readonly name: string; readonly id: string }[]
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
  /** Machines that left and could not be reached. */
  readonly notCleared: readonly string[]
  /** Why a member that was to be made anew was not. */
  readonly refrained: readonly string[]
  readonly availability: Availability | undefined
}

/**
 * `session` must be one on `change.wanted`. Everything is looked at twice: for the preview, and again under the lock.
 *
 * @throws QuorateError `blocked` with every reason; `preflight` if a newcomer's machine does not fit; `moved` if machines
 *   or file changed after they were shown; `locked`; `unhealthy`; what a step failed with.
 * @example
 * const change = await memberRemoval('cluster.yaml', ['etcd03'])
 * await using session = await openSession(change.wanted)
 * const { members } = await changeMembers(session, change, { confirm: async ({ risks }) => console.log(risks) })
 */
export async function changeMembers(
  session: Session,
  change: MemberChange,
  options: MemberOptions,
): Promise<MemberReport> {
  return await recorded(session, change.verb, async (own) => await confirmAndChange(own, change, options))
}

async function confirmAndChange(
  session: Session,
  change: MemberChange,
  { confirm, probe }: MemberOptions,
): Promise<MemberReport> {
  const edits = change.edits.length > 0
  if (edits) await requireWritable(change.present.file, 'name the members')
  const shown = await lookAtChange(session, change)
  if (isNothing(shown.preview)) return await unchanged(session, change, shown)
  await requireFitNewcomers(session, shown)
  await confirm(shown.preview)
  const reached = change.leaving.filter(({ name }) => !shown.preview.unreachable.includes(name))
  await using lock = await takeLock(session, {
    purpose: change.verb,
    scope: theseMachines(together(session.cluster.nodes, reached)),
  })
  const look = await lookAtChange(session, change, shown.preview.unreachable)
  requireSame(shown.preview, look.preview)
  session.log?.begin()
  if (edits) await writeFile(session, change)
  const { result, availability } = await withRecorder(
    session,
    { verb: change.verb, probe },
    async (probed) => await carryOut(probed, lock, change, look),
  )
  return {
    changed: true,
    fileEdits: look.preview.fileEdits,
    refrained: look.refrained,
    ...result,
    availability,
  }
}

function isNothing({ fileEdits, steps, clearing }: MemberPreview): boolean {
  return fileEdits.length === 0 && steps.length === 0 && clearing.length === 0
}

async function unchanged(session: Session, change: MemberChange, look: MemberLook): Promise<MemberReport> {
  await noteCleared(session, change, look.preview.unreachable)
  return {
    changed: false,
    done: [],
    fileEdits: [],
    members: voters(look.observed),
    moved: [],
    notCleared: look.preview.unreachable,
    refrained: look.refrained,
    availability: undefined,
  }
}

async function requireFitNewcomers(session: Session, { newcomers }: MemberLook): Promise<void> {
  if (newcomers.size > 0) requireFit(session, await preflight(session, newcomers))
}

/** @throws QuorateError `moved` */
function requireSame(shown: MemberPreview, now: MemberPreview): void {
  if (whatWasShown(shown) === whatWasShown(now)) return
  throw new QuorateError('moved', 'the cluster is not as it was shown; nothing was changed', {
    hint: 'run the same command again',
  })
}

function whatWasShown({ steps, clearing, fileEdits, unreachable }: MemberPreview): string {
  const risky = [...steps, ...clearing].filter(({ danger }) => danger !== 'none')
  return JSON.stringify([risky.map(stepId), fileEdits, unreachable])
}

/** From here on the same command, or an apply, goes on after whatever comes between. */
async function writeFile({ cluster, now }: Session, { leaving, text, present }: MemberChange): Promise<void> {
  await requireUnchanged(present.file, text.before)
  for (const node of leaving) await keepDeparted(cluster, node, { left: now() })
  await replaceClusterFile(present.file, text.after)
}

async function carryOut(session: Session, lock: Lock, change: MemberChange, look: MemberLook) {
  await stopDead(session, lock, change.leaving, look)
  const { done, observed } = await run(session, lock, look.intent, look.observed, look.plan)
  const { unreachable } = look.preview
  const reached = change.leaving.filter(({ name }) => !unreachable.includes(name))
  const cleared = await clearLeaving(session, lock, reached.map(asEtcdNode), look.reset)
  const notCleared = [...unreachable, ...cleared.notCleared]
  await noteCleared(session, change, notCleared)
  // Last: a cluster that is out of space takes no write, and is no reason to leave a machine as it is.
  await verifyCluster(await allMembers(session), session.signal)
  return {
    done: [...done, ...cleared.done],
    members: voters(observed),
    moved: [...movedBy(done), ...cleared.moved],
    notCleared,
  }
}

async function noteCleared(
  session: Session,
  { leaving, wanted }: MemberChange,
  not: readonly string[],
): Promise<void> {
  for (const node of leaving) {
    const now = session.now()
    if (!not.includes(node.name)) await keepDeparted(wanted, node, { left: now, cleared: now })
  }
}

/** In their names' order: etcd has them in that of their IDs. */
function voters({ cluster }: Observed): MemberReport['members'] {
  return (cluster?.members ?? [])
    .filter(({ learner }) => !learner)
    .map(({ name, id }) => ({ name, id }))
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

/** Each machine once, though it stands in the file and leaves with one of its roles. */
function together(nodes: readonly Node[], leaving: readonly Node[]): readonly Node[] {
  const names = new Set(nodes.map(({ name }) => name))
  return [...nodes, ...leaving.filter(({ name }) => !names.has(name))]
}
