/** `quorate unlock`: who holds the lock on each machine, and taking it from a holder that will not come back. */
import { QuorateError, combineErrors } from '../../errors.ts'
import { breakLock } from '../../engine/lock-break.ts'
import { type HeldLock, heldBy, lookAtLock, watchLocks } from '../../engine/lock-look.ts'
import type { LockReading } from '../../engine/lock-reading.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Remote } from '../../ssh/remote.ts'
import { type HostOutcomes, onAll } from '../../ssh/fleet.ts'
import { type Idle, idle, runVerb } from '../../engine/run-verb.ts'

export interface UnlockPreview {
  /** One a machine; what is in them comes from the machines. */
  readonly locks: readonly HeldLock[]
  /** Of machines that were not looked at: out of reach, or no root rights there. */
  readonly unknown: readonly QuorateError[]
}

export interface UnlockOptions {
  /** Even from a holder that is at work. */
  readonly force?: boolean | undefined
  /** Is shown who holds what before anything is removed, and throws to stop. Not called where no lock is held. */
  readonly confirm: (preview: UnlockPreview) => Promise<void>
}

export interface UnlockReport extends UnlockPreview {
  /** Names of machines from which a lock was removed. */
  readonly removed: readonly string[]
}

/** Looks, for up to a minute where only watching can tell whether a holder is at work. Changes nothing. */
export async function lockHolders(session: Session): Promise<UnlockPreview> {
  return (await look(session)).preview
}

/**
 * Removes the locks that were shown, and no others. Whatever their holders still do is refused from then on by the fence.
 *
 * @throws QuorateError `locked` where a holder is at work, without `force`; `moved` where a lock was not the one that was
 *   shown any more; those of the machines if none could be looked at.
 */
export async function unlock(session: Session, options: UnlockOptions): Promise<UnlockReport> {
  const { force = false, confirm } = options
  const { result } = await runVerb<Session, Looked, UnlockReport>(session, {
    name: 'unlock',
    // No second look: each lock is compared on its machine, in the instant in which it is removed.
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

/** @throws QuorateError `locked` where a holder is at work, without `force` */
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
