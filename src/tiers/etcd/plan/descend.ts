/** Preconditions of a move to the previous minor, cancellation of an unwanted downgrade, and refusals. */
import { compareMinors, minorBefore, minorIn } from '../../../etcd/minor.ts'
import { BACKUP_HINT, FIRST_TO_DOWNGRADE, canCancel, downgradeWayOn } from '../../../etcd/upgrade-path.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import { descentOf } from '../facts/descent.ts'
import type { Observed } from '../facts/observed.ts'
import { presentVersion } from '../facts/present-version.ts'
import type { ApplyIntent } from './intent.ts'
import type { Scene, Rule } from './rule.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { Step } from '../steps/steps.ts'

/**
 * Preconditions for a member to go to the previous minor. All members are healthy: a stopped member could not convert its
 * data, and would not start with the older binary.
 */
export const descend: Rule = ({ intent, observed }) => {
  const descent = descentOf(intent, observed)
  if (intent.upgrade === undefined || descent.kind !== 'downgrade') return []
  const { target, enabled, unconverted } = descent
  if (enabled && unconverted.length === 0) return []
  const wait = {
    kind: 'downgrade-await',
    target,
    what: `wait until the data of every member is in the format of etcd ${target}`,
    why: 'an older etcd reads no other format',
    danger: 'none',
  } as const
  if (enabled) return [wait]
  const why = `every member runs a newer minor, and an older one may join only after that`
  const what = `enable etcd's downgrade to ${target}`
  return [{ kind: 'downgrade-enable', target, what, why, danger: 'none' }, wait]
}

/** Cancels an unwanted downgrade once every member runs the wanted version: then the cluster's minor rises again. */
export function ascend({ intent, observed }: Pick<Scene, 'intent' | 'observed'>): readonly Step[] {
  const { cluster, upgrade } = intent
  const target = observed.cluster?.downgrade
  if (upgrade?.cancels !== true || target === undefined || target === minorIn(cluster.etcd.version)) return []
  const what = `cancel etcd's downgrade to ${target}`
  const why = `every member runs etcd ${cluster.etcd.version}`
  return [{ kind: 'downgrade-cancel', target, what, why, danger: 'none' }]
}

/** Steps that end a downgrade are never refused: `upgrade --abort` needs only a quorum. */
export function descentRefusals(intent: ApplyIntent, observed: Observed): readonly BlockReason[] {
  return [...foreignDowngrade(intent, observed), ...impossibleDescent(intent, observed)]
}

function foreignDowngrade(
  { cluster, upgrade, finishes }: ApplyIntent,
  observed: Observed,
): readonly BlockReason[] {
  const target = observed.cluster?.downgrade
  const wanted = minorIn(cluster.etcd.version) ?? ''
  if (target === undefined || finishes !== undefined) return []
  if (upgrade !== undefined && target === wanted) return []
  const minors = etcdNodes(cluster).flatMap(({ name }) => minorIn(presentVersion(observed, name) ?? '') ?? [])
  if (upgrade?.cancels === true && canCancel(wanted, target, minors)) return []
  const message = `a downgrade of etcd to ${target} is enabled but not complete`
  return [{ id: 'downgrade-is-not-complete', message, hint: wayOn(cluster, observed, target) }]
}

/** How to complete or cancel an enabled downgrade. */
export function wayOn(cluster: Cluster, observed: Observed, target: string): string {
  const members = etcdNodes(cluster).map(({ name }) => ({ name, version: presentVersion(observed, name) }))
  return downgradeWayOn({ file: cluster.etcd.version, target, members })
}

function impossibleDescent(intent: ApplyIntent, observed: Observed): readonly BlockReason[] {
  const { cluster, upgrade } = intent
  const descent = descentOf(intent, observed)
  if (upgrade === undefined || descent.kind !== 'downgrade') return []
  const minors = etcdNodes(cluster).flatMap(({ name }) => minorIn(presentVersion(observed, name) ?? '') ?? [])
  const highest = minors.toSorted(compareMinors).at(-1) ?? descent.target
  const message = `etcd can't downgrade this cluster from ${highest} to ${descent.target}`
  if (compareMinors(highest, FIRST_TO_DOWNGRADE) < 0) return [{ message, hint: BACKUP_HINT }]
  if (minorBefore(highest) === descent.target) return []
  return [{ message, hint: `downgrade one minor at a time: first to ${minorBefore(highest)}` }]
}
