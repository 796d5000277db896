/**
 * The one error type of quorate: what failed, where and why, what that means for the cluster, and what to do next.
 *
 * A `QuorateError` is something that an operator can act on, and shows no stack. Any other error is a bug and shows one.
 */
import type { ErrorId } from './error-ids.ts'

/** The kind of error. Each code has one exit code, listed in `docs/reference/exit-codes.md`. */
export type ErrorCode =
  | 'usage' //          the command line is wrong
  | 'cluster-file' //   the cluster file is wrong
  | 'unreachable' //    a host can't be reached over SSH
  | 'host-key' //       a host's key is unknown or differs
  | 'permission' //     logged in, but no root access (sudo), or a local file is not quorate's
  | 'command' //        a command on a host failed
  | 'preflight' //      a host does not meet the requirements
  | 'pki' //            a CA, CSR or certificate is wrong
  | 'artifact' //       programs or images can't be downloaded or verified
  | 'etcd' //           etcd answered with an error, or not at all
  | 'flannel' //        the network configuration is wrong
  | 'kubernetes' //     an API server answered with an error, or not at all
  | 'blocked' //        the planner refuses: acting would not be safe, or is not offered
  | 'moved' //          the state differs from the one that was planned on
  | 'locked' //         another operator holds the lock
  | 'unhealthy' //      the cluster does not do what was requested
  | 'unconfirmed' //    a question needs an answer, and there is no terminal to ask on
  | 'declined' //       a question was answered with no, or with another word than it asks for
  | 'cancelled' //      a signal: Ctrl-C, SIGTERM, SIGHUP
  | 'store' //          the backup location is unreachable or full, or refuses
  | 'backup' //         a backup or snapshot is damaged, or needs another secret
  | 'signature' //      no allowed signer has signed a backup, or the signature is for another one
  | 'runtime' //        the Node.js that runs quorate is too old
  | 'lab' //            containers of the lab can't be created on this workstation
  | 'state' //          the directory with quorate's files of a cluster is not usable

/** Process exit codes, one per error code; from sysexits(3) if one matches. 2 is reserved for 'plan found changes'. */
export const EXIT_CODES: Record<ErrorCode, number> = {
  usage: 64,
  'cluster-file': 65,
  unreachable: 69,
  'host-key': 76,
  permission: 77,
  command: 1,
  preflight: 3,
  pki: 4,
  artifact: 5,
  etcd: 6,
  flannel: 7,
  kubernetes: 14,
  blocked: 8,
  moved: 9,
  backup: 10,
  signature: 11,
  unconfirmed: 12,
  declined: 13,
  store: 74,
  locked: 75,
  unhealthy: 1,
  cancelled: 130,
  lab: 71,
  runtime: 72,
  state: 73,
}

export interface ErrorDetails {
  /** The node it happened on, by its name in the cluster file. */
  host?: string | undefined
  /** What the failure means for the cluster. The engine fills it in for runs that change something. */
  impact?: string | undefined
  /** What to do next, as an instruction: the `fix:` line. */
  hint?: string | undefined
  /** Which error of its code it is, or those of its reasons, if it has several: `src/error-ids.ts`. */
  id?: ErrorId | readonly ErrorId[] | undefined
  cause?: unknown
}

export class QuorateError extends Error {
  override readonly name = 'QuorateError'
  readonly code: ErrorCode
  readonly host: string | undefined
  readonly hint: string | undefined
  /** The IDs of its reasons, each once; empty: none has an ID. */
  readonly ids: readonly ErrorId[]
  /** Can be set later: only the engine knows what was changed before the error. */
  impact: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.host = details.host
    this.hint = details.hint
    this.ids = [...new Set([details.id ?? []].flat())]
    this.impact = details.impact
  }

  get exitCode(): number {
    return EXIT_CODES[this.code]
  }

  /** Stays the same when the message is reworded. Of an error with several reasons, the first one's. */
  get id(): ErrorId | undefined {
    return this.ids[0]
  }

  /** A copy with other details; those that are not given stay. */
  with({ message = this.message, ...changed }: ErrorDetails & { readonly message?: string }): QuorateError {
    const { host, impact, hint, ids: id, cause } = this
    return new QuorateError(this.code, message, { host, impact, hint, id, cause, ...changed })
  }

  /**
   * Converts anything thrown to a `QuorateError`: unchanged if it is one, otherwise wrapped, with its message as the
   * reason.
   */
  static from(thrown: unknown, code: ErrorCode, message: string, details: ErrorDetails = {}): QuorateError {
    if (thrown instanceof QuorateError) return thrown
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return new QuorateError(code, `${message}: ${reason}`, { ...details, cause: thrown })
  }
}

/** Message and hint as one text, for a report in which the error ends and which must still say what to do about it. */
export function inFull(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const hint = error instanceof QuorateError ? error.hint : undefined
  return hint === undefined ? error.message : `${error.message}; fix: ${hint}`
}

/** Combines the errors of several hosts into one; returns a single error unchanged. */
export function combineErrors(errors: readonly QuorateError[]): QuorateError {
  const [first] = errors
  if (first === undefined) throw new TypeError('no errors to combine')
  if (errors.length === 1) return first
  // Further lines are indented: a host's output must not start a line that looks like that of another host.
  const lines = errors.map(
    (error) => `${error.host ? `${error.host}: ` : ''}${error.message.replaceAll('\n', '\n  ')}`,
  )
  return new QuorateError(first.code, lines.join('\n'), {
    impact: distinct(errors.map(({ impact }) => impact)),
    hint: distinct(errors.map(({ hint }) => hint)),
    id: errors.flatMap(({ code, ids }) => (code === first.code ? ids : [])),
    cause: new AggregateError(errors),
  })
}

/** Each text once, one per line. */
function distinct(texts: readonly (string | undefined)[]): string | undefined {
  const present = new Set(texts.filter((text) => text !== undefined))
  return present.size === 0 ? undefined : [...present].join('\n')
}

/**
 * Converts what an operation threw to the error to report after Ctrl-C, because most errors are then only a consequence
 * of the signal.
 *
 * @param signal that the process was interrupted with, aborted or not
 */
export function afterInterrupt(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return error
  // A terminal's Ctrl-C also reaches ssh, which ends connections before quorate closes them.
  const isEcho =
    error instanceof QuorateError
      ? error.code === 'unreachable'
      : error instanceof Error && (error.name === 'AbortError' || error === signal.reason)
  return isEcho ? interrupted(error) : error
}

/** An impact, and how programs on nodes end a refusal that came before any change (host/agent/*.sh). */
export const NOTHING_CHANGED = 'nothing was changed'

export function interrupted(cause?: unknown): QuorateError {
  return new QuorateError('cancelled', 'interrupted', { hint: 'rerun the same command to continue', cause })
}
