import { expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import type { Session } from './session.ts'
import { parseClusterFile } from '../../spec/parse.ts'
import { GOOD } from '../../spec/sample.ts'
import { preflight } from './preflight.ts'

const unreachable = async () =>
  await Promise.reject(new QuorateError('unreachable', 'ssh ended without a word'))

function session(signal: AbortSignal): Session {
  return {
    cluster: parseClusterFile(GOOD, 'cluster.yaml').cluster,
    signal,
    emit: () => undefined,
    remote: unreachable,
    bundle: async () => await Promise.resolve(undefined),
  } as unknown as Session
}

test('an unreachable machine is a failure in the report', async () => {
  const { checks } = await preflight(session(new AbortController().signal))
  expect(new Set(checks.map(({ id, result }) => `${id} ${result}`))).toEqual(
    new Set(['access failure', 'peer-trust ok']),
  )
})

test('Ctrl-C while connecting says nothing about the machines', async () => {
  await expect(preflight(session(AbortSignal.abort(new Error('stopped'))))).rejects.toThrow('stopped')
})
