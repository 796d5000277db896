/** Where a process of etcd listens for those on its own machine, and what its certificate is sure to name. */
import { isIP } from 'node:net'

/** Where a member listens for those on its own machine. */
export interface LocalPort {
  /** The IP address that is dialled there: 127.0.0.1, or its own where it does not listen on that. */
  readonly at: string
  readonly port: number
  readonly plaintext: boolean
  /** The IP address at which it makes itself known to clients; undefined: it names none. */
  readonly address: string | undefined
}

export const LOOPBACK = '127.0.0.1'
const REACH_LOOPBACK: ReadonlySet<string> = new Set([LOOPBACK, 'localhost', '0.0.0.0', '::'])

/**
 * From the environment that it was started with: it may differ from what the cluster file says by now. With TLS, where
 * it is served both with and without.
 *
 * @returns undefined if its environment names no place.
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
