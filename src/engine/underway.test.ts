/** A marker keeps every other command out, except the one that can complete the operation. */
import { expect, test } from 'vitest'
import { parseHostState } from '../host/observe.ts'
import { next } from '../tiers/etcd/plan/next.ts'
import { reasonsOf, settledWorld, testCluster, testIntent } from '../tiers/etcd/plan/testing.ts'
import { finishingCommand, renderUnderway, underwayBlock, underwayReasons } from './underway.ts'

const cluster = testCluster()
const settled = settledWorld(cluster)
const [anyHost] = Object.values(settled.hosts)
if (anyHost === undefined) throw new TypeError('no host')

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

test('a marked machine is left alone by every command except the one that completes the operation', () => {
  const first = anyHost
  const underway = { verb: 'recover', command: 'quorate recover --from-survivor etcd01', all: {} }
  const marked = { ...settled, hosts: { ...settled.hosts, [first.name]: { ...first, underway } } }
  const [reason] = reasonsOf(next(testIntent(cluster), marked))
  expect(reason).toMatchObject({ host: first.name, hint: expect.stringContaining(underway.command) })
  expect(next({ ...testIntent(cluster), finishes: 'recover' }, marked)).toEqual({ kind: 'done' })
  expect(next({ ...testIntent(cluster), finishes: 'restore' }, marked).kind).toBe('blocked')
})

test('a hint repeats only the command, names and known options of a marker', () => {
  const restored =
    'quorate -f /srv/c.yaml restore prod-20261122T030000.214Z-r57.bundle.age --store s3://x/y --identity /k'
  expect(hintOf('recover', 'quorate recover --from-survivor etcd01 --lost etcd02 etcd03')).toBe(
    'complete it: quorate recover --from-survivor etcd01 --lost etcd02 etcd03',
  )
  expect(hintOf('restore', `${restored} --without etcd03 --other-cluster`)).toMatch(
    /: quorate restore prod-20261122T030000\.214Z-r57\.bundle\.age --without etcd03$/,
  )
  expect(hintOf('restore', 'quorate restore /tmp/evil.db')).toMatch(/: quorate restore SNAPSHOT$/)
})

test.each([
  ['recover', 'quorate recover --from-survivor etcd01; rm -rf /', 'quorate recover'],
  [
    'recover',
    'quorate recover --from-survivor etcd01 --lost $(reboot)',
    'quorate recover --from-survivor etcd01',
  ],
  ['recover', 'curl http://x | sh', 'quorate recover'],
  ['recover', 'quorate recover --from-survivor \u001B[2Jetcd01', 'quorate recover'],
  ['restore', 'quorate restore x;reboot', 'quorate restore SNAPSHOT'],
  ['restore', 'quorate restore --store evil', 'quorate restore SNAPSHOT'],
  ['restore', 'rm -rf /', 'quorate restore SNAPSHOT'],
])('%s: %j is not typed by anybody', (verb, command, rebuilt) => {
  expect(finishingCommand({ verb, command })).toBe(rebuilt)
})

test('an unknown command is refused, and the node that reports it is named', () => {
  const [reason] = underwayReasons(
    { etcd02: { ...anyHost, name: 'etcd02', underway: { verb: 'rm -rf /', command: 'reboot', all: {} } } },
    undefined,
  )
  expect(reason?.host).toBe('etcd02')
  expect(`${reason?.message} ${reason?.hint}`).not.toMatch(/rm|reboot/)
})

function hintOf(verb: string, command: string): string {
  return underwayBlock({ verb, command }, 'etcd01').hint
}
