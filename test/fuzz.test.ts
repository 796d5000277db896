/**
 * External input always gives a value or a QuorateError: cluster files, backups, plans, exports, and answers of nodes.
 * It never causes another error or a hang. Memory is limited by the size of the input, which is small here.
 * `FUZZ_RUNS=10000 vitest run test/fuzz.test.ts` tries more.
 */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import tar from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsOf } from '../src/adopt/settings.ts'
import { parseMachineFacts } from '../src/adopt/machine-facts.ts'
import { openBackup } from '../src/backup/open.ts'
import { bundleFixture, inPieces } from '../src/backup/stored.fixture.ts'
import { QuorateError } from '../src/errors.ts'
import { parseHostState } from '../src/host/observe.ts'
import { EXTRA_CHECKS } from '../src/cluster-file/load.ts'
import { guardOf, savePlan } from '../src/verbs/apply/plan-file.ts'
import { plan } from '../src/tiers/etcd/plan/plan.ts'
import { bareWorld, testCluster, testIntent } from '../src/tiers/etcd/plan/testing.ts'
import { parseFacts } from '../src/preflight/facts.ts'
import { outlineOf, parseConfig } from '../src/schedule/config.ts'
import { parseLook } from '../src/schedule/look.ts'
import { parseState } from '../src/schedule/state.ts'
import { readYaml } from '../src/spec/document.ts'
import { editValues } from '../src/spec/edit.ts'
import { parseClusterFile } from '../src/spec/parse.ts'
import { parseKnownHosts } from '../src/ssh/host-key.ts'
import { parseLine } from '../src/transfer/format.ts'

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) }
const EXAMPLES = path.resolve(import.meta.dirname, '../examples')

let folder: string
let examples: readonly string[]
let bundle: Buffer
let planText: string
const cluster = () => testCluster({ file: path.join(folder, 'cluster.yaml') })
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-fuzz-'))
  const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yaml'))
  examples = await Promise.all(names.map(async (name) => await readFile(path.join(EXAMPLES, name), 'utf8')))
  bundle = (await bundleFixture({ kind: 'plaintext' })).data
  const [intent, observed] = [testIntent(cluster()), bareWorld(cluster())]
  await writeFile(cluster().file, 'name: sample\n')
  await savePlan(path.join(folder, 'plan'), { intent, observed, ...plan(intent, observed) })
  planText = await readFile(path.join(folder, 'plan'), 'utf8')
})
afterAll(async () => await rm(folder, { recursive: true }))

/** Pieces with a meaning somewhere, inserted where they have none. */
const WORDS = [
  '!!merge <<',
  '!!binary aGk=',
  '!!timestamp 2026-01-01',
  '!!set {a, b}',
  '!x ',
  '%YAML 1.1\n---\n',
  '&a ',
  '*a',
  '<<: *a',
  '---\n',
  '...\n',
  '? ',
  '- ',
  '[',
  '{',
  '}',
  '"',
  "'",
  '|\n',
  '# ',
  '\t',
  '\r',
  '\0',
  '\uFEFF',
  '\u2028',
  '\uD800',
  '\x1b[2J',
  '__proto__: 1\n',
  'constructor: 1\n',
  '.inf',
  '.nan',
  '-0',
  '0x10',
  '1e400',
  '99999999999999999999',
  'null',
  '~',
  'true',
  '../../etc/passwd',
  '[['.repeat(80),
  ': '.repeat(50),
  'x'.repeat(5000),
]

interface Mutation {
  readonly at: number
  readonly cut: number
  readonly put: string
  readonly move: boolean
}

const mutations = fc.array(
  fc.record<Mutation>({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(200)),
    put: fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 5, unit: 'binary' }), fc.constant('')),
    move: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
)

/** With pieces removed, inserted, and moved to the end of another line. */
function mutated(text: string, changes: readonly Mutation[]): string {
  return changes.reduce((now, { at, cut, put, move }) => {
    const from = Math.floor(at * now.length)
    const gone = now.slice(from, from + cut)
    const rest = now.slice(0, from) + put + now.slice(from + cut)
    return move ? `${rest}\n${gone}` : rest
  }, text)
}

/** How it ended; any other error than a QuorateError fails the test. */
async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'fine'
  } catch (error) {
    if (error instanceof QuorateError) return 'refused'
    throw error
  }
}

const KNOWN_ENDS = ['fine', 'refused']

test('cluster files: a cluster, or problems with places inside the file', async () => {
  const property = fc.property(fc.nat(), mutations, (which, changes) => {
    const text = mutated(examples[which % examples.length] ?? '', changes)
    const { cluster: found, problems } = parseClusterFile(text, 'c.yaml', { extraChecks: EXTRA_CHECKS })
    const errors = problems.filter(({ severity }) => severity === 'error')
    expect(found === undefined).toBe(errors.length > 0)
    const lines = text.split('\n').length
    for (const { line, column } of problems) expect(line >= 1 && column >= 1 && line <= lines + 1).toBe(true)
  })
  fc.assert(property, RUNS)
}, 120_000)

