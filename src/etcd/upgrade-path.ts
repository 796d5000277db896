/**
 * From which version of etcd to which one may go. Which patch a step asks for first: `LEAST_BEFORE_STEP`.
 *
 * Sources: etcd's upgrade and downgrade guides (https://etcd.io/docs/v3.7/upgrades/, …/downgrades/).
 */
import semver from 'semver'
import { minorOf, SUPPORTED_MINORS } from './versions.ts'

/** What a move is, seen from one member. */
export type Move =
  /** It is there already. */
  | { readonly kind: 'none' }
  /** Within its minor: harmless in both directions as far as data goes. */
  | { readonly kind: 'patch'; readonly back: boolean }
  /** To the next minor. */
  | { readonly kind: 'minor' }
  /** To the minor before. */
  | { readonly kind: 'minor-back' }
  /** Further than one minor: `via` names the minors on the way, without both ends. */
  | { readonly kind: 'too-far'; readonly via: readonly string[]; readonly back: boolean }

/** @throws QuorateError `cluster-file` for anything but `x.y.z`. */
export function moveBetween(from: string, to: string): Move {
  if (from === to) return { kind: 'none' }
  const [before, after] = [minorOf(from), minorOf(to)]
  if (before === after) return { kind: 'patch', back: semver.lt(to, from) }
  const distance = minorNumber(after) - minorNumber(before)
  if (distance === 1) return { kind: 'minor' }
  if (distance === -1) return { kind: 'minor-back' }
  const [low, high] = [
    Math.min(minorNumber(before), minorNumber(after)),
    Math.max(minorNumber(before), minorNumber(after)),
  ]
  const between = SUPPORTED_MINORS.filter((minor) => minorNumber(minor) > low && minorNumber(minor) < high)
  return { kind: 'too-far', via: distance > 0 ? between : between.toReversed(), back: distance < 0 }
}

/**
 * How etcd itself goes back a minor once every member has been on the newer one, which quorate doesn't do: none of it
 * could be rehearsed on the versions it is tested with. undefined: etcd has no way but a snapshot.
 *
 * 3.6 and newer: https://etcd.io/docs/v3.7/downgrades/downgrade_3_6/; 3.5: …/downgrade_3_5/.
 */
export function officialDowngrade(from: string): string | undefined {
  const minor = minorOf(from)
  if (minorNumber(minor) >= 6)
    return `etcdctl downgrade (validate, enable), then the older binary member by member`
  if (minor === '3.5')
    return 'etcd 3.4.32 or newer with --next-cluster-version-compatible, without authentication'
  return undefined
}

function minorNumber(minor: string): number {
  return Number(minor.split('.')[1])
}
