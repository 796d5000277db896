import type { Dispatcher } from 'undici'
import { Agent, EnvHttpProxyAgent, ProxyAgent } from 'undici'
import { QuorateError } from '../errors.ts'

/** Timeouts and retries for a server. */
export interface NetworkLimits {
  /** For opening a connection. */
  readonly connectTimeoutMs: number
  /** For the answer's first byte, and between two chunks of it. */
  readonly stallTimeoutMs: number
  /** Attempts in total, for failures that may be temporary. */
  readonly attempts: number
  /** Before the second attempt; doubled before each further one. */
  readonly backoffMs: number
  readonly maxRedirects: number
}

export const DEFAULT_LIMITS: NetworkLimits = {
  connectTimeoutMs: 15_000,
  stallTimeoutMs: 30_000,
  attempts: 4,
  backoffMs: 1000,
  maxRedirects: 5,
}

/**
 * Connections through the given proxy, or through the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, also in
 * lower case), or direct. The caller closes it.
 */
export function openNetwork(
  proxy: string | undefined,
  environment: NodeJS.ProcessEnv,
  limits: NetworkLimits,
): Dispatcher {
  const options = {
    connect: { timeout: limits.connectTimeoutMs },
    connectTimeout: limits.connectTimeoutMs,
    headersTimeout: limits.stallTimeoutMs,
    bodyTimeout: limits.stallTimeoutMs,
  }
  if (proxy !== undefined) return new ProxyAgent({ ...options, uri: httpUrl(proxy, 'the proxy').href })
  const variable = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? ''
  const [httpProxy, httpsProxy] = [variable('HTTP_PROXY'), variable('HTTPS_PROXY')]
  if (httpProxy === '' && httpsProxy === '') return new Agent(options)
  return new EnvHttpProxyAgent({ ...options, httpProxy, httpsProxy, noProxy: variable('NO_PROXY') })
}

/** Parses an http or https URL; throws a `cluster-file` error that names it `what`. */
export function httpUrl(text: string, what: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new QuorateError(
    'cluster-file',
    `'${url === null ? text : printable(url)}' is not a URL for ${what}`,
    {
      hint: "use a URL that begins with 'https://' (or 'http://')",
    },
  )
}

/** Fills each `{name}` of a URL. Throws a `cluster-file` error for a name that isn't among the values. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([^{}]*)\}/g, (placeholder, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value !== undefined) return value
    const known = Object.keys(values).map((one) => `{${one}}`)
    throw new QuorateError(
      'cluster-file',
      `the URL '${template}' has an unknown placeholder ${placeholder}`,
      {
        hint: `use ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`,
      },
    )
  })
}

/** A URL for messages and logs: without its login, and without its query, which may contain a signature. */
export function printable(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}
