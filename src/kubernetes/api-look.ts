/**
 * Asks the API servers for the facts in api-facts.ts. A server that doesn't answer, or can't be asked, is a fact, not
 * an error.
 */
import { once } from 'node:events'
import type * as z from 'zod'
import { QuorateError, inFull } from '../errors.ts'
import { oneLine } from '../spec/visible.ts'
import type { ApiClient } from './api-client.ts'
import {
  CONFIG_MAPS,
  type HeldFacts,
  type KubernetesFacts,
  type Led,
  NAMESPACES,
  PROOF_LABEL,
  type ServerFacts,
  type WorkloadFacts,
} from './api-facts.ts'
import { isForbidden } from './api-failure.ts'
import { DNS_SELECTOR } from './objects/dns.ts'
import { type Kind, type Reference, describeReference } from './api-objects.ts'
import {
  ANY_OBJECT,
  CERTIFICATE_REQUEST,
  CONFIG_MAP,
  DAEMON_SET,
  DEPLOYMENT,
  DNS_POD,
  ENDPOINT_SLICE,
  NODE,
  leaderFrom,
  proofFrom,
} from './api-parse.ts'

export interface LookOptions {
  /** The nodes with an API server. */
  readonly servers: readonly string[]
  /**
   * Returns a client of a node's API server, or of the load balancer (undefined). A QuorateError that it throws is a
   * fact: `pki` and `permission` mean no credentials, any other code an unreachable node. It owns the client.
   */
  readonly connect: (server: string | undefined) => Promise<ApiClient>
  /** Whether to ask through the load balancer as well. */
  readonly balancer: boolean
  /** Objects to return unchanged. */
  readonly objects?: readonly Reference[] | undefined
  readonly now: () => Date
}

/**
 * How long to wait for slow servers after another one has answered and returned what the API contains, in ms: a
 * starting server accepts connections some seconds before it answers.
 */
const GRACE_MS = 2_000

/** Asks all servers in parallel. Asks the first ready one what the API contains; if that fails, the next one. */
export async function lookAtKubernetes(options: LookOptions): Promise<KubernetesFacts> {
  const looks = new Map(options.servers.map((name) => [name, lookAtServer(options, name)]))
  const through = options.balancer ? lookAtServer(options, undefined) : undefined
  // A request that is no longer awaited may still fail unnoticed. It runs until its own deadline, or until its client
  // is closed.
  for (const look of [...looks.values(), through]) look?.catch(() => undefined)
  const { held, problems } = await heldBy(looks, options)
  const answerOf = async (look: Promise<ServerFacts>) => await (held === undefined ? look : inTime(look))
  const [servers, balancer] = await Promise.all([
    Promise.all([...looks].map(async ([name, look]) => [name, await answerOf(look)] as const)),
    through && answerOf(through),
  ])
  return { servers: { ...Object.fromEntries(servers), ...problems }, balancer, held }
}

interface Held {
  readonly held: HeldFacts | undefined
  /** Servers that reported ready, and then failed. */
  readonly problems: Readonly<Record<string, ServerFacts>>
}

async function heldBy(looks: ReadonlyMap<string, Promise<ServerFacts>>, options: LookOptions): Promise<Held> {
  const left = new Map([...looks].map(([name, look]) => [name, look.then(({ state }) => ({ name, state }))]))
  const problems: Record<string, ServerFacts> = {}
  while (left.size > 0) {
    const { name, state } = await Promise.race(left.values())
    left.delete(name)
    if (state !== 'ready') continue
    try {
      return { held: await lookAtHeld(await options.connect(name), options), problems }
    } catch (error) {
      problems[name] = troubled(error)
    }
  }
  return { held: undefined, problems }
}

const SLOW: ServerFacts = {
  state: 'silent',
  late: true,
  failed: [],
  version: undefined,
  problem: `no answer ${GRACE_MS / 1000} s after another API server had answered completely`,
}

