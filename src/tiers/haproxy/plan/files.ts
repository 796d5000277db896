/** Where HAProxy and keepalived have what quorate gives them, and how a file of quorate's is told from another's. */
import { PLACES } from '../../../kubernetes/places.ts'

export const HAPROXY = {
  unit: 'haproxy.service',
  package: 'haproxy',
  configuration: '/etc/haproxy/haproxy.cfg',
  /** Of the API servers, as the tier of Kubernetes, or an operator, puts it there. */
  ca: PLACES.balancerCa,
  /**
   * root's alone: who may write to it can take API servers out. Not the admin.sock of Debian's own configuration: a reload
   * hands that socket on with the mode that it has, and that lets the group in.
   */
  socket: '/run/haproxy/quorate.sock',
  backend: 'api-servers',
  /** The same servers, checked with less patience; nothing is sent to it. */
  earlyBackend: 'api-servers-early',
} as const

export const KEEPALIVED = {
  unit: 'keepalived.service',
  package: 'keepalived',
  configuration: '/etc/keepalived/keepalived.conf',
  script: '/etc/keepalived/quorate-haproxy.sh',
} as const

/** The first line of a file of quorate's, or the second behind `#!`. */
export function signature(cluster: string): string {
  return `# Written by quorate for the cluster ${cluster}. The next apply overwrites what is changed by hand.`
}

/** The cluster that a file was written for; undefined: it is not quorate's. */
export function writtenFor(text: string): string | undefined {
  return /^(?:#!.*\n)?# Written by quorate for the cluster ([a-z0-9-]{1,63})\./.exec(text)?.[1]
}
