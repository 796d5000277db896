/**
 * Which versions of etcd have known bugs, and which clusters they affect. The facts themselves:
 * `spec/version-facts.ts`.
 */
import semver from 'semver'
import { HAZARDS, NEWEST } from '../spec/version-facts.ts'
import { atLeast, minorOf } from './versions.ts'

const WHEN = [
  'always',
  'defragmentation',
  'users',
  'learners',
  'upgrade',
  'downgrade',
  'recovery',
  'clients',
] as const

/** Which clusters a bug affects: see HAZARDS. */
export type HazardWhen = (typeof WHEN)[number]

export interface Hazard {
  /** Stable, while the text may change: `stale-reads`. */
  readonly id: string
  /** What can go wrong, as a sentence without a period. */
  readonly what: string
  readonly when: HazardWhen
  /** The first version of the same minor without it; undefined: none. */
  readonly fixedIn: string | undefined
  /** Support of the minor ended before it was fixed. */
  readonly unfixable: boolean
  /** etcd's or the advisory's own term: `corrupted`, `outage`, `high` … */
  readonly severity: string
  /** quorate doesn't upgrade to it, and doesn't do what triggers it. */
  readonly refused: boolean
}

/** A row of HAZARDS. */
export interface HazardRow extends Pick<Hazard, 'id' | 'what' | 'when' | 'severity' | 'refused'> {
  /** For each affected minor: the first patch without it, `never` or `open`. */
  readonly fixed: Readonly<Record<string, string>>
  /** Pull requests by number, advisories by name. */
  readonly pulls: readonly string[]
}

/** Worst first: the order in which severities are shown. */
export const SEVERITIES: readonly string[] =
  'inconsistent corrupted lost critical high stale missed outage medium low'.split(' ')

/**
 * Bugs that every cluster can meet. Those that only a defragmentation triggers are included, because it is ordinary
 * maintenance.
 */
const FOR_EVERYONE: readonly HazardWhen[] = ['always', 'defragmentation']

const ROWS: readonly HazardRow[] = parseHazards(HAZARDS)

/** @throws Error for a row that doesn't have the table's format */
export function parseHazards(text: string): readonly HazardRow[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.flatMap((line, at): HazardRow[] => {
    if (line.startsWith(' ')) return []
    const [id = '', severity = '', when, fixed = '', pulls = ''] = line.split('|').map((cell) => cell.trim())
    const [what] = [lines[at + 1]?.trim()]
    const known = WHEN.find((one) => one === when)
    if (known === undefined || what === undefined) throw new Error(`no row of hazards: ${line}`)
    return [
      {
        id,
        what,
        when: known,
        severity: severity.replace('!', ''),
        refused: severity.endsWith('!'),
        fixed: Object.fromEntries(words(fixed).map(fixedEntry)),
        pulls: words(pulls),
      },
    ]
  })
}

/** `3.5.3`, or `3.5:open`. */
function fixedEntry(word: string): readonly [minor: string, patch: string] {
  const [of, state] = word.split(':')
  return of === undefined || state === undefined ? [minorOf(word), word] : [of, state]
}

/**
 * Known bugs of this version, worst first; empty if none is known. A distribution may have fixed some. `also`: affected
 * groups besides every cluster, for example `users` if etcd's own users are active.
 */
export function knownBad(version: string, also: readonly HazardWhen[] = []): readonly Hazard[] {
  return hazardsFor(version, [...FOR_EVERYONE, ...also])
}

/** Known bugs of this version that affect only `when`, worst first. */
export function hazardsFor(version: string, when: readonly HazardWhen[]): readonly Hazard[] {
  if (semver.parse(version) === null) return []
  return ROWS.filter((row) => when.includes(row.when))
    .flatMap((row): Hazard[] => {
      const { fixed, pulls: _, ...hazard } = row
      const state = fixed[minor(version)]
      if (state === undefined) return []
      const fixedIn = semver.valid(state) === null ? undefined : state
      if (fixedIn !== undefined && semver.gte(version, fixedIn)) return []
      return [{ ...hazard, fixedIn, unfixable: state === 'never' }]
    })
    .toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
}

/** The known bugs of this version that a defragmentation triggers, worst first. */
export function defragHazards(version: string): readonly Hazard[] {
  return hazardsFor(version, ['defragmentation'])
}

/** `etcd 3.5.16: what can go wrong (fixed in 3.5.17)`. */
export function describeHazard(version: string, hazard: Hazard): string {
  return `etcd ${version}: ${hazard.what} (${cure(hazard, version)})`
}

function cure({ fixedIn, unfixable }: Hazard, version: string): string {
  if (fixedIn !== undefined) return `fixed in ${fixedIn}`
  return unfixable ? `${minor(version)} gets no fix` : 'not fixed yet'
}

/** Lines for the operator: why this version isn't the best choice, and which one would be. */
export function describeHazards(version: string, also: readonly HazardWhen[] = []): readonly string[] {
  const lines = knownBad(version, also).map((hazard) => describeHazard(version, hazard))
  const ended = endOfLife(version)
  if (ended !== undefined) {
    lines.push(
      `etcd ${version}: its minor version ended in ${ended.when} with ${ended.last} and gets no more fixes`,
    )
  }
  return lines
}

/** Whether this minor gets no more fixes from etcd's authors: its last patch and the month of its release, or undefined. */
export function endOfLife(version: string): { readonly last: string; readonly when: string } | undefined {
  const known = NEWEST[minor(version)]
  const when = /^ended (.+)$/.exec(known?.support ?? '')?.[1]
  return known === undefined || when === undefined ? undefined : { last: known.patch, when }
}

/** The newest patch of a minor such as `3.6`; undefined if the minor is unknown. */
export function newestPatch(minorVersion: string): string | undefined {
  return NEWEST[minorVersion]?.patch
}

/** The patch to recommend if `least` or newer is needed: the newest known one, because older ones have known bugs. */
export function patchToName(least: string): string {
  const newest = newestPatch(minor(least))
  return newest === undefined || semver.lt(newest, least) ? least : newest
}

/**
 * The first version of the same minor that reliably serves http and https on one port; undefined: this one does. Before
 * it, which of two servers answered a gRPC client without TLS depended on the timing of two threads
 * (https://github.com/etcd-io/etcd/issues/15495).
 */
export function sharesPortFrom(version: string): string | undefined {
  const fixed: Readonly<Record<string, string>> = { '3.3': '3.4.25', '3.4': '3.4.25', '3.5': '3.5.8' }
  const first = fixed[minorOf(version)]
  return first === undefined || atLeast(version, first) ? undefined : first
}

/**
 * Whether HashKV of this version still counts a deletion that is the last compacted change until it has been swept.
 * Then the hash of the same contents depends on the progress of the sweep (https://github.com/etcd-io/etcd/pull/18274).
 */
export function countsSweptDeletions(version: string): boolean {
  const first: Readonly<Record<string, string>> = { '3.3': '3.4.34', '3.4': '3.4.34', '3.5': '3.5.16' }
  const fixed = first[minorOf(version)]
  return fixed !== undefined && !atLeast(version, fixed)
}

/** Like `minorOf`, for text that may not be an exact version: returns '' then. */
function minor(version: string): string {
  const parsed = semver.parse(version)
  return parsed === null ? '' : `${parsed.major}.${parsed.minor}`
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
