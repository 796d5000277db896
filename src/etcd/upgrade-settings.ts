/** The cluster file's own settings against the version that is gone to: a name it doesn't know would be lost silently. */
import { type UpgradeFacts, type UpgradeProblem, blocker } from './upgrade-facts.ts'
import { knownFlags, minorOf, unknownSettings } from './versions.ts'

/** Values that a newer version refuses to start with, though it knows the name. From etcd's upgrade guides. */
const REFUSED_VALUES: readonly {
  readonly name: string
  readonly value: string
  /** The first minor that refuses it. */
  readonly since: string
  readonly instead: string
}[] = [
  { name: 'logger', value: 'capnslog', since: '3.5', instead: 'remove it, or write logger: zap' },
  { name: 'v2-deprecation', value: 'not-yet', since: '3.6', instead: 'remove it' },
]

export function settingProblems({ to, members, etcd }: UpgradeFacts): readonly UpgradeProblem[] {
  const versions = members.flatMap(({ running }) => (running === undefined ? [] : [running]))
  const unknown = unknownSettings(to, Object.keys(etcd.settings)).map(({ name, suggestion }) => {
    const message = `etcd ${to} has no setting '${name}': the cluster file sets it (etcd.settings.${name}), and it would have no effect any more`
    return blocker(message, wayOut(name, suggestion, versions))
  })
  const refused = REFUSED_VALUES.filter(
    ({ name, value, since }) => etcd.settings[name] === value && !isBefore(minorOf(to), since),
  ).map(({ name, value, instead }) => {
    const message = `etcd ${to} does not start with ${name} '${value}' (etcd.settings.${name})`
    return blocker(message, `${instead}, then apply, then upgrade`)
  })
  return [...unknown, ...refused]
}

/** A name that the present version knows too can be changed before; another one only after. */
function wayOut(name: string, suggestion: string | undefined, versions: readonly string[]): string {
  if (suggestion === undefined) return `remove ${name} from the cluster file and apply, then upgrade`
  const [flag = ''] = suggestion.split('=')
  const knownNow = versions.every((version) => knownFlags(version).has(flag))
  return knownNow
    ? `write ${suggestion} in its place and apply, then upgrade`
    : `remove ${name} from the cluster file and apply, then upgrade, then write ${suggestion} and apply`
}

function isBefore(minor: string, other: string): boolean {
  return Number(minor.split('.')[1]) < Number(other.split('.')[1])
}
