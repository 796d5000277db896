/**
 * What etcd would be started with in addition to quorate's settings. Compares the effective unit, with its drop-ins and
 * the environment that systemd adds, with the wanted one. Pure.
 */
import { type Directive, type DropIn, directives, inForce, wordsOf } from './drop-ins.ts'
import { readAlike } from './flag-types.ts'
import { flagName } from './versions.ts'

/** Settings for the unit from outside quorate's own files. */
export interface Surroundings {
  /** In the order of systemd's directories, highest priority first. */
  readonly dropIns: readonly DropIn[]
  /** Variables of the environment files that drop-ins name, by file name as written in the drop-in. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Variables that systemd gives to every service. */
  readonly ambient: Readonly<Record<string, string>>
  /** The file that sets such a variable permanently, by variable name. */
  readonly ambientFiles: Readonly<Record<string, string>>
}

export interface WantedUnit {
  /** Text of quorate's unit file. */
  readonly unit: string
  /** Every variable of the options file. */
  readonly environment: Readonly<Record<string, string>>
  /** Names of all variables that this etcd reads. */
  readonly known: ReadonlySet<string>
}

export interface ForeignSetting {
  /** Path of the drop-in; undefined: the environment of systemd's manager. */
  readonly dropIn: string | undefined
  /** `ETCD_DATA_DIR from /etc/default/etcd`, `ExecStart`. */
  readonly what: string
  /** It changes something that quorate decides. */
  readonly harmful: boolean
  /** The variable, if etcd reads it. */
  readonly variable?: string | undefined
}

/** The file that systemd reads a member's settings from, and that quorate's unit names. */
const OPTIONS = '/etc/etcd/options.env'

/** The parts of a unit that quorate decides: with another value, another etcd would run, or it would not become ready. */
const DECIDED: ReadonlySet<string> = new Set(
  `ExecStart ExecCondition Type User Group DynamicUser RootDirectory RootImage PAMName TimeoutStartSec TimeoutSec Restart
  NotifyAccess RemainAfterExit PrivateNetwork NetworkNamespacePath InaccessiblePaths ReadOnlyPaths NoExecPaths
  TemporaryFileSystem BindPaths BindReadOnlyPaths MountImages ExtensionImages WatchdogSec RuntimeMaxSec`.split(
    /\s+/,
  ),
)

/** With these values, a failed member is restarted, as with quorate's. */
const RESTARTS: ReadonlySet<string> = new Set(['always', 'on-failure'])

/** If quorate's unit doesn't set the key, these values change nothing. */
const IDLE: ReadonlySet<string> = new Set(['', '0', 'no', 'false', 'off', 'infinity'])

/** An empty value resets what quorate's unit sets, which is required. */
const NEEDED: ReadonlySet<string> = new Set(['ReadWritePaths'])
const GUARDS = /^(?:Assert|Condition)/

const ENVIRONMENT = new Set(['Environment', 'EnvironmentFile', 'PassEnvironment', 'UnsetEnvironment'])

/** Everything that isn't quorate's, in the order in which it is read; each thing in a file once. */
export function foreignSettings(wanted: WantedUnit, around: Surroundings): readonly ForeignSetting[] {
  const drops = inForce(around.dropIns).flatMap(directives)
  const own = directives({ path: '', text: wanted.unit })
  const all = [
    ...variables(wanted, around, [...own, ...drops]),
    ...drops
      .filter(({ section, key }) => !(section === 'Service' && ENVIRONMENT.has(key)))
      .map((one) => judge(one, own)),
  ]
  return all.filter(
    (one, index) => all.findIndex(({ dropIn, what }) => dropIn === one.dropIn && what === one.what) === index,
  )
}

function judge({ section, key, value, source }: Directive, own: readonly Directive[]): ForeignSetting {
  const same = own.some((one) => one.section === section && one.key === key && one.value === value)
  const resets = value === '' && (section === 'Unit' ? GUARDS.test(key) : NEEDED.has(key))
  const decided = section === 'Service' && DECIDED.has(key) && !(key === 'Restart' && RESTARTS.has(value))
  const idle = IDLE.has(value) && !own.some((one) => one.key === key)
  return { dropIn: source, what: key, harmful: !same && (resets || (decided && !idle)) }
}

interface Variable {
  readonly value: string | undefined
  /** undefined: quorate's own unit. */
  readonly from: Pick<ForeignSetting, 'dropIn'> | undefined
  readonly file?: string | undefined
}

