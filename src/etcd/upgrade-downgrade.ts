/** What etcd's own downgrade means for a change of version: whether one is needed, and what prevents it. */
import { plural } from '../spec/units.ts'
import { newestPatch } from './hazards.ts'
import { compareMinors, minorIn } from './minor.ts'
import { type UpgradeFacts, type UpgradeProblem, blocker } from './upgrade-facts.ts'
import { type DowngradeRule, DOWNGRADES } from '../spec/version-facts.ts'
import { BACKUP_HINT, canCancel, downgradeWayOn } from './upgrade-path.ts'
import { atLeast, minorOf } from './versions.ts'

/** The cluster is of a newer minor than the wanted one, or is about to be: its members need a downgrade. */
export function isDowngrade(facts: UpgradeFacts): boolean {
  const minor = minorOf(facts.to)
  const newer = facts.members.some(({ running, installed }) => {
    const present = minorIn(running ?? installed ?? '')
    return present !== undefined && compareMinors(present, minor) > 0
  })
  return newer && (facts.downgrade === minor || !isHalfWay(facts))
}

/** A member of the older minor runs, and the cluster is still of that minor: etcd need not be asked. */
function isHalfWay({ members, to, clusterVersion }: UpgradeFacts): boolean {
  const minor = minorOf(to)
  const old = members.some(({ running }) => running !== undefined && minorOf(running) === minor)
  return old && clusterVersion === minor
}

/** Problems of a member that would go to the previous minor. */
export function backProblems(facts: UpgradeFacts, name: string, running: string): readonly UpgradeProblem[] {
  const { to, clusterVersion, downgrade } = facts
  const minor = minorOf(to)
  const rule = DOWNGRADES[minor]
  if (downgrade === minor && rule !== undefined) return ruleProblems(rule, facts, name, running)
  if (clusterVersion === undefined) {
    const message = `cluster version is unknown: no member could report whether it is still ${minor}`
    return [
      blocker({
        id: 'unknown-cluster-version',
        message,
        hint: 'find out why: quorate status',
        host: name,
      }),
    ]
  }
  if (isHalfWay(facts)) return []
  if (rule !== undefined) return ruleProblems(rule, facts, name, running)
  const reason =
    clusterVersion === minor
      ? `every member runs etcd ${minorOf(running)}, and the cluster version is about to rise`
      : `the cluster version is ${clusterVersion}, because every member has run it`
  const message = `${reason}: etcd ${to} would refuse to start on its data`
  return [blocker({ id: 'cluster-has-run-a-newer-minor', message, hint: BACKUP_HINT, host: name })]
}

function ruleProblems(
  { from, fromWhy, least, why }: DowngradeRule,
  { to }: UpgradeFacts,
  name: string,
  running: string,
): readonly UpgradeProblem[] {
  const newest = newestPatch(minorOf(running)) ?? from
  const low =
    from === undefined || atLeast(running, from)
      ? []
      : [
          blocker({
            id: 'version-is-too-old',
            message: `etcd ${running} is running; before a downgrade to ${minorOf(to)} every member needs ${from} or newer: ${fromWhy}`,
            hint: `upgrade first: quorate upgrade --to ${newest}`,
            host: name,
          }),
        ]
  if (atLeast(to, least)) return low
  const message = `etcd ${to} is older than ${least}, the oldest patch to downgrade to: ${why}`
  const hint = `quorate upgrade --to ${newestPatch(minorOf(to)) ?? least}`
  return [...low, blocker({ id: 'version-is-too-old', message, hint })]
}

/** Problems of the cluster as a whole. */
export function downgradeProblems(facts: UpgradeFacts): readonly UpgradeProblem[] {
  const { to, members, downgrade, refusal } = facts
  const wanted = minorOf(to)
  const minors = members.flatMap(({ running }) => minorIn(running ?? '') ?? []).toSorted(compareMinors)
  const [lowest = wanted] = minors
  if (downgrade !== undefined) return foreignProblems(facts, downgrade)
  if (refusal !== undefined && isDowngrade(facts)) {
    return [
      blocker({
        id: 'etcd-refuses-the-downgrade',
        message: `etcd refuses a downgrade to ${wanted}: ${refusal}`,
        hint: 'check the cluster: quorate status',
      }),
    ]
  }
  return compareMinors(wanted, lowest) > 0 ? laggingCluster(facts, lowest) : []
}

/** Members that run `lowest` or newer would go to the next minor while the cluster is, or may be, still of an older one. */
function laggingCluster(
  { members, clusterVersion }: UpgradeFacts,
  lowest: string,
): readonly UpgradeProblem[] {
  if (clusterVersion !== undefined && compareMinors(clusterVersion, lowest) >= 0) return []
  const silent = members.filter(({ running }) => running === undefined).map(({ name }) => name)
  // A member that doesn't answer may keep the cluster at the older minor. It would be upgraded first, to two minors
  // above the cluster's.
  if (silent.length > 0) {
    const is = clusterVersion === undefined ? 'may be' : 'is'
    const older = clusterVersion ?? `an older minor than ${lowest}`
    return [
      blocker({
        id: 'cluster-version-lags',
        message: `answering members run etcd ${lowest} or newer, but the cluster version ${is} still ${older}: etcd raises it only once ${silent.join(' and ')} ${plural(silent.length, 'answers', 'answer')}, too`,
        hint: `complete that upgrade first: quorate upgrade --to ${newestRunning(members, lowest)}`,
      }),
    ]
  }
  if (clusterVersion === undefined) return []
  return [
    blocker({
      id: 'cluster-version-lags',
      message: `every member runs etcd ${lowest} or newer, but the cluster version is still ${clusterVersion}`,
      hint: "rerun the command some seconds after the last restart. If it persists, read the leader's journal: quorate run etcd -- journalctl -u etcd -n 50",
    }),
  ]
}

/** The newest version of a minor that any member runs. */
function newestRunning(members: UpgradeFacts['members'], minor: string): string {
  const versions = members.flatMap(({ running }) =>
    running !== undefined && minorIn(running) === minor ? running : [],
  )
  return versions.reduce((newest, one) => (atLeast(one, newest) ? one : newest))
}

/** An enabled downgrade, no matter who enabled it. */
function foreignProblems(facts: UpgradeFacts, target: string): readonly UpgradeProblem[] {
  const { to, file = to, members } = facts
  if (target === minorOf(to) || canceledBy(facts) !== undefined) return []
  const message = `a downgrade of etcd to ${target} is enabled: etcd keeps the cluster at ${target} until it ends`
  const present = members.map(({ name, running, installed }) => ({ name, version: running ?? installed }))
  const hint = downgradeWayOn({ file, target, members: present })
  return [blocker({ id: 'downgrade-is-not-complete', message, hint })]
}

/**
 * The minor of the downgrade that `--abort` cancels, once every member is back at the newer minor; undefined: it
 * cancels none.
 */
export function canceledBy({ direction, to, members, downgrade }: UpgradeFacts): string | undefined {
  const minors = members.flatMap(({ running, installed }) => minorIn(running ?? installed ?? '') ?? [])
  if (direction !== 'abort' || downgrade === undefined) return undefined
  return canCancel(minorOf(to), downgrade, minors) ? downgrade : undefined
}

/** That needs no restart of a member, only a quorum. */
export function onlyCancels(facts: UpgradeFacts): boolean {
  const present = facts.members.flatMap(({ running, installed }) => running ?? installed ?? [])
  return canceledBy(facts) !== undefined && present.every((version) => version === facts.to)
}
