/** What a Kubernetes keeps in etcd, below `/registry/`: whose it is, and how it goes. */
import { QuorateError } from '../errors.ts'
import type { MemberClient } from '../etcd/client.ts'
import { KV } from '../etcd/gen/kv_pb.ts'
import { fromUtf8, prefixEnd, utf8 } from '../etcd/keys.ts'

/** Every API server's, unless its `--etcd-prefix` says otherwise: quorate's have none. */
export const REGISTRY = '/registry/'

/** Each API server that runs has one, for 15 s after it has last said so. */
const SERVERS = `${REGISTRY}masterleases/`

/** ConfigMaps with the CA that a Kubernetes trusts: an API server makes the first as it starts. */
const TRUSTED = ['extension-apiserver-authentication', 'kube-root-ca.crt'].map(
  (name) => `${REGISTRY}configmaps/kube-system/${name}`,
)

export interface RegistryFacts {
  readonly keys: number
  /** `own`: of the Kubernetes whose CA was given; `other`: of one with another CA, or nothing says of which. */
  readonly whose: 'own' | 'other'
  /** Addresses of API servers that are at work on it, or were until 15 s ago. */
  readonly servers: readonly string[]
}

/** No more of them are named. */
const MOST_SERVERS = 20

/**
 * @param ca PEM of all CAs that are this Kubernetes'; undefined: it has none yet
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

/** Whether one of these certificates (PEM) is in a stored object, in whatever form that is stored. */
export function trustsOneOf(stored: string, ca: string): boolean {
  const known = new Set(certificatesIn(ca))
  return certificatesIn(stored).some((one) => known.has(one))
}

function certificatesIn(text: string): readonly string[] {
  const found = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]{1,20000})-----END CERTIFICATE-----/g)
  // As JSON, lines end in a backslash and an n.
  return [...found].map(([, body = '']) => body.replaceAll(/\\n|\s/g, ''))
}

/** All of it, at once. @throws QuorateError `etcd`, `cancelled` */
export async function removeRegistry(client: MemberClient, signal: AbortSignal): Promise<number> {
  const { deleted } = await client.call(KV.method.deleteRange, below(REGISTRY), {
    signal,
    timeoutMs: REMOVE_MS,
  })
  return Number(deleted)
}

/** How long etcd may take to remove all keys, in ms: some 100,000 a second. */
const REMOVE_MS = 60_000

/** What the first member says that answers; undefined: none does. @throws QuorateError `cancelled`, and what is no QuorateError */
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
