/** Where HAProxy and keepalived have quorate's files, and how quorate recognizes its own files. */
import { PLACES } from '../../../kubernetes/places.ts'

export const HAPROXY = {
  unit: 'haproxy.service',
  package: 'haproxy',
  configuration: '/etc/haproxy/haproxy.cfg',
  /** The API servers' CA, which the tier of Kubernetes, or an operator, stores at this path. */
  ca: PLACES.balancerCa,
  /**
   * Only for root, because write access to it allows removing API servers. It isn't the admin.sock of Debian's own
   * configuration: a reload passes that socket on with its mode, which allows the group.
   */
  socket: '/run/haproxy/quorate.sock',
  backend: 'api-servers',
  /** The same servers, checked with shorter timeouts, without traffic. */
  earlyBackend: 'api-servers-early',
} as const

export const KEEPALIVED = {
  unit: 'keepalived.service',
  package: 'keepalived',
  configuration: '/etc/keepalived/keepalived.conf',
  script: '/etc/keepalived/quorate-haproxy.sh',
} as const

/** The first line of a file that quorate writes, or the second after `#!`. */
export function signature(cluster: string): string {
  return `# Written by quorate for the cluster ${cluster}. The next apply overwrites what is changed by hand.`
}

/** The cluster that a file was written for; undefined: it isn't quorate's. */
export function writtenFor(text: string): string | undefined {
  return /^(?:#!.*\n)?# Written by quorate for the cluster ([a-z0-9-]{1,63})\./.exec(text)?.[1]
}
