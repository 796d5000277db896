/** The kubelet's systemd unit. Pure. */
import type { Node } from '../spec/cluster.ts'
import template from './kubelet.service?raw'
import { PLACES } from './places.ts'

/**
 * The text of `/etc/systemd/system/kubelet.service`. What is not in the configuration file is here: how the node is called and
 * which of its addresses is the node's, whatever its host name and its default route are.
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
