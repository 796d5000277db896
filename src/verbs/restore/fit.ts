/** Whether a snapshot belongs to this cluster, and this etcd can read it. */
import type { OpenedBackup } from '../../backup/open.ts'
import { QuorateError } from '../../errors.ts'
import { atLeast } from '../../etcd/versions.ts'
import { PATHS } from '../../host/state.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { parsePin } from '../../tiers/etcd/facts/pin.ts'
import type { Cluster } from '../../spec/cluster.ts'

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
