import { expect, test } from 'vitest'
import { type CopyFigures, type NewFigures, compareWithCopy, expectedOf } from './compare.ts'

const BUMP = 1_000_000_000

/** Real figures: see `src/etcd/moved-hash.test.ts`. */
const COPY: CopyFigures = {
  revision: 26,
  keys: { revision: 26, count: 20 },
  hash: { hash: 7, compactRevision: 10 },
  past: { revision: 27, compactRevision: 26, hash: 2322194583, key: 'quorate-x', value: 'x' },
}
const made = (bump: number, copy: CopyFigures = COPY) => ({ clusterId: '4d', ...expectedOf(copy, bump) })

const STAYS: NewFigures = {
  version: '3.6.16',
  revision: 26,
  keys: 20,
  hash: { hash: 7, compactRevision: 10 },
}
const MOVED: NewFigures = {
  version: '3.6.16',
  revision: 26 + BUMP,
  keys: 20,
  hash: { hash: 3234236997, compactRevision: 26 + BUMP },
}

const SAME = { different: undefined, unknown: [] }

test('the same, also where something was written since', () => {
  expect(compareWithCopy(made(0), 0, STAYS)).toEqual(SAME)
  expect(compareWithCopy(made(BUMP), BUMP, MOVED)).toEqual(SAME)
  expect(compareWithCopy(made(BUMP), BUMP, { ...MOVED, revision: 30 + BUMP })).toEqual(SAME)
})

test.each([
  ['a revision that is missing', 0, { ...STAYS, revision: 25 }, /revision is 25/],
  ['a revision that is missing', BUMP, { ...MOVED, revision: 26 }, /revision is 26/],
  ['a key too few', 0, { ...STAYS, keys: 19 }, / 19 keys, .* 20$/],
  ['a key too many', BUMP, { ...MOVED, keys: 21 }, /has 21 keys/],
  ['another value', 0, { ...STAYS, hash: { hash: 8, compactRevision: 10 } }, /hash is 8/],
  ['another value', BUMP, { ...MOVED, hash: { hash: 8, compactRevision: 26 + BUMP } }, /hash is 8/],
] as const)('%s is found (moved on by %i)', (_what, bump, now, said) => {
  expect(compareWithCopy(made(bump), bump, now).different).toMatch(said)
})

test('what could not be determined on one side is unknown, and not a difference', () => {
  const hash = [expect.stringContaining('hash')]
  const locked = { ...COPY, keys: undefined, hash: undefined, past: undefined }
  for (const bump of [0, BUMP]) {
    const { different, unknown } = compareWithCopy(made(bump, locked), bump, bump === 0 ? STAYS : MOVED)
    expect({ different, unknown }).toEqual({
      different: undefined,
      unknown: [expect.stringContaining('keys'), ...hash],
    })
  }
  // Compacted since; a lease expired in the copy; written by a quorate that recorded the hash before the move.
  const later = { ...STAYS, hash: { hash: 8, compactRevision: 20 } }
  expect(compareWithCopy(made(0), 0, later)).toEqual({ different: undefined, unknown: hash })
  const ran = { ...COPY, past: { ...COPY.past!, revision: 28 } }
  expect(compareWithCopy(made(BUMP, ran), BUMP, MOVED)).toEqual({ different: undefined, unknown: hash })
  const earlier = { ...made(BUMP), hash: { hash: 7, compactRevision: 10, revision: undefined } }
  expect(compareWithCopy(earlier, BUMP, MOVED)).toEqual({ different: undefined, unknown: hash })
  // Moved a second time.
  const again = {
    ...COPY,
    revision: 26 + BUMP,
    keys: { revision: 26 + BUMP, count: 20 },
    past: { ...COPY.past!, revision: 27 + BUMP, compactRevision: 26 + BUMP },
  }
  const twice = { ...MOVED, revision: 26 + 2 * BUMP, hash: { hash: 8, compactRevision: 26 + 2 * BUMP } }
  expect(compareWithCopy(made(BUMP, again), BUMP, twice)).toEqual({ different: undefined, unknown: hash })
  // Versions whose hash depends on the progress of a compaction, or was not tested.
  const old = { ...STAYS, version: '3.5.12', hash: { hash: 8, compactRevision: 10 } }
  expect(compareWithCopy(made(0), 0, old)).toEqual({ different: undefined, unknown: hash })
  const oldMoved = { ...MOVED, version: '3.4.35', hash: { hash: 8, compactRevision: 26 + BUMP } }
  expect(compareWithCopy(made(BUMP), BUMP, oldMoved)).toEqual({ different: undefined, unknown: hash })
})
