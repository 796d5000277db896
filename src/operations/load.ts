/** Reads a cluster file with every check there is. */
import { checkFlannelForFile } from '../flannel/file-check.ts'
import type { Cluster } from '../spec/cluster.ts'
import { loadCluster } from '../spec/parse.ts'
import { formatProblem } from '../spec/problem.ts'

export interface LoadedCluster {
  readonly cluster: Cluster
  /** What is unwise but allowed: each as `file:line:column: what`. */
  readonly warnings: readonly { readonly text: string }[]
}

/** @throws QuorateError `cluster-file` with all problems at once, each with its place. */
export async function loadClusterFile(path: string): Promise<LoadedCluster> {
  const { cluster, warnings } = await loadCluster(path, { extraChecks: [checkFlannelForFile] })
  return { cluster, warnings: warnings.map((warning) => ({ text: formatProblem(warning) })) }
}
