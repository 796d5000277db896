/** Clients during a fault: each with a new connection, and with a single try. */
import { setTimeout } from 'node:timers/promises'
import type { BalancedApi } from './balanced-api.ts'

const PAUSE_MS = 100

export interface Met {
  readonly asked: number
  /** The slowest answer, in ms. */
  readonly slowestMs: number
  /** Requests without a successful answer, with their time. */
  readonly failed: readonly string[]
}

/** @param seconds how long clients keep coming */
export async function freshConnections(api: BalancedApi, seconds: number): Promise<Met> {
  const started = performance.now()
  const answers: Promise<{ tookMs: number; failure: string | undefined }>[] = []
  while (performance.now() - started < seconds * 1_000) {
    answers.push(oneClient(api, started))
    await setTimeout(PAUSE_MS)
  }
  const met = await Promise.all(answers)
  return {
    asked: met.length,
    slowestMs: Math.round(Math.max(...met.map(({ tookMs }) => tookMs))),
    failed: met.flatMap(({ failure }) => failure ?? []),
  }
}

async function oneClient(api: BalancedApi, started: number) {
  const start = performance.now()
  const failure = await api.ask('/api/v1/namespaces/default', { timeoutMs: 15_000 }).then(
    ({ status }) => (status === 200 ? undefined : `${status}`),
    (error: unknown) => String(error),
  )
  const at = Math.round(start - started)
  return {
    tookMs: performance.now() - start,
    failure: failure === undefined ? undefined : `asked after ${at} ms: ${failure}`,
  }
}
