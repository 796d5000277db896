/** Known faults of etcd's `--force-new-cluster`, which a recovery runs on a copy: added to the error if that copy fails. */
import { QuorateError } from '../../errors.ts'
import { describeHazard, hazardsFor } from '../../etcd/hazards.ts'

/** Adds the known faults of this version to the fix of a failed command; returns any other error unchanged. */
export function withKnownFaults(thrown: unknown, version: string): unknown {
  if (!(thrown instanceof QuorateError) || thrown.code !== 'command') return thrown
  const known = hazardsFor(version, ['recovery']).map(
    (hazard) => `known issue in ${describeHazard(version, hazard)}`,
  )
  if (known.length === 0) return thrown
  const hint = [...(thrown.hint === undefined ? [] : [thrown.hint]), ...known].join('\n')
  return thrown.with({ hint })
}
