/** Files of another etcd at the paths of quorate's own: kept under another name. */
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import type { ApplyIntent } from './intent.ts'
import type { HostStep } from '../steps/steps.ts'
import { isTokenOf } from './token.ts'

const BINARIES = '/usr/local/bin'

/**
 * If quorate left no trace on this node, files at its paths belong to others. Examples: another tool's unit and
 * settings, a wrapper script, a link to a package's program.
 */
export function foreignFileSteps(
  { cluster, stamp }: Pick<ApplyIntent, 'cluster' | 'stamp'>,
  host: string,
  state: MemberState,
): HostStep[] {
  if (isKnown(cluster, state)) return []
  const paths = [
    ...[PATHS.environment, PATHS.unit].filter((path) => state.contents[path] !== undefined),
    ...['etcd', 'etcdctl']
      .filter((name) => state.binaries[name] !== undefined)
      .map((name) => `${BINARIES}/${name}`),
  ]
  if (paths.length === 0) return []
  return [
    {
      kind: 'aside',
      host,
      suffix: `before-quorate-${stamp}`,
      paths,
      what: `keep ${paths.join(', ')} under another name`,
      why: 'quorate did not create it',
      danger: 'none',
    },
  ]
}

/** Its cluster ID file, its token, or a binary whose installation it recorded. */
function isKnown(cluster: Cluster, { contents, binaries, unit }: MemberState): boolean {
  const file = contents[PATHS.environment]
  const environment = file === undefined ? (unit.environment ?? {}) : parseEnvironmentFile(file)
  return (
    contents[PATHS.clusterId] !== undefined ||
    isTokenOf(cluster.name, environment['ETCD_INITIAL_CLUSTER_TOKEN']) ||
    Object.values(binaries).some(({ version }) => version !== undefined)
  )
}
