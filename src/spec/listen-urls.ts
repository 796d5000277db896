/** etcd's listeners other than those for clients and peers: `listen-metrics-urls` and `listen-client-http-urls`. */
import ipaddr from 'ipaddr.js'

/** Flags of etcd for such listeners. */
export const LISTENERS = ['listen-metrics-urls', 'listen-client-http-urls'] as const

/** Placeholder for each node's own address. */
export const OWN_ADDRESS = '{address}'

export interface ListenUrl {
  /** As written in the file. */
  readonly text: string
  readonly tls: boolean
  /** An IP address without brackets, or `{address}`. */
  readonly host: string
  readonly port: number
}

/** undefined: not of the form `https://ADDRESS:PORT`. */
export function parseListenUrl(text: string): ListenUrl | undefined {
  const found = /^(?<scheme>https?):\/\/(?:\[(?<six>[^\]]+)\]|(?<host>[^[\]:/]+)):(?<port>\d{1,5})$/.exec(
    text,
  )?.groups
  const host = found?.['six'] ?? found?.['host'] ?? ''
  const port = Number(found?.['port'])
  const rightHost =
    host === OWN_ADDRESS ||
    (found?.['six'] === undefined ? ipaddr.IPv4.isValidFourPartDecimal(host) : ipaddr.IPv6.isValid(host))
  if (found === undefined || !rightHost || port < 1 || port > 65_535) return undefined
  return { text, tls: found['scheme'] === 'https', host, port }
}

/** The URLs in a setting's value, separated by commas; skips invalid ones. */
export function listenUrls(value: string | undefined): readonly ListenUrl[] {
  return splitUrls(value ?? '').flatMap((text) => parseListenUrl(text) ?? [])
}

export function splitUrls(value: string): readonly string[] {
  return value
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
}

export function isLoopback({ host }: Pick<ListenUrl, 'host'>): boolean {
  return host !== OWN_ADDRESS && ipaddr.process(host).range() === 'loopback'
}

/** Whether it listens on all addresses of a node. */
export function isWildcard({ host }: Pick<ListenUrl, 'host'>): boolean {
  return host === '0.0.0.0' || (host !== OWN_ADDRESS && ipaddr.process(host).range() === 'unspecified')
}

/** Whether two listeners conflict: the same port, on the same address or on all of them. */
export function clash(one: ListenUrl, other: ListenUrl): boolean {
  if (one.port !== other.port) return false
  return isWildcard(one) || isWildcard(other) || one.host === other.host
}
