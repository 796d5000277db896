/** Checks whether etcd could listen at the addresses in the settings, and who could connect to them. */
import { DEFAULTS } from './defaults.ts'
import {
  LISTENERS,
  type ListenUrl,
  OWN_ADDRESS,
  clash,
  isLoopback,
  isWildcard,
  parseListenUrl,
  splitUrls,
} from './listen-urls.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'

/** Serves metrics on every member's loopback address, unless the file sets an address. */
export const METRICS_PORT = 2381

type Flag = (typeof LISTENERS)[number]
type Found = ListenUrl & { readonly flag: Flag }

export function checkListeners(file: Partly<ClusterFile>, report: Reporter): void {
  const settings = file.etcd?.settings ?? {}
  const found = LISTENERS.flatMap((flag) => {
    const value = settings[flag]
    return value === undefined
      ? []
      : splitUrls(String(value)).flatMap((text) => readUrl(flag, text, report) ?? [])
  })
  for (const [at, url] of found.entries()) {
    const say = sayer(url, report)
    checkPlace(url, say)
    checkPort(url, file, found, say)
    const twin = found.slice(0, at).find((other) => clash(url, other))
    if (twin !== undefined)
      say('error', `${url.text} and ${twin.text} of ${twin.flag} can't share a port`, 'write another port')
    if (url.flag === 'listen-metrics-urls') checkMetrics(url, file, say)
    else checkHttp(url, file, say)
  }
  if (found.some(({ flag }) => flag === 'listen-client-http-urls') && file.etcd?.enableV2 === true) {
    const message =
      'etcd.settings.listen-client-http-urls: etcd would serve the v2 API only at these URLs, but its clients use the client port'
    report.error(['etcd', 'settings', 'listen-client-http-urls'], message, 'remove it, or enableV2')
  }
}

type Say = (severity: 'error' | 'warning', message: string, hint: string) => void

function sayer({ flag }: Found, report: Reporter): Say {
  return (severity, message, hint) =>
    report[severity](['etcd', 'settings', flag], `etcd.settings.${flag}: ${message}`, hint)
}

function readUrl(flag: Flag, text: string, report: Reporter): Found | undefined {
  const url = parseListenUrl(text)
  if (url !== undefined) return { ...url, flag }
  report.error(
    ['etcd', 'settings', flag],
    `etcd.settings.${flag}: '${text}' is not a URL of an IP address and a port`,
    `write one like https://${OWN_ADDRESS}:2383, where ${OWN_ADDRESS} is each node's own address`,
  )
  return undefined
}

function checkPlace(url: Found, say: Say): void {
  if (url.host === OWN_ADDRESS || isLoopback(url) || isWildcard(url)) return
  say(
    'error',
    `not every node has the address ${url.host}`,
    `write ${OWN_ADDRESS}, which is each node's own address`,
  )
}

function checkPort(url: Found, file: Partly<ClusterFile>, all: readonly Found[], say: Say): void {
  const {
    clientPort = DEFAULTS.etcd.clientPort,
    peerPort = DEFAULTS.etcd.peerPort,
    metrics,
  } = file.etcd ?? {}
  const { port } = url
  if (port < 1024)
    say('error', `${port} is kept for root, and etcd runs as the user etcd`, 'write 1024 or more')
  if (port === clientPort) say('error', `${port} is the client port`, 'write another port')
  if (port === peerPort) say('error', `${port} is the peer port`, 'write another port')
  const standard = metrics !== 'clients' && !all.some(({ flag }) => flag === 'listen-metrics-urls')
  if (standard && port === METRICS_PORT)
    say(
      'error',
      `${port} is where members serve metrics on loopback`,
      'write another port, or metrics: clients',
    )
}

/** Metrics contain no keys and no values. */
function checkMetrics(url: Found, file: Partly<ClusterFile>, say: Say): void {
  if (url.tls) return
  if (file.etcd?.metrics === 'clients')
    return say(
      'error',
      `${url.text} serves metrics without a certificate, and etcd.metrics says clients`,
      'write https, or remove etcd.metrics',
    )
  if (isLoopback(url)) return
  const message = `${url.text}: everyone who reaches port ${url.port} can read the metrics, without a certificate`
  say('warning', message, 'write https, or let a firewall admit the scraper alone')
}

/** This listener gives access to all keys: it serves etcd's JSON gateway. */
function checkHttp(url: Found, file: Partly<ClusterFile>, say: Say): void {
  if (url.tls) return
  const { localPlaintext = false, plaintextClients = false } = file.etcd ?? {}
  if (plaintextClients || (localPlaintext && isLoopback(url))) return
  const who = isLoopback(url) ? 'every local user' : `everyone who reaches port ${url.port}`
  const hint = isLoopback(url) ? 'write https, or localPlaintext: true' : 'write https'
  say('error', `${url.text}: ${who} could read and write every key without a certificate`, hint)
}
