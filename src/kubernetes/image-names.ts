/** The images that nodes run, by full name with tag. Pure: the only source of image names. */
import type { KubernetesSpec } from '../spec/kubernetes.ts'
import { kubernetesFacts } from './versions.ts'

/** Kubernetes' own registry. In it CoreDNS has an additional path component, and flannel is missing. */
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
  /**
   * It contains `/opt/bin/flanneld`, `nft` and `iptables`, and busybox' `sh`, so that a script can write the CNI
   * configuration.
   */
  readonly flannel: string
  /**
   * The image that the proof runs: flannel's, which every node already has. Of the images that upstream publishes, only
   * this one has `sh`, `wget`, `nc` and `nslookup`. Upstream's busybox is Alpine's, without `httpd`; quorate's is
   * Debian's.
   */
  readonly probe: string
}

type Named = Pick<KubernetesSpec, 'version' | 'imageRepository'>

/**
 * The names are the same for every source: imported archives contain them, too.
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

/**
 * The images that a node with these roles needs before anything starts on it, each once. CoreDNS runs on control-plane
 * nodes.
 */
export function imagesForRoles(names: ImageNames, roles: readonly string[]): readonly string[] {
  const { apiServer, controllerManager, scheduler, kubeProxy, coredns, pause, flannel, probe } = names
  const all = [kubeProxy, pause, flannel, probe]
  const master = [apiServer, controllerManager, scheduler, coredns]
  return [...new Set([...(roles.includes('master') ? master : []), ...all])]
}
