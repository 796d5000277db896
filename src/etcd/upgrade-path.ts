/**
 * From which version of etcd to which one may go. Which patch a step asks for first: `LEAST_BEFORE_STEP`.
 *
 * Sources: etcd's upgrade and downgrade guides (https://etcd.io/docs/v3.7/upgrades/, …/downgrades/).
 */
import semver from 'semver'
import { newestPatch } from './hazards.ts'
import { compareMinors, minorBefore, minorIn } from './minor.ts'
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

/** etcd's own downgrade came with this minor: its members convert their data and say how far they are. */
export const FIRST_TO_DOWNGRADE = '3.6'

export interface OngoingDowngrade {
  /** The cluster file's version. */
  readonly file: string
  /** The minor to which it is enabled. */
  readonly target: string
  /** What runs on each node, or is installed where nothing answers. */
  readonly members: readonly { readonly name: string; readonly version: string | undefined }[]
}

/** How a downgrade that is enabled is finished, or canceled: a hint. */
export function downgradeWayOn({ file, target, members }: OngoingDowngrade): string {
  const minors = members.flatMap(({ version }) => minorIn(version ?? '') ?? [])
  if (minors.length > 0 && minors.every((minor) => minor === target))
    return 'rerun the command in a few seconds: every member runs the version, and etcd ends the downgrade itself'
  const there = members.find(({ version }) => minorIn(version ?? '') === target)
  const version = there?.version ?? newestPatch(target)
  const byHand = cancelByHand(members)
  // An upgrade looks at every machine, and one that is gone for good can't leave before the downgrade has ended.
  const away = byHand === undefined ? '' : ` (if a node is unreachable: ${byHand})`
  const cancel = canCancel(minorIn(file) ?? '', target, minors) ? `quorate upgrade --abort${away}` : byHand
  return [
    ...(version === undefined ? [] : [`complete it: quorate upgrade --to ${version}`]),
    ...(cancel === undefined ? [] : [`cancel it: ${cancel}`]),
  ].join('; or ')
}

/** Whether members can go back up to a minor, and the downgrade to the one below it ends so. */
export function canCancel(wanted: string, target: string, minors: readonly string[]): boolean {
  return target === minorBefore(wanted) && minors.every((minor) => minor === target || minor === wanted)
}

/** On a member whose etcdctl can. */
function cancelByHand(members: OngoingDowngrade['members']): string | undefined {
  const able = members.find(({ version = '' }) => {
    const minor = minorIn(version)
    return minor !== undefined && compareMinors(minor, FIRST_TO_DOWNGRADE) >= 0
  })
  return able && `quorate etcdctl ${able.name} -- downgrade cancel`
}

/** The way back where etcd has none. */
export const BACKUP_HINT =
  'restore a snapshot or backup from before the upgrade onto new nodes: quorate restore BACKUP --into FILE (etcd itself has no rollback)'

function minorNumber(minor: string): number {
  return Number(minor.split('.')[1])
}
