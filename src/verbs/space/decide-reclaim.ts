/**
 * Makes a cluster writable again that is out of space (alarm NOSPACE: etcd refuses every write). Compacts the history,
 * defragments, disarms the alarm, and proves it with a write. It decides again after each step, so it can be
 * interrupted anywhere.
 */
import { adviseQuota, fullness, hasRoom, QUOTA_WARNING, reclaimable } from '../../etcd/space.ts'
import type { Standing, MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { defragRisks, defragSteps } from './decide-defrag.ts'
import { type MaintenancePlan, refusal } from '../../tiers/etcd/steps/maintenance.ts'
import { type SpaceFacts, type SpaceProgress, type SpaceStep, turnOf } from '../../tiers/etcd/steps/space.ts'
import { noQuorum } from '../../tiers/etcd/plan/remedy.ts'
import type { BlockReason, Next } from '../../engine/step.ts'
import { formatBytes } from '../../spec/units.ts'

/**
 * Defragmentation blocks a member, which is not worth it below this share of free bytes within its file, unless it
 * makes room for the next write.
 */
const WORTH = 0.02

export function decideReclaim({ standing, progress }: SpaceFacts): Next<SpaceStep> {
  return turnOf(planReclaim(standing, progress))
}

/** The remaining steps; the first is safe now. No steps and not blocked: the cluster is writable. */
export function planReclaim(standing: Standing, progress: SpaceProgress): MaintenancePlan<SpaceStep> {
  if (progress.proven) return refusal([])
  const asked = standing.members.filter(
    ({ space, healthy, voter }) => space !== undefined && (healthy || !voter),
  )
  const alarms = standing.alarms.filter(({ type }) => type === 'NOSPACE')
  const started = progress.compacted || progress.defragmented.length > 0
  if (!started && alarms.length === 0 && asked.every(({ space }) => space !== undefined && hasRoom(space)))
    return refusal(noQuorum(standing))
  const blocked = [...noQuorum(standing), ...unfit(standing), ...liveData(asked, progress)]
  if (blocked.length > 0) return refusal(blocked)
  const work = asked
    .filter((member) => isNeeded(member, progress))
    .toSorted((a, b) => Number(a.leader) - Number(b.leader))
  return {
    steps: [
      ...(progress.compacted ? [] : [compactStep(standing)]),
      ...work.flatMap((member) =>
        defragSteps(standing, member, 'the quota limits the size of the file, not of its contents'),
      ),
      ...alarms.map(({ member }): SpaceStep => disarmStep(member)),
      {
        kind: 'prove-write',
        what: 'write a key and read it from every member',
        why: 'to verify that the cluster accepts writes again',
        danger: 'none',
      },
    ],
    blocked: [],
    outage: alarms.length > 0,
    risks: [
      `All history before revision ${standing.revision} is deleted permanently. Present keys and values stay. A watcher that is behind must start again, as after every compaction.`,
      ...(work.length === 0 ? [] : defragRisks(standing, work)),
      ...absent(standing),
    ],
  }
}

function compactStep({ revision }: Standing): SpaceStep {
  const what = `compact the history before revision ${revision}`
  const why = 'old revisions take up space'
  return { kind: 'compact', revision, what, why, danger: 'none' }
}

export function disarmStep(member: string): SpaceStep {
  const what = `disarm the NOSPACE alarm of ${member}`
  const why = 'etcd rejects writes as long as it is raised'
  return { kind: 'disarm', member, alarm: 'NOSPACE', what, why, danger: 'none' }
}

/** Before the compaction, every full member qualifies: how much space can be freed is known only afterwards. */
function isNeeded({ name, space }: MemberStanding, progress: SpaceProgress): boolean {
  if (space === undefined || progress.defragmented.includes(name)) return false
  if (hasRoom(space) && (fullness(space) ?? 1) <= QUOTA_WARNING) return false
  const free = reclaimable(space)
  if (!progress.compacted || free === undefined) return true
  // Without room, the next write would raise the alarm again.
  return free > (hasRoom(space) ? WORTH * space.sizeBytes : 0)
}

function unfit({ alarms, members }: Standing): BlockReason[] {
  return [
    ...alarms
      .filter(({ type }) => type !== 'NOSPACE')
      .map(({ member, type }) => ({
        host: member,
        message: `alarm ${type} is raised as well`,
        hint:
          type === 'CORRUPT'
            ? 'run quorate repair first: keyspaces differ, and a compaction now would destroy the evidence of which one is correct'
            : 'find out the cause of this alarm first',
      })),
    ...members
      .filter(({ space }) => space !== undefined && space.quotaBytes === undefined)
      .map(({ name: host }) => ({
        host,
        message: "the quota is unknown: the node can't be inspected",
        hint: `find out why: quorate run ${host} -- uptime`,
      })),
  ]
}

/** Members whose live data alone exceeds the limit. */
function liveData(asked: readonly MemberStanding[], progress: SpaceProgress): BlockReason[] {
  if (!progress.compacted) return []
  return asked.flatMap(({ name: host, space }) => {
    if (space === undefined || space.quotaBytes === undefined) return []
    const least = progress.defragmented.includes(host) ? space.sizeBytes : (space.inUseBytes ?? 0)
    if (hasRoom({ ...space, sizeBytes: least })) return []
    const quota = adviseQuota(least)
    return [
      {
        id: 'too-much-live-data',
        host,
        message: `can't free enough space: even compacted, the database has ${formatBytes(least)} of live data, and the quota is ${formatBytes(space.quotaBytes)}`,
        hint: `delete keys that are not needed, which etcd accepts even now. Or set a larger quota in the cluster file, etcd.settings: { quota-backend-bytes: ${quota} }, and run quorate apply. Then rerun quorate space reclaim`,
      },
    ]
  })
}

function absent({ members }: Standing): string[] {
  return members
    .filter(({ space, healthy, voter }) => space === undefined || (voter && !healthy))
    .map(
      ({ name }) =>
        `${name} does not answer and is not changed. When it comes back it raises the alarm again: then rerun quorate space reclaim.`,
    )
}
