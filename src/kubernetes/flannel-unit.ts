/** flanneld as a systemd service, which reads its network from etcd and so works without an API server. Pure. */
import { bracket } from '../etcd/bracket.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import template from './flanneld.service?raw'
import script from './flannel-cni.sh?raw'
import { PLACES } from './places.ts'

/** flannel's default prefix. */
const PREFIX = '/coreos.com/network'

/** The text of `/etc/systemd/system/flanneld.service`. */
export function flannelUnit(cluster: Cluster, { address }: Node): string {
  const { ca, certificate, key, script: writer, subnet } = PLACES.flannel
  const endpoints = etcdNodes(cluster).map(
    (node) => `https://${bracket(node.address)}:${cluster.etcd.clientPort}`,
  )
  const values = {
    CLUSTER: cluster.name,
    ENDPOINTS: endpoints.join(','),
    PREFIX: cluster.network?.prefix ?? PREFIX,
    CA: ca,
    CERTIFICATE: certificate,
    KEY: key,
    ADDRESS: address,
    SUBNET: subnet,
    SCRIPT: writer,
    CNI: PLACES.cniConfiguration,
  }
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`@${name}@`, value), template)
}

/** The text of the script that the unit runs once flanneld is ready. */
export const FLANNEL_CNI_SCRIPT: string = script
