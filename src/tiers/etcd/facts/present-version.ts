/** The etcd version of a node. */
import type { Observed } from './observed.ts'

/** The version that a node's member runs; if it doesn't answer, the installed one. */
export function presentVersion(observed: Observed, host: string): string | undefined {
  return observed.cluster?.versions[host] ?? observed.hosts[host]?.member?.binaries['etcd']?.version
}