/** Variables whose effective value differs from quorate's, and those that drop-ins set without effect. */
function variables(
  { environment, known }: WantedUnit,
  around: Surroundings,
  said: readonly Directive[],
): readonly ForeignSetting[] {
  const here = said.filter(({ section, key }) => section === 'Service' && ENVIRONMENT.has(key))
  const reached = effective(environment, around, here)
  const marks = sinceReset(
    here.filter(({ source }) => source === ''),
    'Environment',
  ).flatMap(({ value }) => wordsOf(value))
  const own: Readonly<Record<string, string>> = { ...Object.fromEntries(marks.map(pair)), ...environment }
  const banned = new Set(
    here
      .filter(({ source, key }) => source === '' && key === 'UnsetEnvironment')
      .flatMap(({ value }) => wordsOf(value)),
  )
  const wrong = [...reached.entries()].flatMap(([name, { value, from, file }]): ForeignSetting[] => {
    if (from === undefined || readAlike(flagName(name), own[name] ?? '', value ?? '')) return []
    const matters = name in own || known.has(name) || banned.has(name) || name.startsWith('QUORATE_')
    const what = value === undefined ? `no ${name}` : file === undefined ? name : `${name} from ${file}`
    return [{ ...from, what, harmful: matters, variable: matters ? name : undefined }]
  })
  // A key without effect, or without effect on etcd, is only named.
  const idle = here.filter(({ source }) => source !== '' && wrong.every(({ dropIn }) => dropIn !== source))
  const named = idle.map(({ key, value, source }) => ({
    dropIn: source,
    what: key,
    // It allows variables that quorate's unit removes.
    harmful: key === 'UnsetEnvironment' && value === '',
  }))
  return [...wrong, ...named]
}

/** Settings in quorate's own unit are not reported. */
function by(source: string): Variable['from'] {
  return source === '' ? undefined : { dropIn: source }
}

/**
 * What a process would be started with, and the source of each value (systemd.exec(5): files after variables, removals
 * last).
 */
function effective(
  options: Readonly<Record<string, string>>,
  { files, ambient }: Surroundings,
  said: readonly Directive[],
): ReadonlyMap<string, Variable> {
  const reached = new Map<string, Variable>()
  for (const [name, value] of Object.entries(ambient))
    reached.set(name, { value, from: { dropIn: undefined } })
  for (const { value, source } of sinceReset(said, 'Environment')) {
    for (const [name, text] of wordsOf(value).map(pair)) reached.set(name, { value: text, from: by(source) })
  }
  for (const { value, source } of sinceReset(said, 'EnvironmentFile')) {
    const file = value.replace(/^-/, '')
    for (const [name, text] of Object.entries(file === OPTIONS ? options : (files[file] ?? {})))
      reached.set(name, { value: text, from: by(source), file })
  }
  for (const { value, source } of sinceReset(said, 'UnsetEnvironment')) {
    for (const word of wordsOf(value)) {
      const [name] = pair(word)
      if (!word.includes('=') || reached.get(name)?.value === pair(word)[1])
        reached.set(name, { value: undefined, from: by(source) })
    }
  }
  return withForgotten(reached, options, said)
}

/** Values in quorate's unit that a drop-in resets with an empty value. */
function withForgotten(
  reached: ReadonlyMap<string, Variable>,
  options: Readonly<Record<string, string>>,
  said: readonly Directive[],
): ReadonlyMap<string, Variable> {
  const all = new Map(reached)
  const forget = (key: string, names: readonly string[]) => {
    const reset = said.findLast((one) => one.key === key && one.value === '')
    if (reset === undefined) return
    for (const name of names)
      if (!all.has(name)) all.set(name, { value: undefined, from: { dropIn: reset.source } })
  }
  forget('EnvironmentFile', Object.keys(options))
  const own = said.filter(({ source, key }) => source === '' && key === 'Environment')
  forget(
    'Environment',
    own.flatMap(({ value }) => wordsOf(value).map((word) => pair(word)[0])),
  )
  return all
}

/** The directives of a key after its last empty value. */
function sinceReset(said: readonly Directive[], key: string): readonly Directive[] {
  const all = said.filter((one) => one.key === key)
  return all.slice(all.findLastIndex(({ value }) => value === '') + 1)
}

function pair(word: string): readonly [string, string] {
  const at = word.indexOf('=')
  return at === -1 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
}
