/** Who holds the lock, on each machine. What machines say is data: shown, never repeated as something to type. */
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
  const header = ['NODE', 'HOLDER', 'FROM', 'COMMAND', 'SINCE', 'LAST SIGN OF LIFE'].map(colors.dim)
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

/** What is removed, and what that does to whom. */
export function unlockQuestion({ locks }: UnlockPreview): string {
  const where = locks.map(({ reading }) => reading.host).join(', ')
  const beating = locks.some(({ state }) => state.state === 'beats')
  const risk = beating
    ? 'The holder is at work: it stops at its next step, and leaves behind what is half done.'
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
      return `${state.silentSeconds} s ago: at work`
    case 'gone':
      return state.rebooted
        ? 'before the node was booted: gone'
        : `more than ${state.silentSeconds} s ago: gone`
    default:
      return 'unknown'
  }
}
