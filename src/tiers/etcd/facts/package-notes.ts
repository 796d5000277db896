/** Packages of the distribution that still own a member's unit, user or data, and what they would do to it. */
import { type OwnerWarning, ownerWarning } from '../../../host/package-owner.ts'
import type { Observed } from './observed.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'

/** For every etcd node that has such a package. */
export function packageWarnings(
  cluster: Cluster,
  { hosts }: Pick<Observed, 'hosts'>,
): readonly (OwnerWarning & { readonly host: string })[] {
  const { dataDirectory, walDirectory } = cluster.etcd
  return etcdNodes(cluster).flatMap(({ name: host }) =>
    (hosts[host]?.member?.packagedBy ?? []).map((owner) => ({
      host,
      ...ownerWarning(owner, [dataDirectory, walDirectory]),
    })),
  )
}
