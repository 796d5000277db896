/**
 * What the minor versions of etcd support, and the names of their settings: everything that is needed to write its
 * configuration.
 */
import semver from 'semver'
import { QuorateError } from '../errors.ts'
import { FEATURE_GATES, FLAG_SINCE, flagsOfMinor, MINORS, RENAMES } from './flags.ts'

/** The minors that quorate can configure, oldest first: `3.3` … `3.7`. */
export const SUPPORTED_MINORS: readonly string[] = MINORS

/** The minor of a version: `3.5` for `3.5.16`. Throws a `cluster-file` error for anything but `x.y.z`. */
export function minorOf(version: string): string {
  const parsed = semver.parse(version)
  if (parsed === null || parsed.version !== version) {
    throw new QuorateError('cluster-file', `'${version}' is not an exact etcd version`, {
      id: 'not-an-exact-version',
      hint: "write all three numbers, quoted and without a 'v', for example '3.5.16'",
    })
  }
  return `${parsed.major}.${parsed.minor}`
}

/** Like `minorOf`, but also throws for a minor that quorate can't configure. */
export function supportedMinorOf(version: string): string {
  const minor = minorOf(version)
  if (SUPPORTED_MINORS.includes(minor)) return minor
  throw new QuorateError('cluster-file', `etcd ${version} is not a version that quorate can configure`, {
    id: 'unsupported-version',
    hint: `choose a version from ${SUPPORTED_MINORS[0]}.x to ${SUPPORTED_MINORS.at(-1)}.x`,
  })
}

/** Whether `a` is `b` or newer. */
export function atLeast(a: string, b: string): boolean {
  return semver.gte(a, b)
}

/**
 * Whether the server can serve the v2 API for clients (`--enable-v2`; the default of 3.3, off from 3.4 on, removed in
 * 3.6).
 */
export function supportsV2(version: string): boolean {
  return knownFlags(version).has('enable-v2')
}

/** Whether members can be added as learners (etcd 3.4 and newer). */
export function supportsLearners(version: string): boolean {
  return semver.gte(version, '3.4.0')
}

/** Whether the release has `etcdutl` (etcd 3.5 and newer); before it, `etcdctl` restores snapshots. */
export function hasEtcdutl(version: string): boolean {
  return semver.gte(version, '3.5.0')
}

/** Whether restoring a snapshot can increase the revision beyond what was written since (`--bump-revision`). */
export function canBumpRevision(version: string): boolean {
  return semver.satisfies(version, '>=3.4.27 <3.5.0 || >=3.5.10')
}

/** The flags of a minor's versions from this one on, which are the same until the next edition. */
interface Edition {
  readonly from: string
  readonly flags: ReadonlySet<string>
  readonly variables: readonly string[]
}

/** By minor, oldest first. Constants, because planning needs them thousands of times. */
const EDITIONS: ReadonlyMap<string, readonly Edition[]> = new Map(
  MINORS.map((minor) => [minor, editionsOf(minor)]),
)

function editionsOf(minor: string): readonly Edition[] {
  const since = FLAG_SINCE[minor] ?? {}
  const starts = [...new Set([`${minor}.0-0`, ...Object.values(since)])].toSorted(semver.compare)
  return starts.map((from) => {
    const flags = (flagsOfMinor(minor) ?? []).filter((flag) => semver.gte(from, since[flag] ?? '0.0.0'))
    return { from, flags: new Set(flags), variables: flags.map(environmentName).sort() }
  })
}

function editionOf(version: string): Edition {
  const editions = EDITIONS.get(supportedMinorOf(version)) ?? []
  const [first, ...later] = editions
  if (first === undefined) throw new TypeError(`no flags are known of ${version}`)
  return later.findLast(({ from }) => semver.gte(version, from)) ?? first
}

/** The flags that this version knows, without dashes. */
export function knownFlags(version: string): ReadonlySet<string> {
  return editionOf(version).flags
}

/** The environment variables that this version knows, sorted: an options file may contain these and no others. */
export function environmentNames(version: string): readonly string[] {
  return editionOf(version).variables
}

/** The environment variable of a flag: `ETCD_HEARTBEAT_INTERVAL` for `heartbeat-interval`. */
export function environmentName(flag: string): string {
  return `ETCD_${flag.replaceAll('-', '_').toUpperCase()}`
}

/** The flag of an environment variable: `heartbeat-interval` for `ETCD_HEARTBEAT_INTERVAL`. */
export function flagName(variable: string): string {
  return variable
    .replace(/^ETCD_/, '')
    .toLowerCase()
    .replaceAll('_', '-')
}

/** A setting that this version of etcd doesn't know. */
export interface UnknownSetting {
  readonly name: string
  /** The complete message: what is wrong, and the name to use instead if there is one. */
  readonly message: string
  /** The flag to use instead, or `feature-gates=Name=true`. */
  readonly suggestion: string | undefined
}

/** Those of `names` (flags without dashes) that this version doesn't know, with a replacement. */
export function unknownSettings(version: string, names: Iterable<string>): readonly UnknownSetting[] {
  const wanted = [...names]
  if (wanted.length === 0) return []
  const known = knownFlags(version)
  return wanted
    .filter((name) => !known.has(name))
    .map((name) => {
      const suggestion = suggest(name, known)
      const advice = suggestion === undefined ? '' : `: write '${suggestion}'`
      return { name, suggestion, message: `etcd ${version} has no setting '${name}'${advice}` }
    })
}

function suggest(name: string, known: ReadonlySet<string>): string | undefined {
  for (const [older, newer] of RENAMES) {
    if (name === older && known.has(newer)) return newer
    if (name === newer && known.has(older)) return older
  }
  const gate = FEATURE_GATES[name]
  if (gate !== undefined && known.has('feature-gates')) return `feature-gates=${gate}=true`
  const plain = name
    .toLowerCase()
    .replace(/^-+/, '')
    .replace(/^etcd_/, '')
    .replaceAll('_', '-')
  if (known.has(plain)) return plain
  const near = [...known].map((flag) => ({ flag, edits: editDistance(plain, flag) }))
  const nearest = near.sort((a, b) => a.edits - b.edits)[0]
  return nearest !== undefined && nearest.edits <= Math.min(3, plain.length / 4) ? nearest.flag : undefined
}

/** Levenshtein distance: how many letters to insert, delete or replace to get from one to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of from.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of to.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
