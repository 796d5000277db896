/** The progress of a repair, and whether it is the one that was shown. Pure. */
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { rosterOf } from '../../tiers/etcd/facts/membership-map.ts'
import type { ApplyIntent } from '../../tiers/etcd/plan/intent.ts'
import { stepId } from '../../tiers/etcd/steps/kinds.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import type { RepairDecision } from './decide.ts'

/** No member is left to replace. */
export function isOut({ cluster }: Observed, { cluster: wanted, replace }: ApplyIntent): boolean {
  const { members } = rosterOf(wanted, cluster?.members ?? [], 0)
  return Object.entries(replace ?? {}).every(([host, id]) => members.get(host)?.id !== id)
}

/** What the user confirms. */
export interface ShownRepair {
  readonly node: string
  readonly decision: Exclude<RepairDecision, { kind: 'nothing' | 'refused' }>
  readonly alarms: readonly string[]
  readonly replacement: { readonly steps: readonly Step[] } | undefined
  readonly snapshot: { readonly from: string } | undefined
}

/** If a member crashes and restarts by itself, it is chance whether it must be stopped before its data is replaced. */
export function isSameRepair(shown: ShownRepair, now: ShownRepair): boolean {
  return essence(shown) === essence(now)
}

function essence({ node, decision, alarms, replacement, snapshot }: ShownRepair): string {
  const evidence = decision.kind === 'replace' ? decision.evidence.map(({ kind }) => kind) : []
  const risky = (replacement?.steps ?? []).filter(
    ({ kind, host, danger }) => danger !== 'none' && !(kind === 'stop' && host === node),
  )
  return JSON.stringify([decision.kind, evidence, alarms, snapshot?.from, risky.map(stepId)])
}
