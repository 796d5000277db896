/** Where a process of etcd listens for those on its own machine. */

/**
 * From the environment that it was started with: it may differ from what the cluster file says by now.
 *
 * @returns undefined if it listens on no loopback address that it names.
 */
export function localPort(
  environment: Readonly<Record<string, string>>,
): { readonly port: number; readonly plaintext: boolean } | undefined {
  const urls = (environment['ETCD_LISTEN_CLIENT_URLS'] ?? '').split(',').filter((url) => URL.canParse(url))
  const local = urls.map((url) => new URL(url)).find(({ hostname }) => hostname === '127.0.0.1')
  if (local === undefined || local.port === '') return undefined
  return { port: Number(local.port), plaintext: local.protocol === 'http:' }
}
