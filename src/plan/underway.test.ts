/** A mark keeps every other verb away, and not the one that can finish what was begun. */
import { expect, test } from 'vitest'
import { parseHostState } from '../host/observe.ts'
import { next } from './next.ts'
import { reasonsOf, settledWorld, testCluster, testIntent } from './testing.ts'
import { renderUnderway } from './underway.ts'

const cluster = testCluster()
const settled = settledWorld(cluster)

test('what is written is what is read', () => {
  const text = renderUnderway('recover', 'quorate recover --from-survivor etcd01', { stamp: 'a=b' })
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => `underway ${line}`)
  expect(parseHostState('etcd01', false, lines).underway).toEqual({
    verb: 'recover',
    command: 'quorate recover --from-survivor etcd01',
    all: { verb: 'recover', command: 'quorate recover --from-survivor etcd01', stamp: 'a=b' },
  })
  expect(parseHostState('etcd01', false, []).underway).toBeUndefined()
})

test('a marked machine is left alone by all but the verb that finishes it', () => {
  const [first] = Object.values(settled.hosts)
  if (first === undefined) throw new TypeError('no host')
  const underway = { verb: 'recover', command: 'quorate recover --from-survivor etcd01', all: {} }
  const marked = { ...settled, hosts: { ...settled.hosts, [first.name]: { ...first, underway } } }
  const [reason] = reasonsOf(next(testIntent(cluster), marked))
  expect(reason).toMatchObject({ host: first.name, hint: expect.stringContaining(underway.command) })
  expect(next({ ...testIntent(cluster), finishes: 'recover' }, marked)).toEqual({ kind: 'done' })
  expect(next({ ...testIntent(cluster), finishes: 'restore' }, marked).kind).toBe('blocked')
})
