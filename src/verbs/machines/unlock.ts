/** `quorate unlock`: shows who holds the lock on each node, and takes it from a lock holder that won't come back. */
import { QuorateError, combineErrors } from '../../errors.ts'
import { breakLock } from '../../engine/lock-break.ts'
import { type HeldLock, heldBy, lookAtLock, watchLocks } from '../../engine/lock-look.ts'
import type { LockReading } from '../../engine/lock-reading.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Remote } from '../../ssh/remote.ts'
import { type HostOutcomes, onAll } from '../../ssh/fleet.ts'
import { type Idle, idle, runVerb } from '../../engine/run-verb.ts'

export interface UnlockPreview {
  /** One per node; the contents come from the nodes. */
  readonly locks: readonly HeldLock[]
  /** Errors of nodes that were not inspected: unreachable, or without root access. */
  readonly unknown: readonly QuorateError[]
}

export interface UnlockOptions {
  /** Even if the lock holder is still running. */
  readonly force?: boolean | undefined
  /** Receives the lock holders before anything is removed; throws to stop. Not called if no lock is held. */
  readonly confirm: (preview: UnlockPreview) => Promise<void>
}

export interface UnlockReport extends UnlockPreview {
  /** Names of nodes from which a lock was removed. */
  readonly removed: readonly string[]
}

/**
 * Inspects the locks, for up to a minute if only observation can show whether a lock holder is running. Changes
 * nothing.
 */
export async function lockHolders(session: Session): Promise<UnlockPreview> {
  return (await look(session)).preview
}

/**
 * Removes only the locks that were shown. From then on the fence refuses every further change by their holders.
 *
 * @throws QuorateError `locked` if a lock holder is running, without `force`; `moved` if a lock differs from the one
 *   that was shown; the nodes' errors if none could be inspected.
 */
export async function unlock(session: Session, options: UnlockOptions): Promise<UnlockReport> {
  const { force = false, confirm } = options
  const { result } = await runVerb<Session, Looked, UnlockReport>(session, {
    name: 'unlock',
    // No second inspection: each node compares its lock in the same operation that removes it.
    decide: async (own, shown) => shown ?? (await removable(own, force)),
    confirm: async ({ preview }) => await confirm(preview),
    scope: () => 'none',
    same: () => true,
    lookHint: 'quorate unlock --preview',
    probe: () => false,
    carryOut: async ({ session: own, decision }) => await removeLocks(own, decision, force),
  })
  return result
}

/** @throws QuorateError `locked` if a lock holder is running, without `force` */
async function removable(session: Session, force: boolean): Promise<Looked | Idle<UnlockReport>> {
  const looked = await look(session)
  const { preview } = looked
  if (preview.locks.length === 0) return idle({ ...preview, removed: [] })
  const beating = preview.locks.find(({ state }) => state.state === 'beats')
  if (beating !== undefined && !force) throw atWork(beating)
  return looked
}

async function removeLocks(
  { emit, signal }: Session,
  { preview, remotes }: Looked,
  force: boolean,
): Promise<UnlockReport> {
  const outcomes = await onAll(preview.locks.map(named), async ({ name, lock }) => {
    const remote = remotes.find(({ host }) => host === name)
    if (remote === undefined) throw new TypeError(`${name} was not connected to`)
    return await breakLock(remote, { lock, evenIfItBeats: force, signal })
  })
  const removed = outcomes.results.filter(({ value }) => value === 'removed').map(({ host }) => host)
  const troubles = [...changed(outcomes), ...outcomes.errors]
  if (troubles.length > 0) {
    for (const host of removed) emit({ type: 'note', host, text: 'removed the lock' })
    throw combineErrors(troubles)
  }
  return { ...preview, removed }
}

interface Looked {
  readonly preview: UnlockPreview
  readonly remotes: readonly Remote[]
}

async function look(session: Session): Promise<Looked> {
  const { emit, signal } = session
  const looks = await onAll(session.cluster.nodes, async (node) => {
    const remote = await session.remote(node)
    return { remote, reading: await lookAtLock(remote, signal) }
  })
  signal.throwIfAborted()
  if (looks.results.length === 0) throw combineErrors(looks.errors)
  for (const { host, message } of looks.errors)
    emit({ type: 'warning', host, text: `${message}; whether it has a lock is unknown` })
  const remotes = looks.results.map(({ value }) => value.remote)
  const readings = looks.results.flatMap(({ value: { reading } }) => reading ?? [])
  const locks = await watchLocks(remotes, readings, { emit, signal })
  return { preview: { locks, unknown: looks.errors }, remotes }
}

function named({ reading }: HeldLock): { readonly name: string; readonly lock: LockReading } {
  return { name: reading.host, lock: reading }
}

function atWork(lock: HeldLock): QuorateError {
  const { message, host } = heldBy(lock)
  return new QuorateError('locked', message, {
    host,
    hint: 'wait until that command ends, or stop it on its own workstation; to remove the lock anyway: quorate unlock --force',
  })
}

function changed({ results }: HostOutcomes<'removed' | 'free' | LockReading>): readonly QuorateError[] {
  return results.flatMap(({ host, value }) =>
    typeof value === 'string'
      ? []
      : [
          new QuorateError('moved', 'the lock changed after it was shown, and was not removed', {
            host,
            hint: 'check the lock holder: quorate unlock --preview',
          }),
        ],
  )
}
