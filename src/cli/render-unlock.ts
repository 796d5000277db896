/** The lock holder on each node. Text from nodes is shown, but never becomes a command to type. */
import type { UnlockPreview } from '../verbs/machines/unlock.ts'
import { type HeldLock, named } from '../engine/lock-look.ts'
import { parseHolder } from '../engine/lock-reading.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'
import type { LockJson } from './output/values.ts'

export function renderLocks(
  { locks }: UnlockPreview,
  colors: Pick<CliContext['colors'], 'dim' | 'bold'>,
): string {
  const header = ['NODE', 'HOLDER', 'FROM', 'COMMAND', 'SINCE', 'LAST HEARTBEAT'].map(colors.dim)
  const rows = locks.map((lock) => {
    const { host, who } = lock.reading
    const holder = parseHolder(who)
    const cells =
      holder === undefined
        ? [JSON.stringify(named(who)), '?', '?', '?']
        : [holder.user, holder.from, holder.command, holder.since]
    return [colors.bold(host), ...cells, lastSign(lock)]
  })
  return renderTable([header, ...rows])
}

/** Which locks are removed, and the effect on their holder. */
export function unlockQuestion({ locks }: UnlockPreview): string {
  const where = locks.map(({ reading }) => reading.host).join(', ')
  const beating = locks.some(({ state }) => state.state === 'beats')
  const risk = beating
    ? 'The holder is active: it stops at its next step, and leaves its work unfinished.'
    : 'If the holder still runs, it stops at its next step.'
  return `Remove the lock on ${where}. ${risk}`
}

/** `null` for what is not known. */
export function lockJson({ reading, state }: HeldLock): LockJson {
  const { host, who } = reading
  const { user = null, from = null, command = null, since = null } = parseHolder(who) ?? {}
  const silentSeconds = state.state === 'unsure' ? null : state.silentSeconds
  return { host, holder: who, user, from, command, since, state: state.state, silentSeconds }
}

function lastSign({ state }: HeldLock): string {
  switch (state.state) {
    case 'beats':
      return `${state.silentSeconds} s ago: active`
    case 'gone':
      return state.rebooted
        ? 'before the last boot: inactive'
        : `more than ${state.silentSeconds} s ago: inactive`
    default:
      return 'unknown'
  }
}
