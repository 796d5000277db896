/** Errors as `--json` shows them, on their own and within reports. */
import type { QuorateError } from '../../errors.ts'
import type { ReportedCode } from '../explain/error-guide.ts'

export interface ErrorJson {
  readonly code: ReportedCode
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

export function errorJson({ code, host, message, impact, hint }: QuorateError): ErrorJson {
  return { code, host, message, impact, fix: hint, hint }
}
