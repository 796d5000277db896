/** Previews a change of version, with everything that prevents it. It only inspects. */
import type { UpgradeFacts, UpgradeProblem } from '../../etcd/upgrade-facts.ts'
import { blocker } from '../../etcd/upgrade-facts.ts'
import { compareMinors } from '../../etcd/minor.ts'
import { canceledBy, isDowngrade, onlyCancels } from '../../etcd/upgrade-downgrade.ts'
import { DOWNGRADES } from '../../spec/version-facts.ts'
import { precheckUpgrade, versionsToLeave } from '../../etcd/upgrade-precheck.ts'
import { atLeast, minorOf } from '../../etcd/versions.ts'
import type { ApplyIntent } from '../../tiers/etcd/plan/intent.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { plan } from '../../tiers/etcd/plan/plan.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { upgradeFacts } from './observe.ts'
import { type UpgradeSupplies, gatherSupplies } from './supplies.ts'
import type { UpgradeTarget } from './target.ts'
import { checkFileEdit } from './file.ts'
import { QuorateError } from '../../errors.ts'

export interface UpgradePreview {
  readonly direction: UpgradeFacts['direction']
  /** Running versions other than the wanted one, oldest first; empty: every member runs the wanted one. */
  readonly from: readonly string[]
  readonly to: string
  /** The version that the members have agreed on, `3.4`; null: no member could say. */
  readonly clusterVersion: string | null
  /** Names of the members in restart order: the canary first, the leader last. */
  readonly order: readonly string[]
  /** Seconds for which the canary is watched before the others follow. */
  readonly canarySeconds: number
  /** Size of the database before its snapshot, in bytes; null: no snapshot is taken. */
  readonly snapshotBytes: number | null
  /** Estimated duration in seconds. */
  readonly seconds: number
  /** Once the last member has been restarted, only a snapshot can bring the old version back. */
  readonly pointOfNoReturn: boolean
  /** The minor that etcd's own downgrade takes the cluster to; null: no downgrade is needed. */
  readonly downgrade: string | null
  /** The minor of an enabled downgrade that is canceled at the end; null: none. */
  readonly cancels: string | null
  /** With one or two members, no write is possible while one of them restarts. */
  readonly outage: boolean
  /** Keys of the cluster file that are changed at the end: `etcd.version`. */
  readonly fileEdits: readonly string[]
  /** Blockers first. */
  readonly problems: readonly UpgradeProblem[]
}

export interface Examined {
  /** The only thing to do is to cancel a downgrade, and a quorum is enough for that. */
  readonly cancelsOnly: boolean
  readonly preview: UpgradePreview
  readonly observed: Observed
  readonly intent: ApplyIntent
  readonly supplies: UpgradeSupplies
}

/** Estimates in seconds: a member's restart with all its checks, and the change of the cluster version. */
const MEMBER_SECONDS = 6
const RAISE_SECONDS = 5
const CONVERT_SECONDS = 10
const SNAPSHOT_BYTES_PER_SECOND = 20 * 1024 ** 2

/**
 * @param session of the target's cluster
 * @param file the cluster as its file has it now
 */
export async function examine(
  session: Session,
  file: Cluster,
  { edits }: UpgradeTarget,
  options: { readonly direction: UpgradeFacts['direction']; readonly canarySeconds: number },
): Promise<Examined> {
  const { cluster } = session
  const back = options.direction === 'abort'
  const canarySeconds = back ? 0 : options.canarySeconds
  const upgrade = { canarySeconds, back, cancels: back }
  const intent: ApplyIntent = { ...applyIntent(cluster, session.now()), upgrade }
  const observed = await observe(session)
  const { facts, storeBytes } = await upgradeFacts(session, observed, options.direction, file.etcd.version)
  const from = versionsToLeave(facts)
  const problems = [
    ...precheckUpgrade(facts),
    ...directionProblems(facts, from, file),
    ...otherChanges(session, file, facts, observed),
  ]
  const down = isDowngrade(facts)
  const cancelsOnly = onlyCancels(facts)
  // If the upgrade is blocked, don't download over a network that may be slow.
  const clear = problems.every(({ severity }) => severity !== 'blocker')
  const supplies =
    clear && !cancelsOnly
      ? await gatherSupplies(session, observed, file)
      : { artifacts: new Map<never, never>(), problems: [] }
  const pinned = file.etcd.sha256 === undefined || cluster.etcd.sha256 !== undefined
  const fileProblems = clear && pinned ? await fileEditProblems(cluster, edits) : []
  const planned = clear && !cancelsOnly ? plan(intent, observed) : { waves: [], blocked: [] }
  const order = planned.waves.flat().flatMap((step) => (step.kind === 'restart' ? [step.host] : []))
  const snapshotBytes = (!back || down) && order.length > 0 ? storeBytes : null
  const minorChanges = from.some((version) => minorOf(version) !== minorOf(cluster.etcd.version))
  const preview: UpgradePreview = {
    direction: options.direction,
    from,
    to: cluster.etcd.version,
    clusterVersion: facts.clusterVersion ?? null,
    order,
    canarySeconds,
    snapshotBytes,
    seconds:
      secondsFor(order.length, canarySeconds, snapshotBytes ?? 0, minorChanges) +
      (down ? CONVERT_SECONDS : 0),
    pointOfNoReturn: !back && from.some((version) => isFinal(version, cluster.etcd.version)),
    downgrade: down ? minorOf(cluster.etcd.version) : null,
    cancels: canceledBy(facts) ?? null,
    outage: order.length > 0 && facts.voters.all < 3,
    fileEdits: edits.map(({ path }) => path.join('.')),
    problems: [
      ...planned.blocked.map(({ hint = 'quorate status', id, host, message }) =>
        blocker({ id, host, message, hint }),
      ),
      ...fileProblems,
      ...supplies.problems,
      ...problems,
    ],
  }
  return { preview, observed, intent, supplies, cancelsOnly }
}