test('cluster files: structures that no example has, under every key', async () => {
  const property = fc.property(fc.object({ maxDepth: 4, withNullPrototype: true }), (value) => {
    const text = JSON.stringify({ name: 'a', etcd: { version: '3.5.33' }, nodes: [], ...value })
    const { cluster: found, problems } = parseClusterFile(text, 'c.yaml', { extraChecks: EXTRA_CHECKS })
    expect(found === undefined && problems.length === 0).toBe(false)
  })
  fc.assert(property, RUNS)
}, 120_000)

test('cluster files: each key of the examples with each kind of value', async () => {
  const values = [
    '~',
    '1',
    '"x"',
    'true',
    '[]',
    '{}',
    '[~]',
    '{ a: ~ }',
    '1.5',
    '-1',
    '.inf',
    '!!binary aGk=',
    '*a',
  ]
  for (const example of examples) {
    for (const [line] of example.matchAll(/^ *(?:- )?\w+:/gm)) {
      for (const value of values) {
        const text = example.replace(new RegExp(`^${line}.*$`, 'm'), () => `${line} ${value}`)
        const { cluster: found, problems } = parseClusterFile(text, 'c.yaml', { extraChecks: EXTRA_CHECKS })
        expect(found === undefined && problems.length === 0).toBe(false)
      }
    }
  }
}, 120_000)

test('values are replaced in a text, or the error says why not', async () => {
  const property = fc.asyncProperty(fc.nat(), mutations, async (which, changes) => {
    const text = mutated(examples[which % examples.length] ?? '', changes)
    if (readYaml(text).complaints.length > 0) return
    const edits = [{ path: ['nodes', 0, 'address'], value: '198.18.1.1' }]
    expect(KNOWN_ENDS).toContain(await outcomeOf(() => editValues(text, edits)))
  })
  await fc.assert(property, RUNS)
}, 120_000)

const flips = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
  minLength: 1,
  maxLength: 8,
})

function flipped(data: Buffer, changes: readonly (readonly [number, number])[], keep: number): Buffer {
  const copy = Buffer.from(data.subarray(0, Math.floor(data.length * keep)))
  for (const [at, byte] of changes) if (copy.length > 0) copy[Math.floor(at * (copy.length - 1))] = byte
  return copy
}

const secret = async () => ({ kind: 'passphrase', passphrase: 'x' }) as const

const NOBODY = { text: undefined, file: 'allowed_signers' }

async function opened(data: Buffer): Promise<string> {
  const { signal } = new AbortController()
  const pieces = inPieces(data.subarray(0, 100), data.subarray(100))
  return await outcomeOf(async () => {
    await using found = await openBackup(
      { name: 'b', data: pieces },
      // A separate fuzz test covers signed input; this one covers everything below that.
      { workDirectory: folder, secret, signal, signers: NOBODY, acceptUnsigned: async () => undefined },
    )
    void found
  })
}

const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }))

test('backups: bytes changed and cut off, outside and inside the compression; nothing is left behind', async () => {
  const property = fc.asyncProperty(flips, share, fc.boolean(), async (changes, keep, inside) => {
    const data = inside
      ? zstdCompressSync(flipped(zstdDecompressSync(bundle), changes, keep))
      : flipped(bundle, changes, keep)
    expect(KNOWN_ENDS).toContain(await opened(data))
  })
  await fc.assert(property, RUNS)
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
}, 120_000)

test('backups: entries that no backup has, twice, too many or empty', async () => {
  const names = [
    'snapshot.db',
    'about.json',
    'proof.json',
    'cluster.yaml',
    'ca.crt',
    '../x',
    '/etc/passwd',
    'a'.repeat(200),
  ]
  const entries = fc.array(
    fc.record({ name: fc.constantFrom(...names), text: fc.oneof(fc.json(), fc.string(), fc.constant('')) }),
    { maxLength: 40 },
  )
  const property = fc.asyncProperty(entries, async (all) => {
    const archive = tar.pack()
    for (const { name, text } of all) archive.entry({ name }, text)
    archive.finalize()
    const pieces: Buffer[] = []
    for await (const piece of archive.pipe(createZstdCompress())) pieces.push(piece as Buffer)
    expect(KNOWN_ENDS).toContain(await opened(Buffer.concat(pieces)))
  })
  await fc.assert(property, RUNS)
}, 120_000)

function stepsOf(text: string): string {
  const { steps } = JSON.parse(text) as {
    steps: { kind: string; host?: string; what: string; why: string }[]
  }
  return JSON.stringify(steps.map(({ kind, host, what, why }) => [kind, host, what, why]))
}

test('plans: carried out as they were shown, or refused', async () => {
  const file = path.join(folder, 'mutated.plan')
  const property = fc.asyncProperty(mutations, async (changes) => {
    const text = mutated(planText, changes)
    await writeFile(file, text)
    const ended = await outcomeOf(async () => {
      const { guard } = await guardOf(file, cluster(), new Date())
      await guard?.(bareWorld(cluster()))
    })
    expect(ended === 'refused' || stepsOf(text) === stepsOf(planText)).toBe(true)
  })
  await fc.assert(property, RUNS)
}, 120_000)

