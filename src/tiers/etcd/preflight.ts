/** Checks whether the nodes meet the requirements, before any change. */
import { QuorateError } from '../../errors.ts'
import { describeHazards } from '../../etcd/hazards.ts'
import { type Check, type PreflightReport, summarize } from '../../preflight/checks.ts'
import { judgePeerTrust } from '../../preflight/peer-trust.ts'
import { preflight as look } from '../../preflight/preflight.ts'
import { authorityOf } from './facts/authority-facts.ts'
import type { Session } from './session.ts'
import { onAll } from '../../ssh/fleet.ts'

/**
 * `only`: names of nodes that will join a cluster; default: all nodes.
 *
 * Never throws for a node: an unreachable one, or one without sudo, is a failure in the report.
 *
 * @throws the signal's reason when aborted.
 */
export async function preflight(session: Session, only?: ReadonlySet<string>): Promise<PreflightReport> {
  const { cluster, signal, emit } = session
  const { results, errors } = await onAll(cluster.nodes, async (node) => await session.remote(node))
  // An aborted check says nothing about the nodes.
  signal.throwIfAborted()
  const remotes = new Map(results.map(({ host, value }) => [host, value]))
  const [report, forbidden] = await Promise.all([
    look({ cluster, remotes, troubles: errors, signal, emit, only, tiers: session.tiers }),
    forbidsMemberName(session),
  ])
  return { checks: [...report.checks, judgePeerTrust(cluster, forbidden)] }
}

/** A CA that can't be reached is reported by the steps that need it. */
async function forbidsMemberName(session: Session): Promise<boolean> {
  try {
    return (await authorityOf(session.cluster, await session.bundle())).forbidsMemberName === true
  } catch (error) {
    if (error instanceof QuorateError) return false
    throw error
  }
}

/** The gate of a first apply: warnings are printed, failures stop it. @throws QuorateError `preflight` with all of them. */
export function requireFit(session: Session, report: PreflightReport): void {
  for (const text of describeHazards(session.cluster.etcd.version)) session.emit({ type: 'warning', text })
  const warnings = report.checks.filter((check) => check.result === 'warning')
  for (const check of warnings)
    session.emit({ type: 'warning', host: check.host, text: describeCheck(check) })
  if (summarize(report).failures === 0) return
  const failures = report.checks.filter((check) => check.result === 'failure')
  const lines = failures.map(
    (check) => `${check.host === undefined ? '' : `${check.host}: `}${describeCheck(check)}`,
  )
  const remedies = [...new Set(failures.flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy])))]
  throw new QuorateError('preflight', `nodes do not meet the requirements:\n${lines.join('\n')}`, {
    hint: [...remedies, 'see all checks: quorate preflight -v'].join('\n'),
  })
}

function describeCheck({ title, found, wanted }: Check): string {
  return `${title}: ${found}${wanted === undefined ? '' : ` (wanted: ${wanted})`}`
}