/** etcd has no rollback from the newer minor. */
function isFinal(from: string, to: string): boolean {
  const [before, after] = [minorOf(from), minorOf(to)]
  return compareMinors(before, after) < 0 && DOWNGRADES[before] === undefined
}

/** An abort means: back to the file's version, from a newer one. */
function directionProblems(
  facts: UpgradeFacts,
  from: readonly string[],
  file: Cluster,
): readonly UpgradeProblem[] {
  const { direction, to } = facts
  if (direction !== 'abort' || from.length === 0 || canceledBy(facts) !== undefined) return []
  const newest = from.at(-1) ?? to
  if (atLeast(newest, to)) return []
  const message = `can't roll back: members run ${from.join(', ')}, and the cluster file says ${file.etcd.version}`
  // For example after a completed downgrade, if only the cluster file is left to change.
  const settled = facts.members.every(({ running }) => running === newest)
  const hint = settled
    ? `to write ${newest} into the cluster file: quorate upgrade --to ${newest}; to upgrade to ${to}: quorate upgrade --to ${to}`
    : `continue the upgrade: quorate upgrade --to ${to}; or set the old version in the cluster file, then roll back: quorate upgrade --abort`
  return [blocker({ id: 'nothing-to-roll-back', message, hint })]
}

/** Any other change in the file has to be applied first: during an upgrade, the two could not be distinguished. */
function otherChanges(
  session: Session,
  file: Cluster,
  facts: UpgradeFacts,
  observed: Observed,
): readonly UpgradeProblem[] {
  const versions = new Set(facts.members.flatMap(({ running, installed }) => [running, installed ?? running]))
  const [version] = versions
  if (versions.size !== 1 || version === undefined || facts.problems.length > 0) return []
  const present: Cluster = { ...file, etcd: { ...file.etcd, version } }
  // An enabled downgrade is what this command handles, or is already reported.
  const others = { ...observed, cluster: observed.cluster && { ...observed.cluster, downgrade: undefined } }
  const { waves, blocked } = plan(applyIntent(present, session.now()), others)
  const steps = waves.flat().map(({ host, what }) => (host === undefined ? what : `${host}: ${what}`))
  if (steps.length === 0 && blocked.length === 0) return []
  const list = steps.length > 0 ? steps.slice(0, 3) : blocked.map(({ message }) => message)
  const more = steps.length > 3 ? `; and ${steps.length - 3} more` : ''
  const message = `the cluster file has other changes besides the version: ${list.join('; ')}${more}`
  return [
    blocker({
      id: 'other-changes-come-first',
      message,
      hint: 'apply them first: review with quorate plan, then run quorate apply; then upgrade',
    }),
  ]
}

async function fileEditProblems(
  wanted: Cluster,
  edits: UpgradeTarget['edits'],
): Promise<readonly UpgradeProblem[]> {
  try {
    await checkFileEdit(wanted, edits)
    return []
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error
    const { message, hint = 'fix the cluster file' } = error
    return [blocker({ id: 'cluster-file-does-not-fit', message, hint })]
  }
}

function secondsFor(members: number, canary: number, bytes: number, minorChanges: boolean): number {
  if (members === 0) return RAISE_SECONDS
  const snapshot = Math.ceil(bytes / SNAPSHOT_BYTES_PER_SECOND)
  return snapshot + members * MEMBER_SECONDS + (members > 1 ? canary : 0) + (minorChanges ? RAISE_SECONDS : 0)
}

/** Names of the nodes by architecture, as `proveUpgrade` takes them. */
export function architectureIn(observed: Observed): (host: string) => 'amd64' | 'arm64' | 'other' {
  return (host) => observed.hosts[host]?.architecture ?? 'other'
}
