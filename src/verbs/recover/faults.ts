/** What is known of etcd's `--force-new-cluster`, which only a recovery uses, and on a copy: said where that copy fails. */
import { QuorateError } from '../../errors.ts'
import { describeHazard, hazardsFor } from '../../etcd/hazards.ts'

/** The error with the known faults of this version in its hint; anything but a command that failed as it is. */
export function withKnownFaults(thrown: unknown, version: string): unknown {
  if (!(thrown instanceof QuorateError) || thrown.code !== 'command') return thrown
  const known = hazardsFor(version, ['recovery']).map(
    (hazard) => `known of ${describeHazard(version, hazard)}`,
  )
  if (known.length === 0) return thrown
  const hint = [...(thrown.hint === undefined ? [] : [thrown.hint]), ...known].join('\n')
  return new QuorateError(thrown.code, thrown.message, { host: thrown.host, hint, cause: thrown.cause })
}
