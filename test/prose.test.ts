/**
 * The gate for plain English in README, docs, help, messages and comments (rules: `test/prose/check.ts`, words:
 * `test/prose/words.ts`). Comments of sources, tests and scripts are only checked for words.
 *
 *     npm run prose                      the number of findings by rule
 *     npm run prose -- docs/guides/x.md  the findings in a file, or in all files whose path contains that
 *     npm run prose -- --write           lowers the numbers in test/prose/pending.txt
 *
 * `pending.txt` lists what is not reworded yet: `file rule count`. A file with more than its count is refused; a new file
 * has none. Numbers only go down: after rewording, run --write. If a bare `node` is too old for the sources, use
 * node_modules/node/bin/node.
 */
import { expect, test } from 'vitest'
import { allTexts, archaicDensity, findingsIn, findingsInComments } from './prose/all.ts'
import { check } from './prose/check.ts'
import { allowed, countsOf, readPending } from './prose/pending.ts'
import type { Kind } from './prose/texts.ts'

/** Archaic words in 1,000 of README and docs. etcd's operations guide has 0.04. Only to be lowered. */
const DENSEST = 0.1

const texts = allTexts()
const findings = findingsIn(texts)
const pending = readPending()

test('no file has more findings than pending.txt leaves it', () => {
  const over = [...countsOf(findings)].filter(([key, count]) => count > allowed(pending, key))
  const keys = new Set(over.map(([key]) => key))
  const shown = findings
    .filter(({ file, rule }) => keys.has(`${file} ${rule}`))
    .map(({ file, line, rule, why }) => `${file}:${line} ${rule}: ${why}`)
  expect(shown).toEqual([])
})

test('what was reworded is taken off pending.txt', () => {
  const counts = countsOf(findings)
  const stale = [...pending].filter(([key, most]) => (counts.get(key) ?? 0) < most)
  // No failure: two changes that both lower a number would be in each other's way.
  if (stale.length > 0)
    console.warn(`${stale.length} lines of pending.txt can be lowered: npm run prose -- --write`)
  expect([...pending.keys()].every((key) => key.split(' ').length === 2)).toBe(true)
})

test('archaic words are as rare in README and docs as they were', () => {
  expect(archaicDensity(texts)).toBeLessThanOrEqual(DENSEST)
})

test('comments have no findings', () => {
  const shown = findingsInComments(texts).map(
    ({ file, line, rule, why }) => `${file}:${line} ${rule}: ${why}`,
  )
  expect(shown).toEqual([])
})

test('texts of each kind are read', () => {
  const kinds = Map.groupBy(texts, ({ kind }) => kind)
  const few = [...kinds].filter(([, group]) => group.length < 40).map(([kind]) => kind)
  expect({ kinds: kinds.size, few }).toEqual({ kinds: 8, few: [] })
})

test.for<[Kind, string, string]>([
  ['page', 'Certificates are made anew.', 'archaic'],
  ['page', 'The folder of the newcomer is empty.', 'term term'],
  ['page', 'We like this colour.', 'spelling person'],
  ['page', `${'word '.repeat(26)}end.`, 'long'],
  ['page', 'One sentence ends. '.repeat(20), ''],
  ['page', 'There is no CA here, and it is no longer used.', ''],
  ['page', 'The option --from-survivor names it in folder/file.', ''],
  ['summary', 'what apply would change', 'summary summary'],
  ['summary', 'Restore the cluster from a backup', ''],
  ['option', 'skip the probe.', 'option option'],
  ['message', 'Data directory is missing.', 'message message'],
  ['message', 'root is not root there', 'place'],
  ['message', "can't write; nothing was changed", 'message'],
  ['message', '{} members answer', 'plural'],
  ['hint', 'the backup list says more', 'hint'],
  ['hint', 'is this the disk?', 'message hint'],
  ['hint', 'free space on the node: df -h', ''],
  ['comment', 'Whoever is told of it begins anew.', 'archaic archaic archaic'],
  ['comment', 'Our folders lie here.', 'term person'],
  ['comment', `${'word '.repeat(26)}end, as the operator sees it`, ''],
])('a %s: %s', ([kind, text, rules]) => {
  const found = check({ file: 'x', line: 1, kind, text }).map(({ rule }) => rule)
  expect(found.join(' ')).toBe(rules)
})
