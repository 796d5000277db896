/** etcd's command line as Go's `flag` package parses it, and its variables as etcd's `pkg/flags` does. */
import { canonicalValue, flagType } from './flag-types.ts'
import { environmentName } from './versions.ts'

/** The properties of a version of etcd that affect how it reads its settings. */
export interface Version {
  /** Its flags. */
  readonly known: ReadonlySet<string>
  /** undefined: the version is unknown; then every flag of any minor is accepted. */
  readonly minor: string | undefined
}

/** One setting from one source. */
export interface Given {
  readonly flag: string
  /** In quorate's normalized form: see `canonicalValue`. */
  readonly value: string
}

export interface FlagReading {
  /** In order: if a flag occurs twice, the later counts. */
  readonly given: readonly Given[]
  /** Why etcd doesn't start; empty: it does. */
  readonly faults: readonly string[]
}

/** Accepted without effect: very old versions of etcd had them. They are booleans. */
const IGNORED: ReadonlySet<string> = new Set([
  'cluster-active-size',
  'cluster-remove-delay',
  'cluster-sync-interval',
  'config',
  'force',
  'max-result-buffer',
  'max-retry-attempts',
  'peer-heartbeat-interval',
  'peer-election-timeout',
  'retry-interval',
  'snapshot',
  'v',
  'vv',
  'test.coverprofile',
  'test.outputdir',
])

/** Flags of every version that aren't settings. */
const APART: readonly string[] = ['config-file', 'version']

/**
 * `--flag=value`, `--flag value`, with one dash or two. What follows a flag that needs a value is its value, whatever
 * it looks like; a boolean never uses the next word.
 *
 * @param words without the program
 */
export function readFlags(words: readonly string[], { known, minor }: Version): FlagReading {
  const given: Given[] = []
  const faults: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') {
      if (at + 1 < words.length) faults.push(`${words[at + 1]} is not a flag`)
      break
    }
    const groups = /^--?(?<flag>[^-=][^=]*)(?:=(?<text>[^]*))?$/.exec(word)?.groups
    const flag = groups?.['flag']
    if (flag === undefined) {
      faults.push(`${word} is not a flag`)
      continue
    }
    const isSwitch = IGNORED.has(flag) || flagType(flag) === 'boolean'
    let text = groups?.['text'] ?? (isSwitch ? 'true' : undefined)
    if (!known.has(flag) && !IGNORED.has(flag) && !APART.includes(flag)) {
      faults.push(`it has no flag ${flag}`)
      // Whether a flag that etcd doesn't know needs a value is unknown.
      if (text === undefined && words[at + 1]?.startsWith('-') === true) continue
    }
    if (text === undefined) {
      at += 1
      text = words[at]
    }
    const value = text === undefined ? undefined : canonicalValue(flag, text, minor)
    if (IGNORED.has(flag)) continue
    if (value === undefined) faults.push(`${flag} can't be '${text ?? ''}'`)
    else given.push({ flag, value: minor === '3.3' ? value : afterAnother(given, flag, value) })
  }
  return { given, faults }
}

/**
 * From 3.4 on, if a list of URLs is given twice, the later one doesn't always win. URLs that are already set are
 * ignored, and a star is added to the earlier ones (`UniqueURLs.Set` in etcd's `pkg/flags`).
 */
function afterAnother(given: readonly Given[], flag: string, value: string): string {
  const before = flagType(flag) === 'urls' ? given.findLast((one) => one.flag === flag)?.value : undefined
  if (before === undefined) return value
  if (value === '' || before.split(',').includes(value)) return before
  return value === '*' ? `${before},*` : value
}

/** Every non-empty variable of a known flag. `taken` are flags on the command line. */
export function readVariables(
  environment: Readonly<Record<string, string>>,
  { known, minor }: Version,
  taken: ReadonlySet<string>,
): FlagReading {
  const given: Given[] = []
  const faults: string[] = []
  for (const flag of known) {
    const text = environment[environmentName(flag)]
    if (text === undefined || text === '' || taken.has(flag)) continue
    const value = canonicalValue(flag, text, minor)
    if (value === undefined) faults.push(`${environmentName(flag)} can't be '${text}'`)
    else given.push({ flag, value })
  }
  return { given, faults }
}
