/** Kinds of values that recur in the cluster file's schema, each with its rule. */
import * as z from 'zod'
import { checkLocalPath, checkRemotePath } from './paths.ts'
import type { Complaint } from './problem.ts'
import { checkName } from './values.ts'

type Check = (text: string) => Complaint | undefined

/** A text with a rule. `about` is for editors, with `pattern` or `examples` where that helps. */
export function text(check: Check, description: string, about: Record<string, unknown> = {}) {
  return z
    .string()
    .superRefine((value, context) => {
      const complaint = check(value)
      if (complaint === undefined) return
      context.addIssue({ code: 'custom', message: complaint.message, params: { hint: complaint.hint } })
    })
    .meta({ description, ...about })
}

export const flag = (description: string, standard: boolean) =>
  z.boolean().meta({ description, default: standard })
export const port = (description: string, standard?: number) =>
  z
    .int()
    .min(1)
    .max(65_535)
    .meta({ description, ...(standard === undefined ? {} : { default: standard }) })

/** Exactly one of its keys. This is for editors; `check-choices.ts` enforces it. */
export const ONE_KEY = { minProperties: 1, maxProperties: 1 }

export const name = (description: string) =>
  text(checkName, description, { pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' })
export const localPath = (description: string) =>
  text(checkLocalPath, `${description} Relative to this file; ~ is your home.`)
export const remotePath = (description: string, about: Record<string, unknown> = {}) =>
  text(checkRemotePath, description, { pattern: '^/', ...about })
