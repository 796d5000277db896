/** Where an etcd process listens for local clients, and which name its certificate certainly has. */
import { isIP } from 'node:net'

/** Where a member listens for local clients. */
export interface LocalPort {
  /** The IP address that is dialed on its node: 127.0.0.1, or its own address if it doesn't listen on that. */
  readonly at: string
  readonly port: number
  readonly plaintext: boolean
  /** The IP address that it advertises to clients; undefined: it names none. */
  readonly address: string | undefined
}

export const LOOPBACK = '127.0.0.1'
const REACH_LOOPBACK: ReadonlySet<string> = new Set([LOOPBACK, 'localhost', '0.0.0.0', '::'])

/**
 * From the environment that it was started with, which may differ from the current cluster file. Uses TLS if it serves
 * both with and without.
 *
 * @returns undefined if its environment names no address.
 */
export function localPort(environment: Readonly<Record<string, string>>): LocalPort | undefined {
  const urls = (name: string) =>
    (environment[name] ?? '').split(',').flatMap((url) => (URL.canParse(url) ? [new URL(url)] : []))
  const all = urls('ETCD_LISTEN_CLIENT_URLS').filter(
    ({ port, protocol }) => port !== '' && /^https?:$/.test(protocol),
  )
  const loopback = all.filter((url) => REACH_LOOPBACK.has(hostOf(url)))
  const near = loopback.length > 0 ? loopback : all
  const local = near.find(({ protocol }) => protocol === 'https:') ?? near[0]
  if (local === undefined) return undefined
  const address = urls('ETCD_ADVERTISE_CLIENT_URLS')
    .map(hostOf)
    .find((host) => isIP(host) !== 0)
  const at = loopback.length > 0 ? LOOPBACK : hostOf(local)
  return { at, port: Number(local.port), plaintext: local.protocol === 'http:', address }
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