async function inTime(look: Promise<ServerFacts>): Promise<ServerFacts> {
  const late = once(AbortSignal.timeout(GRACE_MS), 'abort').then(() => SLOW)
  return await Promise.race([look, late])
}

async function lookAtServer({ connect }: LookOptions, name: string | undefined): Promise<ServerFacts> {
  try {
    const client = await connect(name)
    const [{ ready, failed }, version] = await Promise.all([client.readyz(), client.version()])
    if (ready) return { state: 'ready', failed, version, problem: undefined }
    const which = failed.length === 0 ? '' : `: ${failed.join(', ')}`
    return { state: 'not-ready', failed, version, problem: `it says that it is not ready${which}` }
  } catch (error) {
    return troubled(error)
  }
}

/** @throws every error that is not a QuorateError, because that is a bug; and `cancelled` */
function troubled(error: unknown): ServerFacts {
  if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
  const facts = { failed: [], version: undefined, problem: oneLine(inFull(error)) }
  if (error.code === 'pki' || error.code === 'permission') return { ...facts, state: 'no-credentials' }
  if (error.code !== 'kubernetes') return { ...facts, state: 'unreachable' }
  return { ...facts, state: isForbidden(error) ? 'refused' : 'silent' }
}

async function lookAtHeld(client: ApiClient, options: LookOptions): Promise<HeldFacts> {
  const { objects = [], now } = options
  const lease = async (name: Led) => await client.get(system('Lease', name), leaderFrom(now()))
  const dns = { namespace: 'kube-system', labels: DNS_SELECTOR }
  const [nodes, workloads, configMaps, manager, scheduler, endpoints, dnsPods, proofs, requests, own] =
    await Promise.all([
      client.list('Node', NODE),
      Promise.all(NAMESPACES.map(async (namespace) => await workloadsIn(client, namespace))),
      byName(CONFIG_MAPS, async (name) => await client.get(system('ConfigMap', name), CONFIG_MAP)),
      lease('kube-controller-manager'),
      lease('kube-scheduler'),
      client.get({ kind: 'EndpointSlice', name: 'kubernetes', namespace: 'default' }, ENDPOINT_SLICE),
      client.list('Pod', DNS_POD, dns),
      client.list('Namespace', proofFrom(now()), { labels: PROOF_LABEL }),
      client.list('CertificateSigningRequest', CERTIFICATE_REQUEST),
      byName(objects.map(describeReference), async (_key, at) => {
        const object = objects[at]
        return object && (await client.get(object, ANY_OBJECT))
      }),
    ])
  return {
    from: client.name,
    nodes: Object.fromEntries(nodes),
    workloads: Object.fromEntries(workloads.flat()),
    configMaps,
    leaders: { 'kube-controller-manager': manager, 'kube-scheduler': scheduler },
    apiAddresses: endpoints ?? [],
    dnsPods,
    proofs: proofs.filter((one) => one !== undefined),
    pendingRequests: requests.filter((one) => one !== undefined),
    objects: own,
  }
}

function system(kind: Kind, name: string): Reference {
  return { kind, name, namespace: 'kube-system' }
}

async function workloadsIn(
  client: ApiClient,
  namespace: string,
): Promise<readonly (readonly [string, WorkloadFacts])[]> {
  const of = async (kind: 'DaemonSet' | 'Deployment', schema: z.ZodType<readonly [string, WorkloadFacts]>) =>
    (await client.list(kind, schema, { namespace })).map(
      ([name, facts]) => [describeReference({ kind, namespace, name }), facts] as const,
    )
  return (await Promise.all([of('DaemonSet', DAEMON_SET), of('Deployment', DEPLOYMENT)])).flat()
}

/** Returns those that exist. */
async function byName<T>(
  names: readonly string[],
  ask: (name: string, at: number) => Promise<T | undefined>,
): Promise<Readonly<Record<string, T>>> {
  const found = await Promise.all(names.map(async (name, at) => [name, await ask(name, at)] as const))
  return Object.fromEntries(found.flatMap(([name, one]) => (one === undefined ? [] : [[name, one] as const])))
}
