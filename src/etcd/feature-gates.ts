/** `feature-gates` of etcd 3.6 and newer: names, values, and their dependencies. */
import { goBoolean } from '../spec/go-values.ts'
import { FEATURE_GATES, GATES, RENAMES } from './flags.ts'
import { minorOf } from './versions.ts'

/** A problem of the settings as a whole. */
export interface GateFault {
  /** The setting that it is about. */
  readonly name: string
  readonly message: string
  readonly hint: string
}

type Settings = Readonly<Record<string, string>>

const FLAG = 'feature-gates'
/** quorate's own: on restart a member compares its contents with its peers' before it serves. */
export const SAFEGUARD = 'InitialCorruptCheck'

/** Name and value of each, like etcd parses them: the last of two counts. */
function parseGates(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '')
  return new Map(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=')
      return [name.trim(), value.join('=').trim()]
    }),
  )
}

/** The gates of the file, with quorate's safeguard added. */
export function withSafeguard(text: string): string {
  return [withoutSafeguard(text), `${SAFEGUARD}=true`].filter((part) => part !== '').join(',')
}

export function withoutSafeguard(text: string): string {
  const others = text.split(',').filter((pair) => pair.split('=')[0]?.trim() !== SAFEGUARD)
  return others.filter((pair) => pair !== '').join(',')
}

export function turnsSafeguardOff(text: string): boolean {
  return goBoolean(parseGates(text).get(SAFEGUARD) ?? '') === false
}

/** Problems of `feature-gates` itself, and of flags that contradict it or each other. Empty for a minor without gates. */
export function gateFaults(version: string, settings: Settings): readonly GateFault[] {
  const minor = minorOf(version)
  const known = GATES[minor]
  const gates = known === undefined ? new Map<string, string>() : parseGates(settings[FLAG] ?? '')
  return [
    ...[...gates].flatMap(([gate, value]) => oneGate(version, known ?? [], gate, value)),
    ...(minor === '3.6' ? bothNames(version, settings) : []),
    ...leaseCheckpoints(version, settings, gates),
  ]
}

function gateFault(message: string, hint: string): readonly GateFault[] {
  return [{ name: FLAG, message, hint }]
}

function oneGate(
  version: string,
  known: readonly string[],
  gate: string,
  value: string,
): readonly GateFault[] {
  if (!known.includes(gate))
    return gateFault(
      `etcd ${version} has no feature gate '${gate}', and does not start with it`,
      `it has ${known.join(', ')}`,
    )
  if (goBoolean(value) === undefined)
    return gateFault(
      `etcd ${version} does not start with feature gate ${gate} '${value}'`,
      `write ${gate}=true or ${gate}=false`,
    )
  if (gate === SAFEGUARD && goBoolean(value) === false)
    return gateFault(
      `quorate keeps ${SAFEGUARD} on: a member whose contents differ must not serve`,
      `remove ${gate}=${value}`,
    )
  return []
}

/** 3.6 knows many settings by two names, and doesn't start with both. */
function bothNames(version: string, settings: Settings): readonly GateFault[] {
  const renamed = RENAMES.filter(
    ([older, newer]) => older.startsWith('experimental-') && older in settings && newer in settings,
  )
  const gated = Object.entries(FEATURE_GATES).filter(
    // etcd searches the name like this: anywhere in the text.
    ([flag, gate]) => flag in settings && settings[FLAG]?.includes(gate) === true,
  )
  return [
    ...renamed.map(([older, newer]) => ({
      name: older,
      message: `etcd ${version} does not start with both ${older} and ${newer}`,
      hint: `remove ${older}`,
    })),
    ...gated.map(([flag, gate]) => ({
      name: flag,
      message: `etcd ${version} does not start with both ${flag} and a feature gate ${gate}…`,
      hint: `remove ${flag}, and write ${gate}=${settings[flag]} into feature-gates`,
    })),
  ]
}

function leaseCheckpoints(
  version: string,
  settings: Settings,
  gates: ReadonlyMap<string, string>,
): readonly GateFault[] {
  const isOn = (gate: string, flag: string): boolean =>
    goBoolean(gates.get(gate) ?? settings[flag] ?? gates.get('AllAlpha') ?? 'false') === true
  const flag = 'experimental-enable-lease-checkpoint'
  const persists = isOn('LeaseCheckpointPersist', `${flag}-persist`)
  if (!persists || isOn('LeaseCheckpoint', flag)) return []
  const gated = `${flag}-persist` in settings && !gates.has('LeaseCheckpointPersist') ? undefined : gates
  const name = gated === undefined ? `${flag}-persist` : FLAG
  const [one, other] =
    gated === undefined
      ? [`${flag}-persist`, `${flag}: true`]
      : ['LeaseCheckpointPersist', 'LeaseCheckpoint=true']
  return [{ name, message: `etcd ${version} does not start with ${one} alone`, hint: `write ${other} too` }]
}
