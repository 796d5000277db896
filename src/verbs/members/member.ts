/**
 * `quorate member add`, `remove` and `replace`: writes the cluster file first, then changes the nodes as apply would,
 * and decommissions nodes that left. So the same command completes an interrupted run. `apply` does, too, except for
 * the decommissioning.
 */
import { theseMachines } from '../../engine/locking.ts'
import { stepId } from '../../tiers/etcd/steps/kinds.ts'
import { verifyCluster } from '../../etcd/verify.ts'
import { movedBy } from '../../tiers/etcd/plan/aside.ts'
import type { ResetStep, Step } from '../../tiers/etcd/steps/steps.ts'
import { run } from '../../tiers/etcd/run.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { type Session, allMembers } from '../../tiers/etcd/session.ts'
import { type Node, asEtcdNode } from '../../spec/cluster.ts'
import { replaceClusterFile, requireUnchanged, requireWritable } from '../../cluster-file/write.ts'
import { keepRemovedNode } from '../../cluster-file/removed-nodes.ts'
import type { MemberChange } from '../../cluster-file/membership-edit.ts'
import { clearLeaving, stopDead } from './clear.ts'
import { type MemberLook, type MemberPreview, lookAtChange } from '../../tiers/etcd/member-change.ts'
import { preflight, requireFit } from '../../tiers/etcd/preflight.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { Availability, ProbeChoice } from '../../engine/with-recorder.ts'

export interface MemberOptions {
  /** Receives what will be done before anything is; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: MemberPreview) => Promise<void>
  /** The availability probe; default: as usual. */
  readonly probe?: ProbeChoice | undefined
}

export interface MemberReport {
  /** False: file, members and nodes were already as requested. */
  readonly changed: boolean
  /** What was done: the planner's steps first, then those on nodes that left. */
  readonly done: readonly (Step | ResetStep)[]
  readonly fileEdits: readonly string[]
  /** Voting members at the end, by name. */
  readonly members: readonly { readonly name: string; readonly id: string }[]
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
  /** Nodes that left and could not be reached. */
  readonly notCleared: readonly string[]
  /** Why a member that was to be recreated was not. */
  readonly refrained: readonly string[]
  readonly availability: Availability | undefined
}

type Result = Omit<MemberReport, 'availability'>

/**
 * `session` must be a session on `change.wanted`. Everything is inspected twice: for the preview, and again under the
 * lock.
 *
 * @throws QuorateError `blocked` with every reason; `preflight` if a new member's node doesn't meet the requirements;
 *   `moved` if nodes or file changed after the preview; `locked`; `unhealthy`; the error of a failed step.
 * @example
 * const change = await memberRemoval('cluster.yaml', ['etcd03'])
 * await using session = await openSession(change.wanted)
 * const { members } = await changeMembers(session, change, { confirm: async ({ risks }) => console.log(risks) })
 */
export async function changeMembers(
  session: Session,
  change: MemberChange,
  { confirm, probe }: MemberOptions,
): Promise<MemberReport> {
  const edits = change.edits.length > 0
  if (edits) await requireWritable(change.present.file, 'list the members')
  const { result, availability } = await runVerb<Session, MemberLook, Result>(session, {
    name: change.verb,
    // Don't wait again for leaving nodes that were unreachable.
    decide: async (own, shown) => {
      const look = await lookAtChange(own, change, shown?.preview.unreachable)
      return isNothing(look.preview) ? idle(unchanged(look)) : look
    },
    precheck: async (own, { newcomers }) => {
      if (newcomers.size > 0) requireFit(own, await preflight(own, newcomers))
    },
    confirm: async ({ preview }) => await confirm(preview),
    scope: ({ preview }) => theseMachines(together(session.cluster.nodes, reachedOf(change, preview))),
    same: (shown, now) => whatWasShown(shown.preview) === whatWasShown(now.preview),
    lookHint: 'quorate status',
    prepare: async (own) => {
      own.log?.begin()
      if (edits) await writeFile(own, change)
    },
    probe: () => probe,
    carryOut: async ({ session: own, lock, decision }) => await carryOut(own, lock, change, decision),
    endsProven: true,
  })
  if (!result.changed) await noteCleared(session, change, result.notCleared)
  return { ...result, availability }
}

function isNothing({ fileEdits, steps, clearing }: MemberPreview): boolean {
  return fileEdits.length === 0 && steps.length === 0 && clearing.length === 0
}

function unchanged({ observed, preview, refrained }: MemberLook): Result {
  const notCleared = preview.unreachable
  const members = voters(observed)
  return { changed: false, done: [], fileEdits: [], members, moved: [], notCleared, refrained }
}

/** Leaving nodes that can be decommissioned. */
function reachedOf({ leaving }: MemberChange, { unreachable }: MemberPreview): readonly Node[] {
  return leaving.filter(({ name }) => !unreachable.includes(name))
}

function whatWasShown({ steps, clearing, fileEdits, unreachable }: MemberPreview): string {
  const risky = [...steps, ...clearing].filter(({ danger }) => danger !== 'none')
  return JSON.stringify([risky.map(stepId), fileEdits, unreachable])
}

/** From now on the same command, or an apply, continues after any interruption. */
async function writeFile({ cluster, now }: Session, { leaving, text, present }: MemberChange): Promise<void> {
  await requireUnchanged(present.file, text.before)
  for (const node of leaving) await keepRemovedNode(cluster, node, { left: now() })
  await replaceClusterFile(present.file, text.after)
}

async function carryOut(
  session: Session,
  lock: Lock,
  change: MemberChange,
  look: MemberLook,
): Promise<Result> {
  await stopDead(session, lock, change.leaving, look)
  const { done, observed } = await run(session, lock, look.intent, look.observed, { foreseen: look.plan })
  const { unreachable, fileEdits } = look.preview
  const reached = reachedOf(change, look.preview).map(asEtcdNode)
  const cleared = await clearLeaving(session, lock, reached, look.reset)
  const notCleared = [...unreachable, ...cleared.notCleared]
  await noteCleared(session, change, notCleared)
  // Last: a cluster without free space accepts no write, but its nodes must still be decommissioned.
  await verifyCluster(await allMembers(session), session.signal)
  return {
    changed: true,
    done: [...done, ...cleared.done],
    fileEdits,
    members: voters(observed),
    moved: [...movedBy(done), ...cleared.moved],
    notCleared,
    refrained: look.refrained,
  }
}

async function noteCleared(
  session: Session,
  { leaving, wanted }: MemberChange,
  not: readonly string[],
): Promise<void> {
  for (const node of leaving) {
    const now = session.now()
    if (!not.includes(node.name)) await keepRemovedNode(wanted, node, { left: now, cleared: now })
  }
}

/** Ordered by name: etcd orders them by ID. */
function voters({ cluster }: Observed): MemberReport['members'] {
  return (cluster?.members ?? [])
    .filter(({ learner }) => !learner)
    .map(({ name, id }) => ({ name, id }))
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

/** Each node once, even if it is in the file and also leaves with one of its roles. */
function together(nodes: readonly Node[], leaving: readonly Node[]): readonly Node[] {
  const names = new Set(nodes.map(({ name }) => name))
  return [...nodes, ...leaving.filter(({ name }) => !names.has(name))]
}
