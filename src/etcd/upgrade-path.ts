/**
 * Which versions of etcd a version can be changed to. The patch that a step requires first: `LEAST_BEFORE_STEP`.
 *
 * Sources: etcd's upgrade and downgrade guides (https://etcd.io/docs/v3.7/upgrades/, …/downgrades/).
 */
import semver from 'semver'
import { newestPatch } from './hazards.ts'
import { compareMinors, minorBefore, minorIn } from './minor.ts'
import { minorOf, SUPPORTED_MINORS } from './versions.ts'

/** What a change of version means for one member. */
export type Move =
  /** It already has that version. */
  | { readonly kind: 'none' }
  /** Within its minor: safe for data in both directions. */
  | { readonly kind: 'patch'; readonly back: boolean }
  /** To the next minor. */
  | { readonly kind: 'minor' }
  /** To the previous minor. */
  | { readonly kind: 'minor-back' }
  /** More than one minor: `via` names the minors in between. */
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

/** The first minor with etcd's own downgrade: its members convert their data and report their progress. */
export const FIRST_TO_DOWNGRADE = '3.6'

export interface OngoingDowngrade {
  /** The cluster file's version. */
  readonly file: string
  /** The target minor. */
  readonly target: string
  /** The running version on each node, or the installed one if the member doesn't answer. */
  readonly members: readonly { readonly name: string; readonly version: string | undefined }[]
}

/** How to finish or cancel an enabled downgrade: a hint. */
export function downgradeWayOn({ file, target, members }: OngoingDowngrade): string {
  const minors = members.flatMap(({ version }) => minorIn(version ?? '') ?? [])
  if (minors.length > 0 && minors.every((minor) => minor === target))
    return 'rerun the command in a few seconds: every member runs the version, and etcd ends the downgrade itself'
  const there = members.find(({ version }) => minorIn(version ?? '') === target)
  const version = there?.version ?? newestPatch(target)
  const byHand = cancelByHand(members)
  // An upgrade inspects every node, and a permanently lost member can't be removed before the downgrade has ended.
  const away = byHand === undefined ? '' : ` (if a node is unreachable: ${byHand})`
  const cancel = canCancel(minorIn(file) ?? '', target, minors) ? `quorate upgrade --abort${away}` : byHand
  return [
    ...(version === undefined ? [] : [`complete it: quorate upgrade --to ${version}`]),
    ...(cancel === undefined ? [] : [`cancel it: ${cancel}`]),
  ].join('; or ')
}

/** Whether members can go back up to a minor, which ends the downgrade to the minor below it. */
export function canCancel(wanted: string, target: string, minors: readonly string[]): boolean {
  return target === minorBefore(wanted) && minors.every((minor) => minor === target || minor === wanted)
}

/** On a member whose etcdctl supports it. */
function cancelByHand(members: OngoingDowngrade['members']): string | undefined {
  const able = members.find(({ version = '' }) => {
    const minor = minorIn(version)
    return minor !== undefined && compareMinors(minor, FIRST_TO_DOWNGRADE) >= 0
  })
  return able && `quorate etcdctl ${able.name} -- downgrade cancel`
}

/** The rollback if etcd has none. */
export const BACKUP_HINT =
  'restore a snapshot or backup from before the upgrade onto new nodes: quorate restore BACKUP --into FILE (etcd itself has no rollback)'

function minorNumber(minor: string): number {
  return Number(minor.split('.')[1])
}
