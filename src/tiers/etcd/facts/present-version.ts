/** The etcd version of a node. */
import type { Observed } from './observed.ts'

/** The version that a node's member runs; where it doesn't answer, the one that is installed. */
export function presentVersion(observed: Observed, host: string): string | undefined {
  return observed.cluster?.versions[host] ?? observed.hosts[host]?.member?.binaries['etcd']?.version
}
