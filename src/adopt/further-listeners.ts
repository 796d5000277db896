/** Where an adopted cluster serves metrics and HTTP on separate listeners, in the form of the cluster file. */
import { QuorateError } from '../errors.ts'
import {
  LISTENERS,
  OWN_ADDRESS,
  clash,
  isLoopback,
  isWildcard,
  listenUrls,
  splitUrls,
} from '../spec/listen-urls.ts'
import { type Member, type Members, common, peerPlace } from './member.ts'
import { type Settings, settingsOf, urlsOf } from './settings.ts'
import type { EtcdProcess } from './machine-facts.ts'

/** Where quorate's members serve metrics by default. */
export const METRICS = 'http://127.0.0.1:2381'

/** The part that the cluster file can contain: the same on every member, except for its address. */
export function furtherSettings(members: Members, etcd: Ports): Record<string, string> {
  const [first, ...rest] = members
  const shared: Members = [inOwnWords(first), ...rest.map(inOwnWords)]
  const taken = LISTENERS.flatMap((flag) => {
    const { value, differing } = common(shared, ({ settings }) => settings[flag])
    const standard = flag === 'listen-metrics-urls' && value === METRICS
    if (value === undefined || differing !== undefined || standard) return []
    return isTaken(flag, value, etcd) ? [[flag, value] as const] : []
  })
  return Object.fromEntries(taken)
}

/** Another etcd on one of their nodes has the port where quorate's members serve metrics by default. */
export function isMetricsPortTaken(members: readonly Member[]): boolean {
  const port = new URL(METRICS).port
  return members.some(({ process, facts }) =>
    facts.processes.some((other) => {
      if (other.pid === process.pid) return false
      const settings = settingsOrNone(other)
      const flags = ['listen-client-urls', 'listen-peer-urls', 'listen-metrics-urls']
      return flags.some((flag) => urlsOf(settings, flag).some((url) => url.port === port))
    }),
  )
}

/** Unreadable settings of an unrelated process are not a reason to refuse this cluster. */
function settingsOrNone(process: EtcdProcess): Settings {
  try {
    return settingsOf(process)
  } catch (error) {
    if (error instanceof QuorateError) return {}
    throw error
  }
}

interface Ports {
  readonly clientPort: number
  readonly peerPort: number
  /** Which clients are served without TLS. */
  readonly plaintext: 'none' | 'loopback' | 'all'
}

function inOwnWords(member: Member): Member {
  return { ...member, settings: withOwnAddress(member) }
}

/** The member's settings, with its own address in these URLs as in the cluster file. */
function withOwnAddress(member: Member): Settings {
  const address = peerPlace(member)?.address
  if (address === undefined) return member.settings
  const here = address.includes(':') ? `[${address}]` : address
  const urls = LISTENERS.flatMap((flag) => {
    const value = member.settings[flag]
    return value === undefined ? [] : [[flag, value.replaceAll(`//${here}:`, `//${OWN_ADDRESS}:`)] as const]
  })
  return { ...member.settings, ...Object.fromEntries(urls) }
}

/** Whether the cluster file accepts it: see `check-listeners.ts`. A value that it would refuse is not carried over. */
function isTaken(flag: (typeof LISTENERS)[number], value: string, etcd: Ports): boolean {
  const urls = listenUrls(value)
  const fits = urls.every(
    (url, at) =>
      url.port >= 1024 &&
      ![etcd.clientPort, etcd.peerPort].includes(url.port) &&
      (url.host === OWN_ADDRESS || isLoopback(url) || isWildcard(url)) &&
      urls.slice(0, at).every((other) => !clash(url, other)),
  )
  if (urls.length === 0 || urls.length !== splitUrls(value).length || !fits) return false
  if (flag === 'listen-metrics-urls') return true
  const open = urls.filter(({ tls }) => !tls)
  return etcd.plaintext === 'all' || open.every((url) => etcd.plaintext === 'loopback' && isLoopback(url))
}
