/** The end of a write-ahead log, as etcd writes it, and as power failures and bad disks leave it. */
import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import { type Draft, change, entry, log, snapshot, state, v2Entry } from './log-file.fixture.ts'
import { readLogFile, stateRecord } from './log-file.ts'

test('CRC-32C as its standard has it, in one go and in pieces', () => {
  // RFC 3720, appendix B.4, and the usual check value.
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.from('56789'), crc32c(Buffer.from('1234')))).toBe(0xe3069283)
})

test('identity, hard state and last entry are read', () => {
  const { bytes, end } = log([entry(2n, 4n), entry(2n, 5n), state(2n, 4n)])
  expect(readLogFile(bytes)).toMatchObject({
    identity: { memberId: 0xfedcba9876543210n, clusterId: 77n },
    state: { term: 2n, vote: 9n, commit: 4n },
    last: { term: 2n, index: 5n },
    end,
    trouble: undefined,
  })
})

test('entries that were overruled by a later leader do not count', () => {
  const { bytes } = log([entry(2n, 4n), entry(2n, 5n), entry(2n, 6n), entry(3n, 5n)])
  expect(readLogFile(bytes).last).toEqual({ term: 3n, index: 5n })
})

test('a new file has no entry, and says which entry it continues from', () => {
  const { bytes } = log([snapshot(3n, 9000n, [1n, 2n, 3n])])
  expect(readLogFile(bytes)).toMatchObject({
    last: undefined,
    snapshot: { index: 9000n, term: 3n, voters: [1n, 2n, 3n] },
  })
})

/** The member that the files of these tests are of. */
const OWN = 0xfedcba9876543210n

/** Like those of real members of 3.4.23 and 3.6.16: one was added as a learner, and promoted. */
test.each<[string, boolean | undefined, readonly Draft[]]>([
  ['says nothing of it', undefined, [entry(2n, 4n), change(2n, 5n, 'learner', 8n)]],
  ['was added with its vote', false, [change(2n, 4n, 'voter', OWN), change(2n, 5n, 'learner', 8n)]],
  ['was added without', true, [change(2n, 4n, 'learner', OWN), change(2n, 5n, 'voter', 8n)]],
  ['was promoted', false, [change(2n, 4n, 'learner', OWN), change(2n, 5n, 'voter', OWN)]],
  ['changed its address', true, [change(2n, 4n, 'learner', OWN), change(2n, 5n, 'update', OWN)]],
  [
    'was promoted by a leader that was overruled',
    true,
    [change(2n, 4n, 'learner', OWN), change(2n, 5n, 'voter', OWN), entry(3n, 5n)],
  ],
  ['was a learner at the snapshot', true, [snapshot(2n, 9000n, [1n, 2n], [OWN])]],
  [
    'was promoted after the snapshot',
    false,
    [change(2n, 9001n, 'voter', OWN), snapshot(2n, 9000n, [1n, 2n], [OWN])],
  ],
])('a member that %s: whether it is a learner is read as %s', (_, learner, drafts) => {
  expect(readLogFile(log(drafts).bytes).learner).toBe(learner)
})

test('the last request of the v2 store is found among those of v3', () => {
  const v3 = log([entry(2n, 4n), entry(2n, 5n)])
  expect(readLogFile(v3.bytes).v2).toEqual({ any: undefined, clients: undefined })
  const { bytes } = log([v2Entry(2n, 4n, 'PUT', '/1/seed'), v2Entry(2n, 5n), entry(2n, 6n)])
  expect(readLogFile(bytes)).toMatchObject({
    v2: { any: { term: 2n, index: 5n }, clients: { term: 2n, index: 4n } },
    last: { term: 2n, index: 6n },
  })
})

/** From a client: 3.6.16 panics. Keys below /1 were tested, the rest was read from its source. */
test.each([
  ['PUT', '/0/members/8e9e05c52164694d/attributes', false],
  ['PUT', '/0/version', false],
  ['PUT', '/1/seed', true],
  ['DELETE', '/1/seed', true],
  ['POST', '/1/queue', true],
  ['QGET', '/1', true],
  ['SYNC', '', true],
  ['PUT', '/2/users/root', true],
  ['PUT', '/1/0/members/8e9e05c52164694d/attributes', true],
  ['DELETE', '/0/version', true],
])('%s %s in the log: of a client is %s', (method, key, client) => {
  const { v2 } = readLogFile(log([v2Entry(2n, 4n, method, key)]).bytes)
  const place = { term: 2n, index: 4n }
  expect(v2).toEqual({ any: place, clients: client ? place : undefined })
})

test("an appended record makes a log count as committed, and etcd's checksums stay valid", () => {
  const { bytes } = log([entry(2n, 4n), entry(2n, 5n), state(2n, 4n)])
  const before = readLogFile(bytes)
  const record = stateRecord({ term: 2n, vote: 9n, commit: 5n }, before.sum)
  expect(record.length % 8).toBe(0)
  bytes.set(record, before.end)
  expect(readLogFile(bytes)).toMatchObject({
    state: { term: 2n, vote: 9n, commit: 5n },
    last: { term: 2n, index: 5n },
    end: before.end + record.length,
    trouble: undefined,
  })
})

test.each([
  ['only its length', 0],
  ['the first sector', 512],
])('a last write of which came no more than %s was acknowledged to nobody', (_, kept) => {
  const whole = log([entry(2n, 4n)])
  const { bytes } = log([entry(2n, 4n), entry(2n, 5n, 3000)])
  const upTo = kept === 0 ? whole.end + 8 : Math.ceil((whole.end + 8) / 512) * 512
  bytes.fill(0, upTo)
  expect(readLogFile(bytes)).toMatchObject({
    last: { term: 2n, index: 4n },
    end: whole.end,
    trouble: { kind: 'torn' },
  })
})

test('a flipped bit, or an end that is cut off, is damage: what stands before it counts', () => {
  const whole = log([entry(2n, 4n)])
  const flipped = log([entry(2n, 4n), entry(2n, 5n, 600)]).bytes
  flipped[whole.end + 100] = 0xff
  const cut = log([entry(2n, 4n), entry(2n, 5n, 600)])
  for (const bytes of [flipped, cut.bytes.subarray(0, cut.end - 50)]) {
    expect(readLogFile(bytes)).toMatchObject({
      last: { term: 2n, index: 4n },
      end: whole.end,
      trouble: { kind: 'damaged' },
    })
  }
})

test('a file that is not a log is damaged from its first byte', () => {
  expect(readLogFile(Buffer.alloc(2048, 0x55)).trouble).toMatchObject({ kind: 'damaged' })
  expect(readLogFile(Buffer.alloc(0))).toMatchObject({ last: undefined, trouble: undefined })
})
