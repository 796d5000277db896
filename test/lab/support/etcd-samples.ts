/**
 * Settings as people write them, valid and invalid, on a command line, in an environment and in etcd's own file: for
 * fast-check.
 */
import * as fc from 'fast-check'
import { flagType, type FlagType } from '../../../src/etcd/flag-types.ts'
import { environmentName } from '../../../src/etcd/versions.ts'

/** How an etcd is started. */
export interface Sample {
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Its configuration file. */
  readonly file?: string
}

/** Flags of all minors whose values etcd logs when it starts, or refuses to start with. */
const FLAGS = [
  'name',
  'wal-dir',
  'initial-cluster-token',
  'initial-cluster-state',
  'heartbeat-interval',
  'election-timeout',
  'snapshot-count',
  'max-wals',
  'max-snapshots',
  'max-request-bytes',
  'quota-backend-bytes',
  'initial-election-tick-advance',
  'strict-reconfig-check',
  'enable-pprof',
  'grpc-keepalive-interval',
  'auto-compaction-retention',
  'listen-metrics-urls',
  'cors',
] as const
/** Flags that were added or removed. */
const OTHERS = [
  'pre-vote',
  'host-whitelist',
  'max-concurrent-streams',
  'experimental-corrupt-check-time',
  'corrupt-check-time',
  'max-learners',
  'enable-v2',
  'unsafe-no-fsync',
  'snapshot-catchup-entries',
] as const

type Texts = Readonly<
  Partial<Record<FlagType | (typeof FLAGS)[number] | (typeof OTHERS)[number], readonly string[]>>
>

/** etcd derives its first cluster from its name: an equals sign in it fails for other reasons. */
const NAMES = ['a', 'a b', '-x', '--name', '$HOME', 'a#b', `it's "so"`, 'émile', '']
const ODD_TEXTS = [
  'a',
  'a b',
  '-x',
  '--name',
  'a=b',
  '$HOME',
  'a#b',
  `it's "so"`,
  'x\\y',
  'émile',
  'true',
  '0x10',
  '',
]

/** For flags and variables. */
const PLAIN: Texts = {
  boolean: [
    '1',
    't',
    'T',
    'TRUE',
    'true',
    'True',
    '0',
    'f',
    'F',
    'FALSE',
    'false',
    'False',
    'yes',
    'on',
    'tRUE',
    '',
  ],
  count: ['5', '0x40', '010', '0b101', '0o17', '1_000', '12', '08', '+5', '-1', '1e3', '5.0', ''],
  integer: ['5', '-1', '+7', '0x40', '-0x10', '1_0', '09', '1.0', ''],
  duration: ['5m', '1h30m', '90s', '0', '1.5s', '.5s', '-1m', '100ms', '5', '1d', ''],
  text: ODD_TEXTS,
  name: NAMES,
  'heartbeat-interval': ['50', '0x40', '0100', '1_0', '5O', '-5', ''],
  'election-timeout': ['1000', '0x400', '2_000', '1e3'],
  'max-request-bytes': ['1_000_000', '0x100000', '1.5M'],
  'initial-cluster-state': ['new', 'existing', 'New'],
  'auto-compaction-retention': ['1', '0', '8h', '30m'],
  'listen-metrics-urls': ['unix://localhost:3', ' unix://localhost:3', '/metrics', 'localhost:1', ''],
  cors: ['*', 'https://a.example:1,https://b.example:2', 'a.example', ''],
  'host-whitelist': ['a.example,b.example', '*', ''],
}

/** For the file: text of YAML. */
const YAML: Texts = {
  boolean: [
    'true',
    'True',
    'yes',
    'On',
    'y',
    'false',
    'NO',
    'off',
    'n',
    '~',
    '',
    '"true"',
    '1',
    'tRUE',
    '!!str true',
  ],
  count: ['5', '0x40', '010', '0b101', '1_000', '5.0', '1e2', '"5"', '-1', '5.5', '', 'null', '0o17', '08'],
  integer: ['5', '-1', '+7', '0x40', '-010', '1_0', '"5"', '1.5', '~'],
  duration: ['300000000000', '60_000_000_000', '0', '1e9', '5m', '"5m"', ''],
  text: [
    'a',
    '"a#b"',
    'a # comment',
    `'it''s'`,
    '"\\u00e9"',
    'yes',
    '"yes"',
    '12',
    '"12"',
    '1.5',
    '2020-01-01',
    '~',
    '""',
    '!!str 12',
  ],
  'heartbeat-interval': ['50', '0x40', '0100', '1_0', '"50"', '5e1'],
  'election-timeout': ['1000', '0x400', '2_000', '1e3'],
  'max-request-bytes': ['1_000_000', '0x100000', '"1000000"'],
  'initial-cluster-state': ['new', '"existing"', 'on'],
  'auto-compaction-retention': ['"1"', '"0"', '8h', '1', "'30m'"],
  'listen-metrics-urls': ['unix://localhost:3', '"unix://localhost:3"', '[unix://localhost:3]', ''],
  cors: ['"*"', 'https://a.example:1', '~'],
  'host-whitelist': ['a.example,b.example', '"*"', '[a, b]'],
}

