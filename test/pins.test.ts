/**
 * Tests on nodes recognize an error by its ID, not by its sentence: `expect(run).toFail('CODE/ID', { host, says, fix })`
 * (`test/to-fail.ts`). What still repeats sentences is counted: `npm run pins` shows where.
 */
import { expect, test } from 'vitest'
import { allPins, pinsIn, runsOf } from './pins/pins.ts'

/** How many sentences the tests of a directory may still pin. Only to be lowered. */
const MOST = { 'test/kubernetes/': 0, 'test/lab/': 13 }

const pins = allPins()

test.each(Object.entries(MOST))('tests in %s pin at most %i sentences', (directory, most) => {
  const found = pins.filter(({ file }) => file.startsWith(directory))
  if (found.length <= most) return
  const counts = [...Map.groupBy(found, ({ file }) => file)].map(([file, group]) => `${file} ${group.length}`)
  expect(`${found.length}, see npm run pins:\n${counts.join('\n')}`).toBe(`at most ${most}`)
})

test.for<[string, string | undefined]>([
  ["expect(x.stderr).toContain('the node is down today')", 'the node is'],
  ['expect(x.stderr).toMatch(/the node +is(?: not)? down/)', undefined],
  ['expect(x.stderr).toMatch(/etcd0[12]: the node is down/)', 'the node is'],
  ['expect(x.stderr).toContain(`the node is ${state}`)', 'the node is'],
  ['expect(x.stderr).toMatch(new RegExp(`${name}: the node is`))', 'the node is'],
  ["expect(x.stderr).toContain('quorate start the node is')", undefined],
  ["expect(x.stderr).toContain('journalctl -u the node is')", undefined],
  ["expect(x.stderr).toContain('usermod -aG the node is')", undefined],
  ["expect(x.stderr).toContain('ctr -n k8s.io the node is')", undefined],
  ["expect(x.stderr).toContain('etcd02')", undefined],
  ["expect.fail('the node is down')", undefined],
  ["test('the node is down', () => {})", undefined],
  ["test.each([1])('the node is down', () => {})", undefined],
  ["throw new Error('the node is down')", undefined],
])('%s', ([source, words]) => {
  expect(pinsIn('x.test.ts', source, new Set(runsOf('the node is down')))[0]?.words).toBe(words)
})

test('words of other programs are no sentence of quorate', () => {
  expect(runsOf('etcd02: No space left on device')).toEqual([])
})
