/** Reads a cluster file with every check there is. */
import { checkFlannelForFile } from '../flannel/file-check.ts'
import { sharesPortFrom } from '../etcd/hazards.ts'
import { unknownSettings } from '../etcd/versions.ts'
import type { Cluster } from '../spec/cluster.ts'
import { type ExtraCheck, type Parsed, loadCluster, readClusterFile } from '../spec/parse.ts'
import type { Report } from '../spec/report.ts'
import { formatProblem } from '../spec/problem.ts'

export const EXTRA_CHECKS: readonly ExtraCheck[] = [
  checkFlannelForFile,
  checkSettingsForFile,
  checkSharedPort,
]

export interface LoadedCluster {
  readonly cluster: Cluster
  /** What is unwise but allowed: each as `file:line:column: what`. */
  readonly warnings: readonly { readonly text: string }[]
}

/** @throws QuorateError `cluster-file` with all problems at once, each with its place. */
export async function loadClusterFile(path: string): Promise<LoadedCluster> {
  const { cluster, warnings } = await loadCluster(path, { extraChecks: EXTRA_CHECKS })
  return { cluster, warnings: warnings.map((warning) => ({ text: formatProblem(warning) })) }
}

/** Everything that is to be said about a file, wrong or not. @throws QuorateError `cluster-file` if it can't be read. */
export async function inspectClusterFile(path: string): Promise<Parsed> {
  return await readClusterFile(path, { extraChecks: EXTRA_CHECKS })
}

function checkSharedPort({ etcd }: Cluster): readonly Report[] {
  const first = etcd.plaintextClients ? sharesPortFrom(etcd.version) : undefined
  if (first === undefined) return []
  const message = `etcd.plaintextClients: etcd ${etcd.version} can't be relied on to serve http and https on one port, so it serves clients http alone`
  const hint = `etcd ${first} and newer serve both: upgrade, and then let clients move`
  return [{ severity: 'warning', path: ['etcd', 'plaintextClients'], part: 'key', message, hint }]
}

/** etcd only warns of a variable that it does not know: a stale name would silently switch a safeguard off. */
function checkSettingsForFile({ etcd }: Cluster): readonly Report[] {
  return unknownSettings(etcd.version, Object.keys(etcd.settings)).map(({ name, message }) => ({
    severity: 'error',
    path: ['etcd', 'settings', name],
    part: 'key',
    message,
  }))
}