const flags = fc.uniqueArray(
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...FLAGS) },
    { weight: 1, arbitrary: fc.constantFrom(...OTHERS) },
  ),
  { minLength: 1, maxLength: 5 },
)

function text(texts: Texts, flag: (typeof FLAGS)[number] | (typeof OTHERS)[number]): fc.Arbitrary<string> {
  const [first = '', ...more] = texts[flag] ?? texts[flagType(flag)] ?? texts.text ?? []
  // Invalid ones come later: each by itself makes etcd exit.
  return fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(first, ...more.slice(0, more.length / 2)) },
    { weight: 1, arbitrary: fc.constantFrom(first, ...more) },
  )
}

/** A flag in one of its spellings, a variable, both, or the flag twice. */
function plain(flag: Parameters<typeof text>[1]): fc.Arbitrary<Sample> {
  const isSwitch = flagType(flag) === 'boolean'
  return fc
    .record({
      value: text(PLAIN, flag),
      other: text(PLAIN, flag),
      dashes: fc.constantFrom('-', '--'),
      how: fc.constantFrom(
        '=',
        '=',
        'word',
        'alone',
        'twice',
        'variable',
        'variable',
        'variable',
        'variable',
        'both',
      ),
    })
    .map(({ value, other, dashes, how }): Sample => {
      const variable = { [environmentName(flag)]: value }
      const assigned = `${dashes}${flag}=${value}`
      if (how === 'variable') return { words: [], environment: variable }
      if (how === 'both') return { words: [assigned], environment: variable }
      // Of these, 3.3 only uses the last one.
      if (how === 'twice' && flag !== 'listen-metrics-urls')
        return { words: [`-${flag}=${other}`, assigned], environment: {} }
      if (how === 'word' && !isSwitch) return { words: [`${dashes}${flag}`, value], environment: {} }
      if (how === 'alone' && isSwitch) return { words: [`${dashes}${flag}`], environment: {} }
      return { words: [assigned], environment: {} }
    })
}

function together(samples: readonly Sample[]): Sample {
  return {
    words: samples.flatMap(({ words }) => words),
    environment: Object.assign({}, ...samples.map(({ environment }) => environment)) as Sample['environment'],
  }
}

const fromFlags: fc.Arbitrary<Sample> = flags
  .chain((names) => fc.tuple(...names.map(plain)))
  .chain((samples) =>
    fc
      .constantFrom('', '', '', '', '', 'a word', '--', '--no-such-flag', 'ETCD_NO_SUCH_FLAG')
      .map((extra): Sample => {
        const all = together(samples)
        if (extra === 'ETCD_NO_SUCH_FLAG')
          return { ...all, environment: { ...all.environment, [extra]: 'x' } }
        return extra === '' ? all : { ...all, words: [...all.words, extra] }
      }),
  )

/** Go's own name of the field is CORS, and then it is not a text. */
const inCapitals = (flag: string): string => (flag === 'cors' ? flag : flag.toUpperCase())

const line = (flag: Parameters<typeof text>[1]): fc.Arbitrary<string> =>
  fc
    .record({
      value: text(YAML, flag),
      key: fc.constantFrom(flag, flag, flag, flag, inCapitals(flag), `"${flag}"`),
      twice: fc.constantFrom('', '', '', `${flag}: {}\n`),
    })
    .map(({ value, key, twice }) => `${twice}${key}: ${value}`)

const EXTRA_LINES = [
  '',
  '# heartbeat-interval: 1',
  'no-such-key: [1, {a: b}]',
  'cert-file: /no/such.crt',
  'auto-tls: true',
  'client-transport-security: {}',
  'client-transport-security: {client-cert-auth: on, trusted-ca-file: ~}',
  'peer-transport-security: {auto-tls: no}',
  'peer-transport-security: {client-cert-auth: "yes"}',
  'peer-transport-security: {allowed-cn: [a, b]}',
  'peer-transport-security:',
  'peer-transport-security: on',
]

/** A file, with flags and variables in addition, which have no effect. */
const fromFile: fc.Arbitrary<Sample> = fc
  .record({
    lines: flags.chain((names) => fc.tuple(...names.map(line))),
    extra: fc.constantFrom(...EXTRA_LINES),
    beside: fc.constantFrom<Sample>(
      { words: [], environment: {} },
      { words: ['--heartbeat-interval=77'], environment: { ETCD_SNAPSHOT_COUNT: '77' } },
      { words: [], environment: { ETCD_HEARTBEAT_INTERVAL: 'x' } },
      { words: ['--heartbeat-interval=x'], environment: {} },
    ),
  })
  .map(({ lines, extra, beside }) => ({ ...beside, file: [...lines, extra, ''].join('\n') }))

export const samples: fc.Arbitrary<Sample> = fc.oneof(fromFlags, fromFile)