const HOST = [
  'os debian 12',
  'machine x86_64',
  'boot 6c1e',
  'pinned prod',
  'former cdf818194e3a8c32',
  'underway verb=restore',
  'underway command=quorate restore x',
  'restore token a-1',
  'restore suffix before-1',
  `restore sha256 ${'a'.repeat(64)}`,
  'restore members a=https://198.18.1.1:2380',
  'restore stage staged',
  'package curl installed',
  'user /bin/false',
  'path /etc/etcd/options.env|regular file|root|etcd|640',
  'data present',
  '/etc/etcd/options.env:ETCD_NAME=etcd01',
  '/etc/ssl/etcd/etcd.crt:LEAF',
  'key etcd.key -----BEGINPUBLICKEY-----MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE-----ENDPUBLICKEY-----',
  `binary etcd ${'a'.repeat(64)} 3.5.16`,
  'unit ActiveState active',
  'unit MainPID 42',
  `environment ${Buffer.from('ETCD_NAME=etcd01\0').toString('base64')}`,
].join('\n')

const MACHINE_FACTS = [
  `pin ${Buffer.from('prod').toString('base64')}`,
  'manifest /etc/kubernetes/manifests/etcd.yaml',
  'process 42 etcd',
  'executable /usr/bin/etcd',
  `command ${Buffer.from('etcd\0--name=a\0--data-dir\0/x\0').toString('base64')}`,
  `environment ${Buffer.from('ETCD_NAME=a\0').toString('base64')}`,
  `config ${Buffer.from('name: a\nclient-transport-security: { cert-file: /x }\n').toString('base64')}`,
  'unit etcd.service|/etc/systemd/system/etcd.service|enabled|',
  'text aGk=',
].join('\n')

const FACTS = [
  ['system', 'kernel=Linux\nmachine=x86_64\nbits=64\ncpus=2\nsystemd=252\nbooted=systemd'],
  ['os', 'ID=debian\nVERSION_ID="12"'],
  ['memory', 'MemTotal: 1000 kB'],
  ['data-disk', '1000 900 ext4'],
  ['listening', 'LISTEN 0 4096 127.0.0.1:2381 0.0.0.0:* users:(("etcd",pid=4,fd=3))'],
  ['addresses', '[{"ifname":"eth0","addr_info":[{"local":"198.18.1.1","prefixlen":24}]}]'],
  ['routes4', '[{"dst":"default","gateway":"198.18.1.254","dev":"eth0"}]'],
  ['flushes', '512 bytes copied, 1.2e-3 s'],
]
  .map(([name, text = '']) => `section ${name} 0 ${Buffer.from(text).toString('base64')}`)
  .join('\n')

const LOOK = [
  'machine x86_64',
  'user',
  'file root 644 abc /etc/quorate-backup/config.json',
  `config ${Buffer.from('{"cluster":"a","store":{"kind":"directory","path":"/x"}}').toString('base64')}`,
  `state ${Buffer.from('{"format":1,"cluster":"a","runs":1,"failures":0,"lastRun":"2026-01-01T00:00:00Z"}').toString('base64')}`,
  'unit quorate-backup.timer LoadState=loaded',
  'next 1790000000',
  'elapse 1',
  'elapse 2',
].join('\n')

const EXPORT = '{"key":"/a","value":"b","createRevision":"1","modRevision":"2","version":"1","onLease":"1f"}'

/** Input from a node or a file, and its reader. */
const READERS: readonly (readonly [string, string, (text: string) => unknown])[] = [
  ['a machine', HOST, (text) => parseHostState('a', true, text.split('\n'))],
  ['facts for the preflight', FACTS, (text) => parseFacts(text, { unitPath: '/u', resolved: true })],
  [
    'a foreign etcd',
    MACHINE_FACTS,
    (text) => parseMachineFacts(text).processes.map((one) => settingsOf(one)),
  ],
  ['a schedule', LOOK, (text) => parseLook('a', text)],
  ["a schedule's configuration", '{"cluster":"a"}', (text) => [outlineOf(text), parseConfig(text, 'x')]],
  ["a schedule's state", '{"format":1,"runs":1}', parseState],
  ['known hosts', '@revoked a ssh-ed25519 AAAA\n[b]:22 ssh-rsa AAAA', parseKnownHosts],
  ['an exported line', EXPORT, (text) => parseLine(text, 'line 1')],
]

test.each(READERS)('%s: understood or refused, whatever was answered', async (_, sample, reader) => {
  const property = fc.asyncProperty(mutations, async (changes) => {
    expect(KNOWN_ENDS).toContain(await outcomeOf(() => reader(mutated(sample, changes))))
  })
  await fc.assert(property, { numRuns: RUNS.numRuns * 2 })
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => {
      expect(KNOWN_ENDS).toContain(await outcomeOf(() => reader(text)))
    }),
    RUNS,
  )
})
