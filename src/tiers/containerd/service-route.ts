/**
 * A route to the Services' network, for a node that has none because it has no default route. The kernel looks for a
 * route before kube-proxy's rules replace a Service's address with a pod's: without a route, nothing is sent at all.
 * Pure.
 */
import { signature } from './files.ts'

export interface ServiceRoute {
  readonly cluster: string
  /** CIDR. */
  readonly serviceNetwork: string
  /** The network interface that has the node's address. */
  readonly device: string
  readonly address: string
}

/** The text of the unit that sets it at each boot. */
export function serviceRouteUnit({ cluster, serviceNetwork, device, address }: ServiceRoute): string {
  const route = `${serviceNetwork} dev ${device}`
  return `${signature(cluster)}
[Unit]
Description=Route to the Services of Kubernetes
After=network-online.target
Wants=network-online.target
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/env ip route replace ${route} src ${address}
ExecStop=/usr/bin/env ip route del ${route}

[Install]
WantedBy=multi-user.target
`
}
