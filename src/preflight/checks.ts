/** The result of preflight: a list of checks, each with what was found and how to fix it. */

export type CheckResult = 'ok' | 'warning' | 'failure'

export interface Check {
  /** The node it is about; undefined: all of them, or the workstation. */
  readonly host: string | undefined
  /** The subject on that node if there are several, e.g. `etcd01 -> etcd02`. */
  readonly subject?: string | undefined
  /** Stable, for programs: `docs/guides/preflight.md` lists them. */
  readonly id: string
  /** For people. */
  readonly title: string
  readonly result: CheckResult
  readonly found: string
  readonly wanted?: string | undefined
  /** What to do, as an instruction. Always set unless the result is `ok`. */
  readonly remedy?: string | undefined
}

export interface PreflightReport {
  /** In the order of nodes in the cluster file; checks of the whole cluster come last. */
  readonly checks: readonly Check[]
}

export interface PreflightSummary {
  readonly ok: number
  readonly warnings: number
  readonly failures: number
}

/** How many checks have each result. Failures block an apply, warnings don't. */
export function summarize(report: PreflightReport): PreflightSummary {
  const count = (result: CheckResult) => report.checks.filter((check) => check.result === result).length
  return { ok: count('ok'), warnings: count('warning'), failures: count('failure') }
}

type Finding = Pick<Check, 'found' | 'wanted' | 'subject'>
type Trouble = Finding & { readonly remedy: string }

export interface Judge {
  readonly ok: (finding: Finding) => Check
  readonly warning: (trouble: Trouble) => Check
  readonly failure: (trouble: Trouble) => Check
}

/** Creates the results of one check, so that each call names only `found`, `wanted` and `remedy`. */
export function judge(host: string | undefined, id: string, title: string): Judge {
  return {
    ok: (finding) => ({ host, id, title, result: 'ok', ...finding }),
    warning: (trouble) => ({ host, id, title, result: 'warning', ...trouble }),
    failure: (trouble) => ({ host, id, title, result: 'failure', ...trouble }),
  }
}
