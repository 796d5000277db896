/**
 * The proof that a cluster works for what runs in it: a pod on every node, made by the controller-manager and placed by the
 * scheduler; every pair of pods talks; a Service answers by its address and by its name; the API reads the pods' logs, which it
 * has from their kubelets. All of it in a namespace of its own, which is removed afterwards, whatever happens.
 */
import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { counted } from '../spec/units.ts'
import { oneLine } from '../spec/visible.ts'
import { until } from '../wait/until.ts'
import type { ApiClient } from './api-client.ts'
import { PROOF_LABEL } from './api-facts.ts'
import { isConflict, mayPass } from './api-failure.ts'
import { NAME } from './api-parse.ts'
import { PROOF_POD, type ProofFailure, type ProofPod, judged, unplaced } from './proof/judge.ts'
import {
  CHECKS_SELECTOR,
  type ProofPlan,
  SERVES_SELECTOR,
  SERVE,
  checking,
  proofNamespace,
  serving,
} from './proof/objects.ts'

/** Until a pod serves on every node, in ms. */
const PLACING_MS = 90_000

/** How long pods ask each other before they give up, in seconds. */
const ASKING_SECONDS = 30

/** Until those pods have started, asked and ended, in ms. */
const ASKING_MS = (ASKING_SECONDS + 60) * 1000

/** Until what was made is removed, in ms: then the API goes on with it by itself. */
const REMOVING_MS = 30_000

const LOOK_MS = 500

export interface ProofOptions extends Omit<ProofPlan, 'namespace'> {
  /** Through the load balancer, if there is one. It must not end with `signal`: what was made has to be removed after it, too. */
  readonly client: ApiClient
  readonly signal: AbortSignal
  readonly emit: (progress: ProofProgress) => void
  /** What every deadline is multiplied by; 1 unless given. */
  readonly patienceFactor?: number | undefined
}

/** How far it is: `done` of `total` pods. */
export interface ProofProgress {
  readonly stage: 'placing' | 'asking' | 'reading' | 'removing'
  readonly done: number
  readonly total: number
}

export interface ProofReport {
  readonly nodes: readonly string[]
  /** How many answers were wanted: of every pair, of the Service, of logs. */
  readonly checks: number
  readonly failures: readonly ProofFailure[]
  /** Leftovers of earlier proofs that were removed first. */
  readonly swept: number
  /** What was made could not be removed in time, and is still going: its namespace. */
  readonly left: string | undefined
}

/**
 * Bounded in time: some four minutes at worst. Nobody else may prove the same cluster at the same time (the cluster's lock sees to
 * that): every other namespace of a proof is a leftover of one that was killed, and is removed.
 *
 * @throws QuorateError `kubernetes` where the API does not answer; `cancelled`
 */
export async function proveCluster(options: ProofOptions): Promise<ProofReport> {
  const { client, nodes } = options
  const plan = { ...options, namespace: `quorate-proof-${randomBytes(4).toString('hex')}` }
  const swept = await sweepProofs(client)
  let failures: readonly ProofFailure[]
  try {
    await client.create(proofNamespace(plan), options)
    failures = await prove(plan, options)
  } catch (error) {
    await remove(plan.namespace, options).catch(() => undefined)
    throw error
  }
  // The controller-manager takes up a namespace only five seconds after it was asked to. It has just proven that it works.
  const enough: readonly Removal[] = failures.length === 0 ? ['gone', 'going'] : ['gone']
  const left = (await remove(plan.namespace, options, enough)) ? undefined : plan.namespace
  return { nodes, checks: nodes.length * (nodes.length + 3), failures, swept, left }
}

/** Removes what earlier proofs left, without waiting until it is gone. @returns how many namespaces */
export async function sweepProofs(client: ApiClient): Promise<number> {
  const names = await client.list('Namespace', NAME, { labels: PROOF_LABEL })
  await Promise.all(names.map(async (name) => await askToGo(client, name)))
  return names.length
}

/** How far a namespace's removal is. `going`: the API has taken it on, and finishes it by itself. */
type Removal = 'gone' | 'going' | 'unknown'

async function askToGo(client: ApiClient, name: string): Promise<Removal> {
  try {
    return (await client.delete({ kind: 'Namespace', name })) ? 'going' : 'gone'
  } catch (error) {
    if (isConflict(error)) return 'going'
    // The API server is on its own way.
    if (mayPass(error)) return 'unknown'
    throw error
  }
}

/** What is to be said of a proof that failed; undefined: it did not. */
export function proofError({ failures, checks }: ProofReport): QuorateError | undefined {
  if (failures.length === 0) return undefined
  const lines = failures.slice(0, 20).map(({ message }) => message)
  const more = failures.length - lines.length
  if (more > 0) lines.push(`and ${counted(more, 'more failure')}`)
  const hints = [...new Set(failures.map(({ hint }) => hint))].slice(0, 4)
  const message = `the cluster does not work yet: ${failures.length} of ${counted(checks, 'check')} failed\n  ${lines.join('\n  ')}`
  return new QuorateError('unhealthy', message, { hint: hints.join('\n') })
}

