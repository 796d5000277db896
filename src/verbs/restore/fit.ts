/** Whether a snapshot belongs to this cluster, whether this etcd can read it, and whether the disks have space for it. */
import type { OpenedBackup } from '../../backup/open.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { atLeast } from '../../etcd/versions.ts'
import { PATHS } from '../../host/state.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { parsePin } from '../../tiers/etcd/facts/pin.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { formatBytes } from '../../spec/units.ts'
import type { Surroundings } from './observe.ts'

/** Space to keep free: etcd's first WAL segment, and a margin. */
const MARGIN_BYTES = 192 * 1024 ** 2

/** @throws QuorateError `backup` naming both sides */
export function refuseSnapshot(
  cluster: Cluster,
  observed: Observed,
  { about, name }: Pick<OpenedBackup, 'about' | 'name'>,
  { otherCluster }: { readonly otherCluster: boolean },
): void {
  if (about === undefined) return
  const { etcdVersion } = about
  if (!atLeast(cluster.etcd.version, etcdVersion)) {
    throw new QuorateError(
      'backup',
      `can't restore ${name}: etcd ${etcdVersion} wrote it, and the cluster file asks for the older ${cluster.etcd.version}`,
      { hint: `set etcd.version to '${etcdVersion}' or newer in the cluster file` },
    )
  }
  if (otherCluster) return
  if (about.cluster !== cluster.name) {
    throw new QuorateError(
      'backup',
      `${name} is a backup of cluster '${about.cluster}', not of '${cluster.name}'`,
      { id: 'backup-of-another-cluster', hint: 'to restore it anyway, add --other-cluster' },
    )
  }
  const known = idsOf(observed)
  if (known.size === 0 || known.has(about.clusterId)) return
  throw new QuorateError(
    'backup',
    `${name} is a backup of a cluster with the same name but another ID: ${about.clusterId}, these nodes have ${[...known].join(', ')}`,
    { id: 'backup-of-another-cluster-id', hint: 'to restore it anyway, add --other-cluster' },
  )
}

/** IDs of the cluster that the nodes belong to, and of its predecessors before each restore. */
function idsOf({ hosts }: Observed): ReadonlySet<string> {
  return new Set(
    Object.values(hosts).flatMap(({ member, formerClusterIds = [] }) => {
      const pin = parsePin(member?.contents[PATHS.clusterId] ?? '')
      return [...(pin === undefined ? [] : [pin.clusterId]), ...formerClusterIds]
    }),
  )
}

/**
 * Needed twice: for the snapshot, and for the restored data. @param hosts nodes where that is still to be done
 * @throws QuorateError `blocked` naming every disk that is too small
 */
export function requireRoom(
  { room }: Surroundings,
  dataDirectory: string,
  sizeBytes: number,
  hosts: readonly string[],
): void {
  const tight = room
    .filter(({ host, path }) => path === dataDirectory && hosts.includes(host))
    .filter(({ freeBytes }) => freeBytes < 2 * sizeBytes + MARGIN_BYTES)
  if (tight.length === 0) return
  const errors = tight.map(
    ({ host, freeBytes, mount }) =>
      new QuorateError(
        'blocked',
        `not enough space on ${mount}: ${formatBytes(freeBytes)} free, ${formatBytes(2 * sizeBytes + MARGIN_BYTES)} needed (for the snapshot, and for the restored data next to the present data)`,
        { host, hint: 'free space on that file system (df -h)' },
      ),
  )
  throw combineErrors(errors)
}
