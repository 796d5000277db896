/** The kubelet's systemd unit. Pure. */
import type { Node } from '../spec/cluster.ts'
import template from './kubelet.service?raw'
import { PLACES } from './places.ts'

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