async function prove(plan: ProofPlan, options: ProofOptions): Promise<readonly ProofFailure[]> {
  const { client, signal } = options
  const { nodes, namespace } = plan
  for (const object of serving(plan)) await client.create(object, { signal })
  const pods = await podsWhen(
    'placing',
    SERVES_SELECTOR,
    PLACING_MS,
    (pod) => pod.ready && pod.address !== '',
  )
  const missing = unplaced(nodes, pods, await saidOf(pods, namespace, options))
  if (missing.length > 0) return missing
  const service = await client.get({ kind: 'Service', name: SERVE, namespace }, ADDRESS, { signal })
  if (service === undefined)
    throw new QuorateError('moved', `the Service of the proof in ${namespace} is gone`)
  const asking = checking(plan, pods, service, ASKING_SECONDS)
  await Promise.all(asking.map(async (object) => await client.create(object, { signal })))
  const checks = await podsWhen('asking', CHECKS_SELECTOR, ASKING_MS, hasEnded)
  return [...judged(nodes, checks), ...(await unreadLogs(checks, namespace, options))]

  /** The pods as they are once there is one of these on every node, or when the time is up. */
  async function podsWhen(
    stage: 'placing' | 'asking',
    labels: string,
    ms: number,
    isDone: (pod: ProofPod) => boolean,
  ): Promise<readonly ProofPod[]> {
    let told = -1
    return await until(
      async () => {
        const found = await passing(
          [],
          async () => await client.list('Pod', PROOF_POD, { namespace, labels, signal }),
        )
        const done = nodes.filter((node) => found.some((pod) => pod.node === node && isDone(pod))).length
        if (done > told) options.emit({ stage, done: (told = done), total: nodes.length })
        return done === nodes.length ? { found } : { missing: found }
      },
      { ms, everyMs: LOOK_MS, signal, patienceFactor: options.patienceFactor, late: (found) => found },
    )
  }
}

function hasEnded({ phase }: ProofPod): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

const ADDRESS = z
  .looseObject({ spec: z.looseObject({ clusterIP: z.string().regex(/^[0-9a-f.:]+$/) }) })
  .transform(({ spec }) => spec.clusterIP)

const EVENT = z
  .looseObject({
    involvedObject: z.looseObject({ name: z.string().default('') }),
    type: z.string().default(''),
    message: z.string().default(''),
  })
  .transform(({ involvedObject, type, message }) => ({
    pod: involvedObject.name,
    warns: type === 'Warning',
    message: oneLine(message, 300),
  }))

/** The latest warning about each pod that does not run: a network that can't be set up is said nowhere else. */
async function saidOf(
  pods: readonly ProofPod[],
  namespace: string,
  { client, signal }: ProofOptions,
): Promise<Readonly<Record<string, string>>> {
  if (pods.every(({ ready }) => ready)) return {}
  const events = await passing([], async () => await client.list('Event', EVENT, { namespace, signal }))
  return Object.fromEntries(events.filter(({ warns }) => warns).map(({ pod, message }) => [pod, message]))
}

/** A pod's log comes from its kubelet, by a connection of the API server's. */
async function unreadLogs(
  checks: readonly ProofPod[],
  namespace: string,
  { client, signal, emit }: ProofOptions,
): Promise<readonly ProofFailure[]> {
  const ended = checks.filter(hasEnded)
  emit({ stage: 'reading', done: 0, total: ended.length })
  const failures = await Promise.all(
    ended.map(async ({ name, node }): Promise<ProofFailure | undefined> => {
      try {
        await client.log({ name, namespace }, { lines: 5, bytes: 4_096 }, { signal })
        return undefined
      } catch (error) {
        if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
        const message = `the API server can't read a log from the kubelet on ${node}: ${oneLine(error.message, 400)}`
        const hint = `the API server dials ${node}:10250, and takes only a certificate of the cluster's CA: quorate apply`
        return { kind: 'log', from: node, to: undefined, message, hint }
      }
    }),
  )
  return failures.filter((failure) => failure !== undefined)
}

/**
 * Without the run's signal: Ctrl-C is no reason to leave something behind.
 *
 * @param enough how far it has to come
 * @returns whether it has
 */
async function remove(
  namespace: string,
  { client, emit, patienceFactor }: ProofOptions,
  enough: readonly Removal[] = ['gone'],
): Promise<boolean> {
  emit({ stage: 'removing', done: 0, total: 1 })
  // Whatever is in its way: the namespace takes its pods along, only later.
  await removePods(client, namespace).catch(() => undefined)
  return await until(
    async () => (enough.includes(await askToGo(client, namespace)) ? { found: true } : { missing: false }),
    {
      ms: REMOVING_MS,
      everyMs: LOOK_MS,
      signal: undefined,
      patienceFactor,
      late: () => false,
    },
  )
}

/** At once: a namespace whose controller finds pods looks again only seconds later. */
async function removePods(client: ApiClient, namespace: string): Promise<void> {
  await client.delete({ kind: 'DaemonSet', name: SERVE, namespace })
  const pods = await client.list('Pod', NAME, { namespace })
  await Promise.all(
    pods.map(async (name) => await client.delete({ kind: 'Pod', name, namespace }, { graceSeconds: 0 })),
  )
}

/** What is asked again and again: an API server that goes away in between is no reason to stop. */
async function passing<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (mayPass(error)) return otherwise
    throw error
  }
}

/** In one line, for a log of what happens: `pods on 2 of 3 nodes`. */
export function describeProgress({ stage, done, total }: ProofProgress): string {
  switch (stage) {
    case 'placing':
      return `proof: pods run on ${done} of ${counted(total, 'node')}`
    case 'asking':
      return `proof: all pods asked from ${done} of ${counted(total, 'node')}`
    case 'reading':
      return `proof: reading the logs of ${counted(total, 'pod')}`
    case 'removing':
      return 'proof: removing what was made'
  }
}
