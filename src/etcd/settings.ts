/** Whether a version of etcd starts with these settings, and uses them: checked wherever they are written or planned. */
import { QuorateError } from '../errors.ts'
import { gateFaults } from './feature-gates.ts'
import { FEATURE_GATES } from './flags.ts'
import { pairFaults } from './setting-pairs.ts'
import { valueFault } from './setting-values.ts'
import { knownFlags, unknownSettings } from './versions.ts'

type Settings = Readonly<Record<string, string>>

export interface SettingFault {
  /** The flag without dashes, as in the cluster file. */
  readonly name: string
  /** `unknown`: etcd would only warn, and ignore it. `refused`: etcd doesn't start. */
  readonly kind: 'unknown' | 'refused'
  /** What is wrong, with the version. */
  readonly message: string
  /** The fix; undefined: the message contains it, or the only fix is to remove the setting. */
  readonly hint: string | undefined
  /** For an unknown name: its replacement, `corrupt-check-time` or `feature-gates=CompactHashCheck=true`. */
  readonly instead: string | undefined
}

/**
 * Everything with which this version doesn't start, or that it would ignore; empty: nothing.
 *
 * @param settings etcd's flags without dashes, as in `etcd.settings`
 * @throws QuorateError `cluster-file` for a version that quorate can't configure
 */
export function settingFaults(version: string, settings: Settings): readonly SettingFault[] {
  const known = knownFlags(version)
  const unknown = unknownSettings(version, Object.keys(settings)).map(({ name, suggestion, message }) => {
    const instead =
      name === 'feature-gates' ? flagsOf(settings[name] ?? '') : valued(suggestion, settings[name])
    const text =
      instead === suggestion ? message : `${message.replace(/: write .*$/, '')}: write '${instead}'`
    return { name, kind: 'unknown', message: text, hint: undefined, instead } as const
  })
  const values = Object.entries(settings).flatMap(([name, value]) => {
    const fault = known.has(name) ? valueFault(version, name, value) : undefined
    return fault === undefined ? [] : [refused({ name, ...fault })]
  })
  const heeded = Object.fromEntries(Object.entries(settings).filter(([name]) => known.has(name)))
  const together = [...gateFaults(version, heeded), ...pairFaults(version, heeded)]
  return [...unknown, ...values, ...together.map(refused)]
}

/** Throws one `cluster-file` error that names every setting with which this version does not start, or that it ignores. */
export function checkSettings(version: string, settings: Settings): void {
  const faults = settingFaults(version, settings)
  if (faults.length === 0) return
  const hints = faults.flatMap(({ hint }) => hint ?? [])
  const lists = `'etcd --help' of ${version} lists its settings. etcd itself would ignore an unknown one with only a warning.`
  throw new QuorateError('cluster-file', faults.map(({ message }) => message).join('\n'), {
    id: 'unfit-settings',
    hint: [...new Set([...hints, ...(faults.some(({ kind }) => kind === 'unknown') ? [lists] : [])])].join(
      '\n',
    ),
  })
}

function refused(fault: {
  readonly name: string
  readonly message: string
  readonly hint: string
}): SettingFault {
  return { ...fault, kind: 'refused', instead: undefined }
}

/** A gate gets the value that the flag had. */
function valued(suggestion: string | undefined, value: string | undefined): string | undefined {
  return suggestion?.startsWith('feature-gates=') === true && value !== undefined
    ? suggestion.replace(/[^=]*$/, value)
    : suggestion
}

/** The corresponding flags of a minor without feature gates. */
function flagsOf(gates: string): string | undefined {
  const flags = gates.split(',').flatMap((pair) => {
    const [gate, value] = pair.split('=').map((part) => part.trim())
    const flag = Object.entries(FEATURE_GATES).find(([, name]) => name === gate)?.[0]
    return flag === undefined || gate === 'InitialCorruptCheck' ? [] : `${flag}=${value}`
  })
  return flags.length === 0 ? undefined : flags.join(',')
}
