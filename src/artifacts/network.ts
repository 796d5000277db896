import type { Dispatcher } from 'undici'
import { Agent, EnvHttpProxyAgent, ProxyAgent } from 'undici'
import { QuorateError } from '../errors.ts'

/** How long to wait for a server, and how often to ask it. */
export interface NetworkLimits {
  /** For a connection to stand. */
  readonly connectTimeoutMs: number
  /** For the answer's first byte, and between two pieces of it. */
  readonly stallTimeoutMs: number
  /** Tries in all, for troubles that may pass. */
  readonly attempts: number
  /** Before the second try; doubled before each further one. */
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
 * Connections through the given proxy, or through the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in small
 * letters too), or straight. To be closed by whoever asked for it.
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

/** Parses an http or https URL; throws a `cluster-file` error that calls it `what`. */
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

/** A URL with each `{name}` filled in. Throws a `cluster-file` error for a name that isn't among the values. */
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

/** A URL for a person or a log: without the login in it and without its query, which may hold a signature. */
export function printable(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}
