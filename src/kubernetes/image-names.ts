/** The images that nodes start, by full name with tag. Pure: every side that names an image asks here. */
import type { KubernetesSpec } from '../spec/kubernetes.ts'
import { kubernetesFacts } from './versions.ts'

/** Kubernetes' own registry, where CoreDNS lies one level deeper than elsewhere, and flannel not at all. */
export const UPSTREAM_REGISTRY = 'registry.k8s.io'
const FLANNEL_REGISTRY = 'ghcr.io/flannel-io'

export type ImageRole = 'master' | 'worker'

export interface ImageNames {
  readonly apiServer: string
  readonly controllerManager: string
  readonly scheduler: string
  readonly kubeProxy: string
  readonly coredns: string
  readonly pause: string
  /** It has `/opt/bin/flanneld`, `nft` and `iptables`, and busybox' `sh`, so that a script can write the CNI configuration. */
  readonly flannel: string
  /**
   * The image that the proof runs. It is flannel's, since that is on every node already: of the images that upstream publishes
   * it alone has `sh`, `wget`, `nc` and `nslookup`. Upstream's busybox is Alpine's, without `httpd`; ours is Debian's.
   */
  readonly probe: string
}

type Named = Pick<KubernetesSpec, 'version' | 'imageRepository'>

/**
 * The same names whatever the source is: archives that are imported carry them too.
 *
 * @throws QuorateError `cluster-file` for a version that `kubernetesFacts` refuses
 */
export function imageNames({ version, imageRepository }: Named): ImageNames {
  const { coredns, pause, flannel } = kubernetesFacts(version)
  const upstream = imageRepository === UPSTREAM_REGISTRY
  const own = (name: string) => `${imageRepository}/${name}:v${version}`
  const flannelName = `${upstream ? FLANNEL_REGISTRY : imageRepository}/flannel:v${flannel}`
  return {
    apiServer: own('kube-apiserver'),
    controllerManager: own('kube-controller-manager'),
    scheduler: own('kube-scheduler'),
    kubeProxy: own('kube-proxy'),
    coredns: `${imageRepository}/${upstream ? 'coredns/' : ''}coredns:v${coredns}`,
    pause: `${imageRepository}/pause:${pause}`,
    flannel: flannelName,
    probe: flannelName,
  }
}

/** What a node of these roles needs before anything is started there, each once. CoreDNS runs on masters. */
export function imagesForRoles(names: ImageNames, roles: readonly string[]): readonly string[] {
  const { apiServer, controllerManager, scheduler, kubeProxy, coredns, pause, flannel, probe } = names
  const all = [kubeProxy, pause, flannel, probe]
  const master = [apiServer, controllerManager, scheduler, coredns]
  return [...new Set([...(roles.includes('master') ? master : []), ...all])]
}
