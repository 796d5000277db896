/** Whether a log still has all entries that the decision to recover counted on. Pure. */
import { QuorateError } from '../../errors.ts'
import type { MemberLog } from '../../host/member-log.ts'

type End = Pick<MemberLog, 'lastTerm' | 'lastIndex'>

/**
 * Right before a log is copied: between the decision and its copy, it may have been damaged.
 *
 * @param decided the log that was shown
 * @param now undefined: it can't be read any more
 * @throws QuorateError `moved`
 */
export function requireKeptLog<L extends End>(host: string, decided: End | undefined, now: L | undefined): L {
  const hint = 'see what is left: quorate recover; then rerun the command (no data was replaced)'
  if (now === undefined) {
    const message = "can't read the Raft log any more: it was readable a moment ago"
    throw new QuorateError('moved', message, { host, hint })
  }
  if (decided === undefined || !isBehind(now, decided)) return now
  const message = `the Raft log was longer a moment ago: it ended with entry ${decided.lastIndex}, now it ends with entry ${now.lastIndex}`
  throw new QuorateError('moved', message, { host, hint })
}

/** As Raft compares logs. */
function isBehind(a: End, b: End): boolean {
  return a.lastTerm < b.lastTerm || (a.lastTerm === b.lastTerm && a.lastIndex < b.lastIndex)
}
