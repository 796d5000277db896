/** keepalived.conf: an address that moves between the service nodes. keepalived.conf(5) */
import { isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { HAPROXY, KEEPALIVED, signature } from './files.ts'

export interface AddressValues {
  /** The cluster's name. */
  readonly cluster: string
  readonly virtualAddress: string
  /** This node's address, of the virtual address's family. */
  readonly own: string
  /** The same for the other service nodes. */
  readonly peers: readonly string[]
  /** The network interface that has `own`. */
  readonly device: string
  /** The node's position among the service nodes, from 0. */
  readonly turn: number
}

export function keepalivedConfiguration(values: AddressValues): string {
  const { cluster, virtualAddress, own, peers, device, turn } = values
  const length = isIPv6(virtualAddress) ? 128 : 32
  return `${signature(cluster)}

global_defs {
  enable_script_security
  script_user root
}

vrrp_script haproxy {
  script "${KEEPALIVED.script}"
  interval 1
  timeout 3
  fall 2
  rise 2
}

vrrp_instance api-servers {
  # Each move cuts connections: the address stays on its node until that node fails.
  state BACKUP
  nopreempt
  interface ${device}
  virtual_router_id ${routerId(virtualAddress)}
  priority ${200 - turn}
  advert_int 1
  unicast_src_ip ${own}
  unicast_peer {
${peers.map((peer) => `    ${peer}`).join('\n')}
  }
  virtual_ipaddress {
    ${virtualAddress}/${length} dev ${device}
  }
  track_script {
    haproxy
  }
}
`
}

/** Checks whether HAProxy answers; one that hangs doesn't. */
export function healthScript(cluster: string): string {
  return `#!/bin/sh
${signature(cluster)}
# keepalived gives the virtual address away when this fails: HAProxy does not answer on its own socket.
printf 'show info\\n' | timeout 2 socat -t 2 STDIO UNIX-CONNECT:${HAPROXY.socket} 2>/dev/null | grep -q '^Name: HAProxy'
`
}

/** 1 to 255 (RFC 9568): most likely different for two virtual addresses of one network. */
function routerId(address: string): number {
  const bytes = ipaddr.parse(address).toByteArray()
  return ((bytes.at(-1) ?? 0) % 255) + 1
}
