/** haproxy.cfg, only from values. https://docs.haproxy.org/2.6/configuration.html */
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
  /** Clients use IPv6, too. */
  readonly ipv6: boolean
  /** The API servers' CA (PEM), as stored on the node; undefined: missing, so no API server can be verified. */
  readonly ca: string | undefined
  /** HAProxy can set the times of TCP keepalive: from 2.3 on. */
  readonly keepaliveTimes: boolean
}

export function haproxyConfiguration(values: BalancerValues): string {
  const parts = [global(), defaults(values), frontend(values), backend(values), earlyWarning(values)]
  const body = parts.flat().join('\n')
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

/**
 * A client that disappeared is detected within a minute. Idle connections to a server may be a kubelet's, whose limit
 * is 40 s.
 */
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

function backend(values: BalancerValues): string[] {
  const { masters, ca } = values
  return [
    '',
    `backend ${HAPROXY.backend}`,
    '  balance leastconn',
    ...avoidance(masters),
    '  # A connection that one API server refuses goes to another at once.',
    '  retries 3',
    '  option redispatch 1',
    '  # A server that shuts down says so and finishes its requests. One that fails otherwise loses its connections: clients',
    '  # that keep one would stay with it.',
    ...HEALTH_CHECK,
    ...(ca === undefined
      ? [`  # The API servers' CA is not in ${HAPROXY.ca} yet: any certificate will do for the health check.`]
      : [`  # SHA-256 of ${HAPROXY.ca}: ${createHash('sha256').update(ca).digest('hex')}`]),
    `  default-server ${checked(values)} fall 4 on-marked-down shutdown-sessions tcp-ut 2s`,
    ...servers(values),
  ]
}

/**
 * When HAProxy 3.0 marks a server as down, it forgets a connection that it is just opening to it. The client then waits
 * until its own timeout. So new connections avoid a server whose checks have started to fail, until it is marked as
 * down or answers again.
 */
function avoidance(masters: BalancerValues['masters']): string[] {
  if (masters.length < 2) return []
  return [
    `  # New connections keep away from a server that fails twice. At four times it loses those it has, and one that was still`,
    `  # being made would be forgotten.`,
    `  tcp-request content set-var(txn.up) nbsrv(${HAPROXY.backend})`,
    `  acl one_begins_to_fail nbsrv(${HAPROXY.earlyBackend}),sub(txn.up) lt 0`,
    ...masters.map(
      ({ name }) =>
        `  use-server ${name} if one_begins_to_fail { srv_is_up(${HAPROXY.earlyBackend}/${name}) }`,
    ),
  ]
}

/** The same servers without traffic: they are marked as down sooner than in the backend that is used. */
function earlyWarning(values: BalancerValues): string[] {
  if (values.masters.length < 2) return []
  return [
    '',
    `backend ${HAPROXY.earlyBackend}`,
    ...HEALTH_CHECK,
    `  default-server ${checked(values)} fall 2`,
    ...servers(values),
  ]
}

const HEALTH_CHECK: readonly string[] = [
  '  option httpchk',
  '  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr Connection close',
  '  http-check expect error-status L7OKC ! string [-]shutdown',
  '  http-check expect status 200',
]

function checked({ ca }: BalancerValues): string {
  // kubeadm writes this name into every API server's certificate. Certificates of kubelets and clients from the same CA
  // don't have it.
  const trust =
    ca === undefined ? 'verify none' : `verify required ca-file ${HAPROXY.ca} verifyhost kubernetes`
  return `check check-ssl ${trust} inter 500ms fastinter 250ms rise 2`
}

function servers({ balancer: { apiPort }, masters }: BalancerValues): string[] {
  return masters.map(
    ({ name, address }) => `  server ${name} ${isIPv6(address) ? `[${address}]` : address}:${apiPort}`,
  )
}
