/** A Kubernetes cluster's data in etcd, below `/registry/`: which cluster it belongs to, and its removal. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { KV } from '../etcd/gen/kv_pb.ts'
import { fromUtf8, prefixEnd, utf8 } from '../etcd/keys.ts'

/** The prefix of every API server without its own `--etcd-prefix`; quorate's have none. */
export const REGISTRY = '/registry/'

/** Each running API server has a key below this, until 15 s after its last renewal. */
const SERVERS = `${REGISTRY}masterleases/`

/** ConfigMaps with the CA that a Kubernetes cluster trusts: an API server creates the first one when it starts. */
const TRUSTED = ['extension-apiserver-authentication', 'kube-root-ca.crt'].map(
  (name) => `${REGISTRY}configmaps/kube-system/${name}`,
)

export interface RegistryFacts {
  readonly keys: number
  /** `own`: of the cluster with the given CA; `other`: of a cluster with another CA, or with an unknown one. */
  readonly whose: 'own' | 'other'
  /** Addresses of API servers that use it, or did so until 15 s ago. */
  readonly servers: readonly string[]
}

/** At most this many are named. */
const MOST_SERVERS = 20

/**
 * @param ca PEM of all CAs of this Kubernetes cluster; undefined: it has none yet
 * @throws QuorateError `etcd`, `cancelled`
 */
export async function readRegistry(
  client: MemberClient,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<RegistryFacts> {
  const ask = async (request: Readonly<Record<string, unknown>>) =>
    await client.call(KV.method.range, request, { signal })
  const { count } = await ask({ ...below(REGISTRY), countOnly: true })
  if (count === 0n) return { keys: 0, whose: 'own', servers: [] }
  const [servers, ...trusted] = await Promise.all([
    ask({ ...below(SERVERS), keysOnly: true, limit: BigInt(MOST_SERVERS) }),
    ...TRUSTED.map(async (key) => await ask({ key: utf8(key) })),
  ])
  const texts = trusted.flatMap(({ kvs }) => kvs.map(({ value }) => fromUtf8(value)))
  return {
    keys: Number(count),
    whose: ca !== undefined && texts.some((text) => trustsOneOf(text, ca)) ? 'own' : 'other',
    servers: servers.kvs.flatMap(({ key }) => {
      const address = fromUtf8(key).slice(SERVERS.length)
      return /^[0-9a-f.:]{2,45}$/.test(address) ? [address] : []
    }),
  }
}

function below(prefix: string) {
  return { key: utf8(prefix), rangeEnd: prefixEnd(prefix) }
}

/** Whether a stored object contains one of these certificates (PEM), in whatever format it is stored. */
export function trustsOneOf(stored: string, ca: string): boolean {
  const known = new Set(certificatesIn(ca))
  return certificatesIn(stored).some((one) => known.has(one))
}

function certificatesIn(text: string): readonly string[] {
  const found = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]{1,20000})-----END CERTIFICATE-----/g)
  // In JSON, a line end is a backslash and an n.
  return [...found].map(([, body = '']) => body.replaceAll(/\\n|\s/g, ''))
}

/** Removes all of it in one request. @throws QuorateError `etcd`, `cancelled` */
export async function removeRegistry(client: MemberClient, signal: AbortSignal): Promise<number> {
  const { deleted } = await client.call(KV.method.deleteRange, below(REGISTRY), {
    signal,
    timeoutMs: REMOVE_MS,
  })
  return Number(deleted)
}

/** How long etcd may take to remove all keys, in ms: it removes about 100,000 per second. */
const REMOVE_MS = 60_000

/**
 * The answer of the first member that responds; undefined: none does. @throws QuorateError `cancelled`, and every error
 * that is not a QuorateError
 */
export async function askFirst<T>(
  clients: readonly MemberClient[],
  ask: (client: MemberClient) => Promise<T>,
): Promise<T | undefined> {
  for (const client of clients) {
    try {
      return await ask(client)
    } catch (error) {
      if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    }
  }
  return undefined
}
