/** haproxy.cfg, from values alone. https://docs.haproxy.org/2.6/configuration.html */
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { LoadBalancer } from '../../../spec/cluster.ts'
import { HAPROXY, signature } from './files.ts'

export interface BalancerValues {
  /** The cluster's name. */
  readonly cluster: string
  readonly balancer: LoadBalancer
  /** Nodes that run, or will run, an API server. */
  readonly masters: readonly { readonly name: string; readonly address: string }[]
  /** Clients come by IPv6, too. */
  readonly ipv6: boolean
  /** The API servers' CA (PEM), as it lies on the node; undefined: none, and no API server can be verified. */
  readonly ca: string | undefined
  /** HAProxy knows how to set the times of TCP keepalive: from 2.3 on. */
  readonly keepaliveTimes: boolean
}

export function haproxyConfiguration(values: BalancerValues): string {
  const body = [...global(), ...defaults(values), ...frontend(values), ...backend(values)].join('\n')
  const description = `  description ${descriptionOf(body)}`
  return `${signature(values.cluster)}\n${body.replace('\nglobal\n', `\nglobal\n${description}\n`)}\n`
}

/** What a HAProxy that has loaded this configuration answers to `show info`. */
export function loadedLine(configuration: string): string {
  return `description: ${/^ {2}description (.*)$/m.exec(configuration)?.[1] ?? ''}`
}

function descriptionOf(body: string): string {
  return `quorate-${createHash('sha256').update(body).digest('hex').slice(0, 32)}`
}

function global(): string[] {
  return [
    '',
    'global',
    '  log stdout format short daemon notice',
    '  chroot /var/lib/haproxy',
    '  user haproxy',
    '  group haproxy',
    `  stats socket ${HAPROXY.socket} user root group root mode 600 level admin expose-fd listeners`,
    '  stats timeout 30s',
    '  # A reload leaves connections to the process before it, which ends with the last of them.',
    '  hard-stop-after 24h',
  ]
}

function defaults({ keepaliveTimes }: BalancerValues): string[] {
  return [
    '',
    'defaults',
    '  log global',
    '  mode tcp',
    '  option dontlognull',
    '  # A machine that is off answers nothing at all: the next one is asked while a client still waits. Shorter than from one',
    '  # health check to the next, or every other one would be left out.',
    '  timeout connect 400ms',
    '  timeout check 1s',
    '  # Watches and logs are silent for hours; TCP keepalive finds the ends that are gone.',
    '  timeout client 8h',
    '  timeout server 8h',
    '  timeout tunnel 8h',
    '  option clitcpka',
    '  option srvtcpka',
    ...(keepaliveTimes ? [...probeTimes('cli'), ...probeTimes('srv')] : []),
  ]
}

/** A client that is gone is found within a minute. A server's silent connections are a kubelet's, too, which has 40 s. */
function probeTimes(side: 'cli' | 'srv'): string[] {
  const [idle, interval] = side === 'cli' ? ['30s', '10s'] : ['5s', '2s']
  return [`  ${side}tcpka-idle ${idle}`, `  ${side}tcpka-intvl ${interval}`, `  ${side}tcpka-cnt 3`]
}

function frontend({ balancer: { port }, ipv6 }: BalancerValues): string[] {
  return [
    '',
    `frontend ${HAPROXY.backend}`,
    `  bind :${port}`,
    ...(ipv6 ? [`  bind :::${port} v6only`] : []),
    `  default_backend ${HAPROXY.backend}`,
  ]
}

function backend({ balancer: { apiPort }, masters, ca }: BalancerValues): string[] {
  // kubeadm writes this name into every API server's certificate; a kubelet's or a client's of the same CA has it not.
  const trust =
    ca === undefined ? 'verify none' : `verify required ca-file ${HAPROXY.ca} verifyhost kubernetes`
  return [
    '',
    `backend ${HAPROXY.backend}`,
    '  balance leastconn',
    '  # A connection that one API server refuses goes to another at once.',
    '  retries 3',
    '  option redispatch 1',
    '  option httpchk',
    '  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr Connection close',
    '  # On its way down it says so, and finishes what it has begun. One that fails otherwise loses its connections: clients',
    '  # that keep one would stay with it.',
    '  http-check expect error-status L7OKC ! string [-]shutdown',
    '  http-check expect status 200',
    ...(ca === undefined
      ? [`  # The API servers' CA is not in ${HAPROXY.ca} yet: any certificate will do for the health check.`]
      : [`  # SHA-256 of ${HAPROXY.ca}: ${createHash('sha256').update(ca).digest('hex')}`]),
    `  default-server check check-ssl ${trust} inter 500ms fastinter 250ms fall 4 rise 2 on-marked-down shutdown-sessions tcp-ut 2s`,
    ...masters.map(
      ({ name, address }) => `  server ${name} ${isIPv6(address) ? `[${address}]` : address}:${apiPort}`,
    ),
  ]
}
