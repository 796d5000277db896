/** Errors as `--json` shows them, on their own and within reports. */
import type { QuorateError } from '../../errors.ts'
import type { ReportedCode } from '../explain/error-guide.ts'

export interface ErrorJson {
  readonly code: ReportedCode
  /** Which error of this code, if it has an ID: `quorate explain CODE/ID`. It stays when the message is reworded. */
  readonly id?: string | undefined
  /** Those of all its reasons, if several have an ID. */
  readonly ids?: readonly string[] | undefined
  /** The node it happened on. */
  readonly host?: string | undefined
  /** What failed and why. A bug has its stack here. */
  readonly message: string
  /** What it means for the cluster. */
  readonly impact?: string | undefined
  /** What to do next. */
  readonly fix?: string | undefined
  /** `fix` under its older name. */
  readonly hint?: string | undefined
}

export function errorJson({ code, id, ids, host, message, impact, hint }: QuorateError): ErrorJson {
  return { code, id, ids: ids.length > 1 ? ids : undefined, host, message, impact, fix: hint, hint }
}
