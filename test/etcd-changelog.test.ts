import { expect, test } from 'vitest'
import { describeEntry, findUnjudged, parseChangelog } from '../script/etcd-changelog-entries.ts'

const PULL = 'https://github.com/etcd-io/etcd/pull'

/** Written for this test, in the form of etcd's changelogs. */
const CHANGELOG = `
Previous change logs can be found at [CHANGELOG-3.5](https://example.org/CHANGELOG-3.5.md).

---

## v3.6.99 (TBC)

### etcd server

- Fix [a pear that is counted \`twice\`](${PULL}/990001)

## v3.6.98 (2030-01-02)

### etcd server

- Fix [the plum](${PULL}/990002), refer to [security/advisories/GHSA-aaaa-bbbb-cccc](https://github.com/etcd-io/etcd/security/advisories/GHSA-aaaa-bbbb-cccc)
- Fix [a received snapshot](${PULL}/22401) that is known here

### Dependencies

- Compile with [another compiler](${PULL}/990003).

---

## [v3.6.0](https://example.org/tag/v3.6.0) (2025-05-15)

### etcd server

- Add [what came before](${PULL}/990004)
`

test('an entry has its version, its section, its text without links and what it refers to', () => {
  const { released, entries } = parseChangelog(CHANGELOG)
  expect(released).toEqual(['3.6.98', '3.6.0'])
  expect(entries[0]).toEqual({
    version: '3.6.99',
    section: 'etcd server',
    text: 'Fix a pear that is counted `twice`',
    references: ['990001'],
  })
  expect(entries[1]?.references).toEqual(['990002', 'GHSA-aaaa-bbbb-cccc'])
  expect(entries.at(-1)).toMatchObject({ version: '3.6.0', section: 'etcd server' })
})

test('lists newer releases, and entries that are not judged; judged or older ones and dependencies are omitted', () => {
  const { newer, entries } = findUnjudged([CHANGELOG])
  expect(newer).toEqual(['3.6.98'])
  expect(entries.map(describeEntry)).toEqual([
    '3.6.99 · etcd server · Fix a pear that is counted `twice` (990001)',
    '3.6.98 · etcd server · Fix the plum, refer to security/advisories/GHSA-aaaa-bbbb-cccc (990002, GHSA-aaaa-bbbb-cccc)',
  ])
})

test('a changelog whose releases and entries are all known gives nothing', () => {
  const known = `## v3.7.3 (2026-10-22)\n\n### etcd server\n\n- Fix [Hash](${PULL}/22637)\n`
  expect(findUnjudged([known])).toEqual({ newer: [], entries: [] })
})
