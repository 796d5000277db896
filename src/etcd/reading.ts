/**
 * The effective settings of an etcd process, parsed like its version does: from its command line, its environment, and
 * its configuration file. `test/lab/etcd-reading.test.ts` passes the same input to real etcd of every minor.
 */
import { MINORS, RENAMES, flagsOfMinor } from './flags.ts'
import { readConfigurationFile } from './reading-file.ts'
import { type Given, type Version, readFlags, readVariables } from './reading-flags.ts'
import { environmentName, knownFlags } from './versions.ts'

export type Source = 'flag' | 'environment' | 'file'

/** What a process was started with. */
export interface Start {
  /**
   * undefined: unknown, also to quorate. Then a flag of any version counts as known, and 3.4 is assumed as the oldest
   * version.
   */
  readonly version?: string | undefined
  /** The whole command line, the program first. */
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Text of its configuration file, wherever it is named; undefined: it has none, or it can't be read. */
  readonly file?: string | undefined
}

export interface ReadSetting {
  /** In quorate's normalized form: `true`, `1000`, `1h30m`. */
  readonly value: string
  readonly source: Source
}

/** Something that looks like a setting but has no effect. */
export interface PassedOver {
  /** A variable, a flag with its dashes, or a key of the file. */
  readonly name: string
  readonly source: Source
  /**
   * `shadowed`: a flag has priority. `file`: etcd only reads its file. `unknown`: this version has no such setting in
   * that source.
   */
  readonly because: 'shadowed' | 'file' | 'unknown'
}

export interface Reading {
  /** By flag name without dashes. Missing ones have etcd's default. */
  readonly settings: Readonly<Record<string, ReadSetting>>
  readonly passedOver: readonly PassedOver[]
  /** Why this version doesn't start with them; empty: none of these sources prevents it. */
  readonly faults: readonly string[]
  /** Why the file can't be read that all settings come from; undefined: it can, or there is none. */
  readonly unreadable?: string | undefined
}

/** Variables that etcd reads in other ways than its flags: they are neither settings nor unknown. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['ETCD_UNSUPPORTED_ARCH', 'ETCD_VERIFY', 'ETCD_VERSION'])

export function readSettings(start: Start): Reading {
  const { version, environment } = start
  const minor = MINORS.find((one) => version?.startsWith(`${one}.`))
  const known = version === undefined || minor === undefined ? EVERY_FLAG : knownFlags(version)
  const flags = readFlags(start.command.slice(1), { known, minor })
  const named = configurationFile(flags.given, environment, minor)
  const rest = flags.given.filter(({ flag }) => flag !== 'config-file' && flag !== 'version')
  if (named !== undefined) return fromFile(start, { named, known, minor, flags: rest, faults: flags.faults })
  const taken = new Set(rest.map(({ flag }) => flag))
  const variables = readVariables(environment, { known, minor }, taken)
  const shadowed = [...taken].filter((flag) => environment[environmentName(flag)] !== undefined)
  return {
    settings: { ...sourced(variables.given, 'environment'), ...sourced(rest, 'flag') },
    passedOver: [
      ...shadowed.map((flag) => passedOver(environmentName(flag), 'environment', 'shadowed')),
      ...unknownVariables(environment, known),
    ],
    faults: [
      ...flags.faults,
      ...variables.faults,
      // 3.3 continues with a warning; later versions exit.
      ...(minor === '3.3'
        ? []
        : shadowed.map((flag) => `both --${flag} and ${environmentName(flag)} are set`)),
      ...bothNames([...rest, ...variables.given], minor),
    ],
  }
}

/**
 * The file that a process reads all its settings from; undefined: none.
 *
 * A variable can name it from 3.4 on; 3.3 looks for the flag before it reads variables.
 */
function configurationFile(
  flags: readonly Given[],
  environment: Readonly<Record<string, string>>,
  minor: string | undefined,
): string | undefined {
  const flag = flags.findLast((one) => one.flag === 'config-file')?.value
  const variable = minor === '3.3' ? undefined : environment['ETCD_CONFIG_FILE']
  return flag || variable || undefined
}

interface BesideFile extends Version {
  readonly named: string
  readonly flags: readonly Given[]
  readonly faults: readonly string[]
}

function fromFile({ file, environment }: Start, beside: BesideFile): Reading {
  const { named, known, minor, flags, faults } = beside
  const read = readConfigurationFile(file ?? '', beside)
  const variables = [...known].map(environmentName).filter((name) => Boolean(environment[name]))
  return {
    settings: sourced(withFileDefaults(read.given, minor), 'file'),
    passedOver: [
      ...flags.map(({ flag }) => passedOver(`--${flag}`, 'flag', 'file')),
      ...variables.map((name) => passedOver(name, 'environment', 'file')),
      ...unknownVariables(environment, known),
      ...read.passedOver.map((key) => passedOver(key, 'file', 'unknown')),
    ],
    faults: [...faults, ...read.faults, ...bothNames(read.given, minor)],
    unreadable: file === undefined ? `${named} does not exist` : read.unreadable,
  }
}

/** Only 3.6 knows a setting by two names, and doesn't start with both. */
function bothNames(given: readonly Given[], minor: string | undefined): readonly string[] {
  if (minor !== '3.6') return []
  const names = new Set(given.map(({ flag }) => flag))
  return RENAMES.filter(([older, newer]) => names.has(older) && names.has(newer)).map(
    ([older, newer]) => `both ${older} and ${newer} are set`,
  )
}

/**
 * Settings that are off if a configuration file doesn't mention them, but on with flags. Measured: the gateway on
 * 3.4.23, which then serves no JSON. Before 3.6, such a file has no compaction mode: a retention without a unit has no
 * effect then.
 */
function withFileDefaults(given: readonly Given[], minor: string | undefined): readonly Given[] {
  const has = (name: string) => given.some(({ flag, value }) => flag === name && value !== '')
  const gateway = { flag: 'enable-grpc-gateway', value: 'false' }
  const settings = minor === '3.4' && !has(gateway.flag) ? [...given, gateway] : given
  const hasMode = minor === undefined || !['3.3', '3.4', '3.5'].includes(minor) || has('auto-compaction-mode')
  return settings.map((one) =>
    !hasMode && one.flag === 'auto-compaction-retention' && /^\+?\d+$/.test(one.value)
      ? { ...one, value: '0' }
      : one,
  )
}

function unknownVariables(
  environment: Readonly<Record<string, string>>,
  known: ReadonlySet<string>,
): readonly PassedOver[] {
  const names = new Set([...known].map(environmentName))
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith('ETCD_') && value !== '' && !names.has(name))
    .filter(([name]) => !OTHER_VARIABLES.has(name) && name !== 'ETCD_CONFIG_FILE')
    .map(([name]) => passedOver(name, 'environment', 'unknown'))
}

function sourced(given: readonly Given[], source: Source): Record<string, ReadSetting> {
  return Object.fromEntries(given.map(({ flag, value }) => [flag, { value, source }]))
}

function passedOver(name: string, source: Source, because: PassedOver['because']): PassedOver {
  return { name, source, because }
}

const EVERY_FLAG: ReadonlySet<string> = new Set(MINORS.flatMap((minor) => flagsOfMinor(minor) ?? []))
