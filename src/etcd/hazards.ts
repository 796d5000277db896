/** Versions of etcd with known faults, as data. Sources: etcd's changelogs for 3.4, 3.5, 3.6 and 3.7. */
import semver from 'semver'
import { atLeast, minorOf } from './versions.ts'

export interface Hazard {
  /** What can go wrong, as a sentence without its full stop. */
  readonly what: string
  /** The first version of the same minor without it. */
  readonly fixedIn: string
  /** `error`: data can be lost or become inconsistent without anybody's mistake. `warning`: everything else. */
  readonly severity: 'error' | 'warning'
}

/**
 * The first version of the same minor that serves http and https on one port reliably; undefined: this one does. Before,
 * it depended on two threads which of the two servers gRPC clients without TLS met (https://github.com/etcd-io/etcd/issues/15495).
 */
export function sharesPortFrom(version: string): string | undefined {
  const fixed: Readonly<Record<string, string>> = { '3.3': '3.4.25', '3.4': '3.4.25', '3.5': '3.5.8' }
  const first = fixed[minorOf(version)]
  return first === undefined || atLeast(version, first) ? undefined : first
}

/**
 * Whether HashKV of this version counts a deletion that is the last thing compacted only until it is swept out: the hash
 * of the very same contents then depends on how far that is (https://github.com/etcd-io/etcd/pull/18274).
 */
export function countsSweptDeletions(version: string): boolean {
  const first: Readonly<Record<string, string>> = { '3.3': '3.4.34', '3.4': '3.4.34', '3.5': '3.5.16' }
  const fixed = first[minorOf(version)]
  return fixed !== undefined && !atLeast(version, fixed)
}

interface Fault {
  readonly what: string
  readonly severity: Hazard['severity']
  /** It comes with defragmenting. */
  readonly defragmentation?: true
  /** Per minor that has it, from its .0 on: the first version without it. A minor that isn't named never had it. */
  readonly fixed: Readonly<Record<string, string>>
}

const FAULTS: readonly Fault[] = [
  {
    what: 'a crash under load can leave a member with data that differs from the others, unnoticed',
    severity: 'error',
    fixed: { '3.5': '3.5.3' },
  },
  {
    what: 'a write acknowledged by a single-member cluster can be lost in a crash',
    severity: 'error',
    fixed: { '3.4': '3.4.21', '3.5': '3.5.5' },
  },
  {
    what: 'a crash during defragmentation, or an authentication change, can make members disagree',
    severity: 'error',
    defragmentation: true,
    fixed: { '3.4': '3.4.22', '3.5': '3.5.6' },
  },
  {
    what: 'a torn end of the write-ahead log can keep a member from starting, and a learner that never started can be promoted',
    severity: 'warning',
    fixed: { '3.4': '3.4.24', '3.5': '3.5.7' },
  },
  {
    what: 'watchers can miss events, and leases can be revoked wrongly',
    severity: 'warning',
    fixed: { '3.4': '3.4.31', '3.5': '3.5.13' },
  },
  {
    what: "a crash during a compaction can make a member's revision go backwards",
    severity: 'warning',
    fixed: { '3.4': '3.4.32', '3.5': '3.5.14' },
  },
  {
    what: 'a write transaction that fails half-way can be applied in part',
    severity: 'warning',
    fixed: { '3.5': '3.5.17' },
  },
  {
    what: 'receiving a snapshot while a defragmentation runs can crash the member',
    severity: 'warning',
    defragmentation: true,
    fixed: { '3.4': '3.4.38', '3.5': '3.5.23', '3.6': '3.6.5' },
  },
  {
    what: 'a member that was paused can answer linearizable reads with stale data',
    severity: 'warning',
    fixed: { '3.5': '3.5.28', '3.6': '3.6.9' },
  },
  {
    what: 'a member cannot be added while another one is down',
    severity: 'warning',
    fixed: { '3.5': '3.5.30', '3.6': '3.6.11' },
  },
  {
    what: "changing a learner's peer URL promotes it to a voter",
    severity: 'warning',
    fixed: { '3.5': '3.5.31', '3.6': '3.6.12' },
  },
  {
    what: 'a revoked client certificate can get past the certificate revocation list',
    severity: 'warning',
    fixed: { '3.5': '3.5.32', '3.6': '3.6.13' },
  },
  {
    what: 'a client without a certificate can exhaust the server with TLS handshakes (denial of service)',
    severity: 'warning',
    fixed: { '3.5': '3.5.33', '3.6': '3.6.14', '3.7': '3.7.1' },
  },
]

/** The last patch of minors that get no more fixes, and since when (year-month). */
const ENDED: Readonly<Record<string, { readonly last: string; readonly when: string }>> = {
  '3.3': { last: '3.3.27', when: '2021-10' },
  '3.4': { last: '3.4.45', when: '2026-06' },
}

/** Every known fault of this version, worst first; empty if none is known. A distribution may have fixed some by itself. */
export function knownBad(version: string): readonly Hazard[] {
  return hazardsAmong(FAULTS, version)
}

/** The known faults of this version that a defragmentation brings out, worst first. */
export function defragHazards(version: string): readonly Hazard[] {
  return hazardsAmong(
    FAULTS.filter(({ defragmentation }) => defragmentation === true),
    version,
  )
}

function hazardsAmong(faults: readonly Fault[], version: string): readonly Hazard[] {
  const parsed = semver.parse(version)
  if (parsed === null) return []
  const minor = `${parsed.major}.${parsed.minor}`
  const hazards = faults.flatMap((fault): Hazard[] => {
    const fixedIn = fault.fixed[minor]
    if (fixedIn === undefined || semver.gte(version, fixedIn)) return []
    return [{ what: fault.what, fixedIn, severity: fault.severity }]
  })
  return hazards.sort((a, b) => rank(a) - rank(b))
}

/** Whether this minor gets no more fixes from etcd's authors: its last patch and the month that came out, or undefined. */
export function endOfLife(version: string): { readonly last: string; readonly when: string } | undefined {
  const parsed = semver.parse(version)
  return parsed === null ? undefined : ENDED[`${parsed.major}.${parsed.minor}`]
}

/** Lines for a person: why this version is not the best choice, and which one would be. */
export function describeHazards(version: string): readonly string[] {
  const lines = knownBad(version).map(
    (hazard) => `etcd ${version}: ${hazard.what} (fixed in ${hazard.fixedIn})`,
  )
  const ended = endOfLife(version)
  if (ended !== undefined) {
    lines.push(
      `etcd ${version}: its minor version ended in ${ended.when} with ${ended.last} and gets no more fixes`,
    )
  }
  return lines
}

function rank(hazard: Hazard): number {
  return hazard.severity === 'error' ? 0 : 1
}
