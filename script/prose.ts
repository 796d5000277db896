// Prints what test/prose.test.ts finds in texts for people. `npm run prose -- FILE…` prints the findings in files whose
// path contains one of these. --write: lowers the numbers in test/prose/pending.txt.
import { allTexts, archaicDensity, findingsIn, findingsInComments } from '../test/prose/all.ts'
import { writePending } from '../test/prose/pending.ts'

const words = process.argv.slice(2)
const parts = words.filter((word) => !word.startsWith('--'))
const texts = allTexts()
if (words.includes('--write')) writePending(findingsIn(texts))
const findings = [...findingsIn(texts), ...findingsInComments(texts)]
const shown = findings.filter(({ file }) => parts.some((part) => file.includes(part)))
for (const { file, line, rule, why } of shown) console.log(`${file}:${line} ${rule}: ${why}`)
if (shown.length === 0) {
  const rules = Map.groupBy(findings, ({ rule }) => rule)
  for (const [rule, group] of rules) console.log(`${String(group.length).padStart(5)} ${rule}`)
}
console.log(`${archaicDensity(texts).toFixed(1)} archaic words in 1,000 of README and docs`)
