/**
 * A client that reads and writes through the load balancer, and retries what fails: measures the client-visible impact
 * of a fault.
 */
import https from 'node:https'
import { setTimeout } from 'node:timers/promises'
import type { Answer, Ask, BalancedApi } from './balanced-api.ts'

const OBJECTS = '/api/v1/namespaces/default/configmaps'
const PAUSE_MS = 50
/** A client with a longer timeout would retry less often than it could. */
const FIRST_TRY_MS = 1_000
const LATER_TRY_MS = 2_000
/** A request that was retried for this long has failed. */
const GIVEN_UP_MS = 20_000

export interface Noticed {
  /** Successful requests, after as many tries as needed. */
  readonly done: number
  /** Failed tries, with the errors of a few of them. */
  readonly failedTries: number
  readonly examples: readonly string[]
  /** Requests whose tries all failed. */
  readonly failed: readonly string[]
  /** The longest time between two successful answers, in ms. */
  readonly longestGapMs: number
}

export interface Report {
  readonly reads: Noticed
  readonly writes: Noticed
}

export interface Traffic {
  /** Can be called twice. @throws if the last written value is not read back */
  stop(): Promise<Report>
}

/**
 * One reader and one writer of an object with this name, which has no other writer. Each has its own connection, and
 * keeps it while it works.
 */
export async function startTraffic(api: BalancedApi, name = 'traffic'): Promise<Traffic> {
  const metadata = { name, namespace: 'default' }
  const object = `${OBJECTS}/${name}`
  const { status } = await api.ask(object)
  if (status === 404)
    await api.create(OBJECTS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
    })
  const stopped = new AbortController()
  let written = 0
  const reads = repeat(api, object, stopped.signal, () => ({}))
  const writes = repeat(api, object, stopped.signal, () => ({
    method: 'PATCH',
    body: { data: { count: String(++written) } },
  }))
  let report: Promise<Report> | undefined
  const end = async () => {
    stopped.abort()
    const found = { reads: await reads, writes: await writes }
    const { data } = await api.read<{ data: { count: string } }>(object)
    if (data.count !== String(written)) throw new Error(`${written} was written, ${data.count} is read`)
    return found
  }
  return { stop: async () => await (report ??= end()) }
}

/** Lines for people, which a test prints. */
export function describeReport(what: string, report: Report): string {
  const lines = Object.entries(report).map(([how, noticed]: [string, Noticed]) => {
    const { done, failedTries, failed, longestGapMs, examples } = noticed
    const some = examples.length === 0 ? '' : ` (${examples.join('; ')})`
    return `${what}: ${done} ${how}, ${failedTries} tries failed${some}, ${failed.length} for good, longest gap ${longestGapMs} ms\n`
  })
  return lines.join('')
}

async function repeat(
  api: BalancedApi,
  object: string,
  stopped: AbortSignal,
  next: () => Ask,
): Promise<Noticed> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
  const examples: string[] = []
  const failed: string[] = []
  let [done, failedTries, longestGapMs, last] = [0, 0, 0, performance.now()]
  while (!stopped.aborted) {
    const asked = next()
    const started = performance.now()
    let isGood = false
    for (let attempt = 0; !isGood; attempt++) {
      const timeoutMs = attempt < 2 ? FIRST_TRY_MS : LATER_TRY_MS
      const trouble = await api.ask(object, { ...asked, agent, timeoutMs }).then(troubleIn, String)
      isGood = trouble === undefined
      if (trouble === undefined) break
      failedTries += 1
      if (examples.length < 5) examples.push(trouble)
      if (performance.now() - started > GIVEN_UP_MS) {
        failed.push(`${new Date().toISOString()} ${trouble}`)
        break
      }
      await setTimeout(PAUSE_MS)
    }
    if (isGood) {
      done += 1
      longestGapMs = Math.max(longestGapMs, Math.round(performance.now() - last))
      last = performance.now()
    }
    await setTimeout(PAUSE_MS)
  }
  agent.destroy()
  return { done, failedTries, examples, failed, longestGapMs }
}

function troubleIn({ status, text }: Answer): string | undefined {
  return status === 200 ? undefined : `${status}: ${text.slice(0, 200)}`
}
