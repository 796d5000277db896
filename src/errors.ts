/**
 * The one error type of quorate: what failed, where and why, what that means for the cluster, and what to do next.
 *
 * A `QuorateError` is something that an operator can act on, and shows no stack. Any other error is a bug and shows one.
 */

/** What kind of trouble it is. Each code has one exit code, listed in `docs/reference/exit-codes.md`. */
export type ErrorCode =
  | 'usage' //          the command line is wrong
  | 'cluster-file' //   the cluster file is wrong
  | 'unreachable' //    a host can't be reached over SSH
  | 'host-key' //       a host's key is unknown or differs
  | 'permission' //     logged in, but no root rights there (sudo), or a file here is not ours
  | 'command' //        a command on a host failed
  | 'preflight' //      a host does not fit
  | 'pki' //            a CA, CSR or certificate is wrong
  | 'artifact' //       programs or images can't be had or verified
  | 'etcd' //           etcd answered with an error, or not at all
  | 'flannel' //        the network configuration is wrong
  | 'kubernetes' //     an API server answered with an error, or not at all
  | 'blocked' //        the planner refuses: acting would not be safe, or is not offered
  | 'moved' //          reality differs from what was planned on
  | 'locked' //         another operator holds the lock
  | 'unhealthy' //      the cluster does not fulfil what was asked
  | 'unconfirmed' //    a question needs an answer, and there is no terminal to ask on
  | 'declined' //       a question was answered with no, or with another word than it asks for
  | 'cancelled' //      a signal: Ctrl-C, SIGTERM, SIGHUP
  | 'store' //        where backups are kept can't be reached, is full, or refuses
  | 'backup' //       a backup or snapshot is not what it should be, or the secret is another one
  | 'signature' //      no allowed signer has signed a backup, or what was signed is another one
  | 'runtime' //        the Node.js that runs quorate is too old
  | 'lab' //            the machines on this computer can't be made
  | 'state' //          the folder where quorate keeps a cluster's things is wrong

/** Process exit codes, one per error code; sysexits(3) where one fits. 2 is kept for 'plan found changes'. */
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
  cause?: unknown
}

export class QuorateError extends Error {
  override readonly name = 'QuorateError'
  readonly code: ErrorCode
  readonly host: string | undefined
  readonly hint: string | undefined
  /** Settable: only the engine knows, further up, what was changed before the error. */
  impact: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.host = details.host
    this.hint = details.hint
    this.impact = details.impact
  }

  get exitCode(): number {
    return EXIT_CODES[this.code]
  }

  /** Anything thrown as a `QuorateError`: itself if it is one, else wrapped with its message kept as the reason. */
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

/** The errors of several hosts as one that keeps all of them; a single error is returned as it is. */
export function combineErrors(errors: readonly QuorateError[]): QuorateError {
  const [first] = errors
  if (first === undefined) throw new TypeError('no errors to combine')
  if (errors.length === 1) return first
  // Further lines are indented: the output of a host must not begin a line that looks like that of another host.
  const lines = errors.map(
    (error) => `${error.host ? `${error.host}: ` : ''}${error.message.replaceAll('\n', '\n  ')}`,
  )
  return new QuorateError(first.code, lines.join('\n'), {
    impact: distinct(errors.map(({ impact }) => impact)),
    hint: distinct(errors.map(({ hint }) => hint)),
    cause: new AggregateError(errors),
  })
}

/** Each text once, a line each. */
function distinct(texts: readonly (string | undefined)[]): string | undefined {
  const present = new Set(texts.filter((text) => text !== undefined))
  return present.size === 0 ? undefined : [...present].join('\n')
}

/**
 * What an operation threw, as it is told after Ctrl-C: most errors are then only an echo of the signal.
 *
 * @param signal that the process was interrupted with, aborted or not
 */
export function afterInterrupt(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return error
  // A terminal's Ctrl-C reaches ssh as well, which ends connections before quorate closes them.
  const isEcho =
    error instanceof QuorateError
      ? error.code === 'unreachable'
      : error instanceof Error && (error.name === 'AbortError' || error === signal.reason)
  return isEcho ? interrupted(error) : error
}

export function interrupted(cause?: unknown): QuorateError {
  return new QuorateError('cancelled', 'interrupted', { hint: 'rerun the same command to continue', cause })
}
