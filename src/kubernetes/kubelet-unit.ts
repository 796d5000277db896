/** The kubelet's systemd unit. Pure. */
import type { Node } from '../spec/cluster.ts'
import template from './kubelet.service?raw'
import { PLACES } from './places.ts'

/**
 * How the description of the unit ends, by which the kubelet of this cluster is recognized on a machine. Units of earlier
 * versions have it: it does not change.
 */
export function kubeletMark(cluster: string): string {
  return `of the Kubernetes cluster ${cluster}\n`
}

/**
 * The text of `/etc/systemd/system/kubelet.service`. It has the settings that the configuration file can't contain: the
 * node's name and its address, independent of its host name and its default route.
 */
export function kubeletUnit(cluster: string, { name, address }: Node): string {
  const { configuration, kubeconfig } = PLACES.kubelet
  const values = {
    CLUSTER: cluster,
    NODE: name,
    ADDRESS: address,
    CONFIG: configuration,
    KUBECONFIG: kubeconfig,
  }
  return Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`@${key}@`, value), template)
}
