/** Kubernetes' API for a client: through the load balancer, with the certificate of a kubeconfig that quorate wrote. */
import { readFile } from 'node:fs/promises'
import https from 'node:https'
import path from 'node:path'
import { parse } from 'yaml'
import type { TestLab } from '../../lab/harness.ts'
import { quorateOk } from '../../lab/support/quorate.ts'

export interface Answer {
  readonly status: number
  readonly text: string
}

export interface Ask {
  readonly method?: string
  /** Sent as JSON; a patch is a merge patch. */
  readonly body?: unknown
  readonly timeoutMs?: number
  /** Keeps connections; default: none. */
  readonly agent?: https.Agent
  /** A machine whose own API server is used, without the load balancer. */
  readonly machine?: string
}

export interface BalancedApi {
  /** @throws if there is no answer */
  readonly ask: (path: string, ask?: Ask) => Promise<Answer>
  /** JSON of an answer that must be successful. */
  readonly read: <T>(path: string) => Promise<T>
  /** Creates an object, in JSON. */
  readonly create: (path: string, object: unknown) => Promise<void>
  /** Names of Ready nodes, in order. */
  readonly readyNodes: () => Promise<readonly string[]>
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly 'certificate-authority-data': string } }]
  readonly users: readonly [
    { readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } },
  ]
}

interface Nodes {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] }
  }[]
}

const BALANCER = 'service01'

export async function balancedApi(lab: TestLab): Promise<BalancedApi> {
  const file = path.join(lab.folder, 'client.conf')
  await quorateOk(lab, ['kubeconfig', '--out', file])
  const { clusters, users } = parse(await readFile(file, 'utf8')) as Kubeconfig
  const [{ cluster }, { user }] = [clusters[0], users[0]]
  const tls = {
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
    cert: Buffer.from(user['client-certificate-data'], 'base64'),
    key: Buffer.from(user['client-key-data'], 'base64'),
  }
  const ask = async (where: string, { method = 'GET', body, timeoutMs = 20_000, ...how }: Ask = {}) => {
    const name = how.machine ?? BALANCER
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const request = https.request({
      ...tls,
      host: lab.machine(name).address,
      servername: name,
      port: 6443,
      path: where,
      method,
      agent: how.agent ?? false,
      headers: body === undefined ? {} : { 'content-type': type },
      signal: AbortSignal.timeout(timeoutMs),
    })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject)
    })
    request.end(body === undefined ? undefined : JSON.stringify(body))
    return await promise
  }
  const good = async (where: string, how?: Ask) => {
    const { status, text } = await ask(where, how)
    if (status < 200 || status > 299) throw new Error(`${where}: ${status}: ${text.slice(0, 300)}`)
    return text
  }
  const read = async <T>(where: string) => JSON.parse(await good(where)) as T
  return {
    ask,
    read,
    create: async (where, object) => void (await good(where, { method: 'POST', body: object })),
    readyNodes: async () => {
      const { items } = await read<Nodes>('/api/v1/nodes')
      const ready = items.filter(({ status }) =>
        status.conditions.some((one) => one.type === 'Ready' && one.status === 'True'),
      )
      return ready.map(({ metadata }) => metadata.name).toSorted()
    },
  }
}
