/** An error that is sent from one thread to another: the copy would lose its class, its code and its hint. */
import { type ErrorCode, type ErrorDetails, QuorateError } from '../errors.ts'

type PackedDetails = Pick<ErrorDetails, 'host' | 'impact' | 'hint' | 'id'>

export interface PackedError {
  readonly message: string
  readonly stack: string | undefined
  /** Of a QuorateError. */
  readonly quorate: ({ readonly code: ErrorCode } & PackedDetails) | undefined
  /** Node's and OpenSSL's: `ECONNREFUSED`. */
  readonly systemCode: string | undefined
  readonly cause: PackedError | undefined
}

export function packError(thrown: unknown): PackedError {
  if (!(thrown instanceof Error)) {
    return {
      message: String(thrown),
      stack: undefined,
      quorate: undefined,
      systemCode: undefined,
      cause: undefined,
    }
  }
  const { message, stack, cause } = thrown
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  const isOurs = thrown instanceof QuorateError
  return {
    message,
    stack,
    quorate: isOurs ? { code: thrown.code, ...detailsOf(thrown) } : undefined,
    systemCode: isOurs ? undefined : code,
    cause: cause === undefined ? undefined : packError(cause),
  }
}

/** Restores a QuorateError if it was one; otherwise an error with the stack of the other thread. */
export function unpackError({ message, stack, quorate, systemCode, cause: packed }: PackedError): Error {
  const cause = packed === undefined ? undefined : unpackError(packed)
  if (quorate !== undefined) return new QuorateError(quorate.code, message, { ...quorate, cause })
  const error = new Error(message, cause === undefined ? {} : { cause })
  if (stack !== undefined) error.stack = stack
  return systemCode === undefined ? error : Object.assign(error, { code: systemCode })
}

function detailsOf({ host, impact, hint, ids: id }: QuorateError): PackedDetails {
  return { host, impact, hint, id }
}
