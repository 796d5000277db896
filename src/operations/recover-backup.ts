/** What backups there are, as one of the choices where a quorum is lost. */
import { parseBundleName } from '../backup/names.ts'
import { QuorateError } from '../errors.ts'
import type { Session } from '../run/session.ts'
import type { BackupStore } from '../store/store.ts'
import { openStore } from '../store/open-store.ts'
import type { Choice } from './recover-report.ts'
import { counted } from '../spec/units.ts'

const none = (text: string): Choice => ({ kind: 'backup', text, command: null })

/** undefined: the cluster file names no store. One that can't be asked is a choice all the same, and says why. */
export async function backupChoice(
  { cluster, signal, now }: Session,
  environment: NodeJS.ProcessEnv,
): Promise<Choice | undefined> {
  const location = cluster.backup?.store
  if (location === undefined) return undefined
  try {
    using store: BackupStore = await openStore(location, { environment, signal })
    const files = await store.list(signal)
    const newest = files
      .flatMap(({ name }) => parseBundleName(name) ?? [])
      .filter((bundle) => bundle.cluster === cluster.name)
      .toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())[0]
    if (newest === undefined) return none(`there is no backup of this cluster in ${store.title}`)
    const text = `go back to the newest backup in ${store.title}: taken ${ageOf(newest.takenAt, now())} ago (${newest.takenAt.toISOString()}), revision ${newest.revision}, by its name; restore checks who signed it. All that was written since is lost. Better only where no survivor's log is newer`
    return { kind: 'backup', text, command: `quorate restore ${newest.name}` }
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return none(`the store of backups can't be asked: ${error.message}`)
  }
}

const MINUTE_MS = 60_000

function ageOf(then: Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - then.getTime()) / MINUTE_MS))
  if (minutes < 120) return counted(minutes, 'minute')
  return minutes < 2 * 24 * 60
    ? counted(Math.round(minutes / 60), 'hour')
    : counted(Math.round(minutes / 24 / 60), 'day')
}
