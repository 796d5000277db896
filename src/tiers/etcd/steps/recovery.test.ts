import { expect, test } from 'vitest'
import type { Operation } from '../../../host/operations.ts'
import { PATHS } from '../../../host/state.ts'
import { sampleCluster } from '../../../etcd/sample.ts'
import { MILESTONES, RECOVERY, type RecoverySupplies } from './recovery.ts'

const supplies: RecoverySupplies = {
  cluster: sampleCluster(),
  survivor: 'etcd01',
  reached: 'fenced',
  suffix: 'before-recover-20260730T101112Z',
  former: 'abc',
  mark: (reached) => `at ${reached}`,
}

function operationsOf(kind: keyof typeof RECOVERY, more: Partial<RecoverySupplies> = {}, host = 'etcd01') {
  return (RECOVERY[kind].operations?.({ ...supplies, ...more }, host) ?? []).map(shown)
}

/** A file by its content, everything else by its name. */
function shown([name, values]: Operation): string {
  const { content, path } = (values ?? {}) as { content?: { text: string }; path?: string }
  return name === 'file' ? `${path} ${content?.text.split('\n').at(-2) ?? content?.text}` : name
}

/** By what other nodes do before them. */
function kindsWith(bystanders: string): readonly string[] {
  return Object.entries(RECOVERY).flatMap(([kind, one]) => (one.bystanders?.[0] === bystanders ? [kind] : []))
}

test('a node is marked before anything on it stops, and loses its mark last', () => {
  expect(operationsOf('fence')).toEqual([`${PATHS.underway} at fenced`, 'recover_halt', 'stop'])
  for (const kind of ['release', 'end', 'take-back'] as const) {
    expect([kind, ...operationsOf(kind).slice(-2)]).toEqual([kind, 'recover_resume', 'remove'])
  }
})

test('the exchange is noted before and after it: half done, it can only be completed', () => {
  const [before, ...others] = operationsOf('place')
  expect(before).toBe(`${PATHS.underway} at placing`)
  expect(others.at(-1)).toBe(`${PATHS.underway} at placed`)
  expect(others).toContain('recover_place')
})

test('only the survivor, and only once its cluster ID file was overwritten, gets the former one back', () => {
  const restored = `${PATHS.clusterId} cluster-id=abc`
  const reached = MILESTONES.filter((milestone) =>
    operationsOf('take-back', { reached: milestone }).includes(restored),
  )
  expect(reached).toEqual(['placing', 'placed', 'serving', 'cleared'])
  expect(operationsOf('take-back', { reached: 'placed' }, 'etcd02')).not.toContain(restored)
  // There was none.
  const none = operationsOf('take-back', { reached: 'placed', former: undefined })
  expect(none.filter((name) => name === 'remove')).toHaveLength(2)
})

test('once the old data of the survivor is put back, its mark says so before the copy is removed', () => {
  const put = operationsOf('take-back', { reached: 'placing' })
  expect(put.indexOf(`${PATHS.underway} at fenced`)).toBeGreaterThan(put.indexOf('recover_put_back'))
  expect(put.indexOf(`${PATHS.underway} at fenced`)).toBeLessThan(put.indexOf('recover_drop'))
  expect(operationsOf('take-back', { reached: 'placing' }, 'etcd02')).not.toContain(
    `${PATHS.underway} at fenced`,
  )
})

test('whatever uses etcd elsewhere stops and starts with the members', () => {
  expect(kindsWith('recover_halt')).toEqual(['fence'])
  expect(kindsWith('recover_resume')).toEqual(['release', 'take-back', 'end'])
})
