/**
 * The one error type of quorate: what happened, where, why, and what to do next.
 *
 * A `QuorateError` is something an operator can act on and shows no stack; any other error is a bug and shows one.
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
  | 'locked' //         another operator is at work
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
  /** What to do next, as an instruction. */
  hint?: string | undefined
  cause?: unknown
}

export class QuorateError extends Error {
  override readonly name = 'QuorateError'
  readonly code: ErrorCode
  readonly host: string | undefined
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.host = details.host
    this.hint = details.hint
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

/** Message and hint as one text, for a report in which the error ends: what to do about it must not be lost on the way. */
export function inFull(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const hint = error instanceof QuorateError ? error.hint : undefined
  return hint === undefined ? error.message : `${error.message} → ${hint}`
}

/** Several hosts' troubles as one error that loses none of them; a single one is itself. */
export function combineErrors(errors: readonly QuorateError[]): QuorateError {
  const [first] = errors
  if (first === undefined) throw new TypeError('no errors to combine')
  if (errors.length === 1) return first
  // Further lines are indented: a host's own words must not begin a line that looks like another host's.
  const lines = errors.map(
    (error) => `${error.host ? `${error.host}: ` : ''}${error.message.replaceAll('\n', '\n  ')}`,
  )
  const hints = [...new Set(errors.map((error) => error.hint).filter((hint) => hint !== undefined))]
  return new QuorateError(first.code, lines.join('\n'), {
    hint: hints.length > 0 ? hints.join('\n') : undefined,
    cause: new AggregateError(errors),
  })
}
