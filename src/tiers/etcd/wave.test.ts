import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { sampleCluster } from '../../etcd/sample.ts'
import type { Observed } from './facts/observed.ts'
import type { Step } from './steps/steps.ts'
import type { RunEvent } from '../../engine/events.ts'
import type { Lock } from '../../engine/lock.ts'
import type { Session } from './session.ts'
import { ETCD_STEPS } from './steps/kinds.ts'
import { CERTIFICATES } from './facts/facets.ts'
import { runWave } from './wave.ts'

const OBSERVED: Observed = {
  hosts: {},
  authority: { bundle: undefined },
  certificates: {},
  cluster: undefined,
  network: undefined,
}

test('a run that loses the lock while it waits for the cluster stops waiting, and reports why', async () => {
  const lost = new AbortController()
  const silence = new QuorateError('unreachable', 'no answer from 10.0.0.2', { host: 'etcd02' })
  const events: RunEvent[] = []
  // No member can become healthy.
  const session = {
    cluster: sampleCluster(),
    steps: ETCD_STEPS,
    signal: new AbortController().signal,
    members: async () => [],
    emit: (event: RunEvent) => {
      events.push(event)
      if (event.type === 'step-started') setImmediate(() => lost.abort(silence))
    },
  } as unknown as Session
  const lock: Lock = {
    work: async () => await Promise.reject(new Error('no machine is worked on')),
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => undefined,
  }
  const wait: Step = { kind: 'await-health', what: 'wait', why: 'etcd02 is silent', danger: 'none' }
  await expect(runWave(session, lock, OBSERVED, [wait], CERTIFICATES)).rejects.toBe(silence)
  expect(events.at(-1)).toMatchObject({ type: 'step-failed', message: expect.stringContaining('10.0.0.2') })
})
