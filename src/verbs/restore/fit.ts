/** Whether a snapshot belongs to this cluster, whether this etcd can read it, and whether there is room for it. */
import type { OpenedBackup } from '../../backup/open.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { atLeast } from '../../etcd/versions.ts'
import { PATHS } from '../../host/state.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { parsePin } from '../../tiers/etcd/facts/pin.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { formatBytes } from '../../spec/units.ts'
import type { Surroundings } from './observe.ts'

/** Left free besides: etcd's first log segment, and some air. */
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
      `${name} was written by etcd ${etcdVersion}, and the cluster file asks for ${cluster.etcd.version}, which is older`,
      { hint: `write version: '${etcdVersion}' or newer into the cluster file; nothing was changed` },
    )
  }
  if (otherCluster) return
  if (about.cluster !== cluster.name) {
    throw new QuorateError(
      'backup',
      `${name} is of the cluster '${about.cluster}', not of '${cluster.name}'`,
      {
        hint: 'nothing was changed. If that is what you want: --other-cluster',
      },
    )
  }
  const known = idsOf(observed)
  if (known.size === 0 || known.has(about.clusterId)) return
  throw new QuorateError(
    'backup',
    `${name} is of a cluster of the same name with the ID ${about.clusterId}, and these machines know ${[...known].join(', ')}`,
    { hint: 'nothing was changed. If that is what you want: --other-cluster' },
  )
}

/** Of the cluster that the machines belong to, and of those that it was before it was restored. */
function idsOf({ hosts }: Observed): ReadonlySet<string> {
  return new Set(
    Object.values(hosts).flatMap(({ member, formerClusterIds = [] }) => {
      const pin = parsePin(member?.contents[PATHS.clusterId] ?? '')
      return [...(pin === undefined ? [] : [pin.clusterId]), ...formerClusterIds]
    }),
  )
}

/**
 * Once as it travels, once as it is restored. @param hosts those on which that is still to be done
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
        `${formatBytes(freeBytes)} are free on ${mount}, ${formatBytes(2 * sizeBytes + MARGIN_BYTES)} are wanted: for the snapshot, and for what is restored from it beside the present data`,
        { host, hint: 'make room there (df -h); nothing was changed' },
      ),
  )
  throw combineErrors(errors)
}
