/**
 * Proves that a cluster works for its workloads. The controller-manager creates a pod for every node, and the scheduler
 * places it. Every pair of pods can connect. A Service answers by address and by name. The API reads the pods' logs
 * from their kubelets. Everything is in a separate namespace, which is always removed afterwards.
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

/** Time until a pod serves on every node, in ms. */
const PLACING_MS = 90_000

/** How long pods try to reach each other, in seconds. */
const ASKING_SECONDS = 30

/** Time until those pods have started, checked and ended, in ms. */
const ASKING_MS = (ASKING_SECONDS + 60) * 1000

/** Time for the removal, in ms; after that, the API continues it by itself. */
const REMOVING_MS = 30_000

const LOOK_MS = 500

export interface ProofOptions extends Omit<ProofPlan, 'namespace'> {
  /**
   * Through the load balancer, if there is one. It must not end with `signal`, because the removal still needs it
   * afterwards.
   */
  readonly client: ApiClient
  readonly signal: AbortSignal
  readonly emit: (progress: ProofProgress) => void
  /** Multiplies every deadline; default: 1. */
  readonly patienceFactor?: number | undefined
}

/** Progress: `done` of `total` pods. */
export interface ProofProgress {
  readonly stage: 'placing' | 'asking' | 'reading' | 'removing'
  readonly done: number
  readonly total: number
}

export interface ProofReport {
  readonly nodes: readonly string[]
  /** Number of required answers: of every pair, of the Service, of logs. */
  readonly checks: number
  readonly failures: readonly ProofFailure[]
  /** Leftovers of earlier proofs that were removed first. */
  readonly swept: number
  /** The namespace whose removal did not finish in time, and continues. */
  readonly left: string | undefined
}

/**
 * Takes about four minutes at most. The cluster's lock makes sure that only one proof runs at a time. So every other
 * namespace of a proof is a leftover of an interrupted one, and is removed.
 *
 * @throws QuorateError `kubernetes` if the API does not answer; `cancelled`
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
  // The controller-manager starts a namespace's removal only five seconds after the request. The proof has just shown
  // that it works, so don't wait for it.
  const enough: readonly Removal[] = failures.length === 0 ? ['gone', 'going'] : ['gone']
  const left = (await remove(plan.namespace, options, enough)) ? undefined : plan.namespace
  return { nodes, checks: nodes.length * (nodes.length + 3), failures, swept, left }
}

/** Removes what earlier proofs left, without waiting for completion. @returns the number of namespaces */
export async function sweepProofs(client: ApiClient): Promise<number> {
  const names = await client.list('Namespace', NAME, { labels: PROOF_LABEL })
  await Promise.all(names.map(async (name) => await askToGo(client, name)))
  return names.length
}

/** Progress of a namespace's removal. `going`: the API has accepted it, and completes it by itself. */
type Removal = 'gone' | 'going' | 'unknown'

async function askToGo(client: ApiClient, name: string): Promise<Removal> {
  try {
    return (await client.delete({ kind: 'Namespace', name })) ? 'going' : 'gone'
  } catch (error) {
    if (isConflict(error)) return 'going'
    // The API server is restarting.
    if (mayPass(error)) return 'unknown'
    throw error
  }
}

/** The error for a proof that failed; undefined: it succeeded. */
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

  /** Waits until there is such a pod on every node, or until the deadline, and returns the pods. */
  async function podsWhen(
    stage: 'placing' | 'asking',
    labels: string,
    ms: number,
    isDone: (pod: ProofPod) => boolean,
  ): Promise<readonly ProofPod[]> {
    let reported = -1
    return await until(
      async () => {
        const found = await passing(
          [],
          async () => await client.list('Pod', PROOF_POD, { namespace, labels, signal }),
        )
        const done = nodes.filter((node) => found.some((pod) => pod.node === node && isDone(pod))).length
        if (done > reported) options.emit({ stage, done: (reported = done), total: nodes.length })
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

/** The latest warning about each pod that does not run: a network that can't be set up is reported nowhere else. */
async function saidOf(
  pods: readonly ProofPod[],
  namespace: string,
  { client, signal }: ProofOptions,
): Promise<Readonly<Record<string, string>>> {
  if (pods.every(({ ready }) => ready)) return {}
  const events = await passing([], async () => await client.list('Event', EVENT, { namespace, signal }))
  return Object.fromEntries(events.filter(({ warns }) => warns).map(({ pod, message }) => [pod, message]))
}

/** The API server reads a pod's log from its kubelet over a separate connection. */
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
 * Ignores the run's signal: after Ctrl-C the namespace must be removed, too.
 *
 * @param enough how far the removal must get
 * @returns whether it did
 */
async function remove(
  namespace: string,
  { client, emit, patienceFactor }: ProofOptions,
  enough: readonly Removal[] = ['gone'],
): Promise<boolean> {
  emit({ stage: 'removing', done: 0, total: 1 })
  // If this fails, the namespace still removes its pods, only later.
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

/** Removes pods first: if a namespace's controller finds pods, it looks again only seconds later. */
async function removePods(client: ApiClient, namespace: string): Promise<void> {
  await client.delete({ kind: 'DaemonSet', name: SERVE, namespace })
  const pods = await client.list('Pod', NAME, { namespace })
  await Promise.all(
    pods.map(async (name) => await client.delete({ kind: 'Pod', name, namespace }, { graceSeconds: 0 })),
  )
}

/** For requests that are repeated: an API server that is unavailable for a moment must not end the proof. */
async function passing<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (mayPass(error)) return otherwise
    throw error
  }
}

/** On one line, for a log: `pods on 2 of 3 nodes`. */
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
