/**
 * The Kubernetes part of `certs list`: its CAs, and the certificates of API servers, kubelets and all other components
 * on nodes.
 */
import { QuorateError } from '../../errors.ts'
import type { HostState } from '../../host/state.ts'
import { openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { leavesOf } from '../../kubernetes/certificates.ts'
import type { Cluster } from '../../spec/cluster.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type ListedCertificate, NOTHING, type Origin, listed } from './listed.ts'

/** Certificates of one node; none if it has no part in Kubernetes. */
export function kubernetesLeaves(
  cluster: Cluster,
  host: string,
  { services }: Pick<HostState, 'services'>,
  now: Date,
): readonly ListedCertificate[] {
  const node = cluster.nodes.find(({ name }) => name === host)
  if (cluster.kubernetes === undefined || node === undefined) return []
  return leavesOf(cluster, node).flatMap(({ id, place }): ListedCertificate[] => {
    const { certificate, request } = services?.leaves?.[id] ?? {}
    const file = place.form === 'pair' ? place.certificate : place.path
    const origin: Origin = { owner: host, kind: 'kubernetes', host, file }
    if (certificate !== undefined) return [listed(origin, certificate, now)]
    return request === undefined ? [] : [{ ...origin, ...NOTHING, state: 'waiting' }]
  })
}

/** Kubernetes' own two CAs once they exist; or why they can't be listed. */
export async function kubernetesAuthorities(
  session: Session,
  now: Date,
): Promise<readonly [readonly ListedCertificate[], readonly QuorateError[]]> {
  const { kubernetes, pki } = session.cluster
  if (kubernetes === undefined) return [[], []]
  try {
    const bundles = await (await openKubernetesAuthorities(session)).bundles()
    if (bundles === undefined) return [[], []]
    const host = pki.authority.home === 'host' ? pki.authority.hostName : null
    const found = (['kubernetes', 'front-proxy'] as const).map((name) => {
      const file = `kubernetes/${name === 'kubernetes' ? 'ca' : 'front-proxy-ca'}/ca.crt`
      return listed({ owner: 'CA', kind: 'ca', host, file }, bundles[name], now)
    })
    return [found, []]
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return [[], [error]]
  }
}
