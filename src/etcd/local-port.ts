/** Where a process of etcd listens for those on its own machine, and what its certificate is sure to name. */
import { isIP } from 'node:net'

/** Where a member listens for those on its own machine. */
export interface LocalPort {
  readonly port: number
  readonly plaintext: boolean
  /** The IP address at which it makes itself known to clients; undefined: it names none. */
  readonly address: string | undefined
}

/**
 * From the environment that it was started with: it may differ from what the cluster file says by now.
 *
 * @returns undefined if it listens on no loopback address that it names.
 */
export function localPort(environment: Readonly<Record<string, string>>): LocalPort | undefined {
  const urls = (name: string) =>
    (environment[name] ?? '').split(',').flatMap((url) => (URL.canParse(url) ? [new URL(url)] : []))
  const local = urls('ETCD_LISTEN_CLIENT_URLS').find(({ hostname }) => hostname === '127.0.0.1')
  if (local === undefined || local.port === '') return undefined
  const advertised = urls('ETCD_ADVERTISE_CLIENT_URLS').map(({ hostname }) =>
    hostname.replace(/^\[(.*)\]$/, '$1'),
  )
  const address = advertised.find((host) => isIP(host) !== 0)
  return { port: Number(local.port), plaintext: local.protocol === 'http:', address }
}
