/** `quorate defrag`: returns free space within the members' database files to their disks, one member at a time. */
import { DEFRAG_RULE } from '../../etcd/space.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import {
  type DefragFacts,
  type DefragIntent,
  type DefragPlan,
  chosenToDefrag,
  decideDefrag,
  planDefrag,
  sparedNow,
} from './decide-defrag.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { chosenNodes } from '../../tiers/etcd/facts/members.ts'
import { NO_PROGRESS } from '../../tiers/etcd/steps/space.ts'
import type { MaintenanceOptions } from '../../tiers/etcd/under-lock.ts'
import type { Availability } from '../../engine/with-recorder.ts'
import { type Defragmented, type SpaceVerb, runSpaceVerb } from './run.ts'

export interface DefragOptions extends MaintenanceOptions {
  /** Names of etcd nodes; default: all members. */
  readonly nodes?: readonly string[] | undefined
  /** Also defragments members below the threshold. */
  readonly all?: boolean | undefined
}

export interface DefragReport {
  readonly done: readonly Defragmented[]
  /** Members that were not defragmented, and why. */
  readonly skipped: DefragPlan['skipped']
  readonly availability: Availability | undefined
}

/**
 * Followers first. Moves leadership away before the leader's turn. Each turn begins only when all members are healthy
 * again.
 *
 * @throws QuorateError `blocked` while a member is down, members' data may differ, a disk is too small, or a defect of
 *   this etcd version can lose data; `unhealthy` if a member does not come back: then nothing further is done.
 */
export async function defrag(session: Session, options: DefragOptions): Promise<DefragReport> {
  const { nodes, all = false } = options
  const hosts = nodes === undefined || nodes.length === 0 ? undefined : nodes
  if (hosts !== undefined) chosenNodes(session, hosts)
  const intent: DefragIntent = { hosts, all, rule: DEFRAG_RULE }
  let skipped: DefragPlan['skipped'] = []
  let spared: DefragPlan['skipped'] = []
  const verb: SpaceVerb<DefragFacts> = {
    ...defragVerb(intent),
    plan: (facts) => {
      const answer = planDefrag(intent, facts.standing, facts.chosen)
      skipped = answer.skipped
      return answer
    },
    decide: (facts) => {
      spared = sparedNow(intent, facts)
      return decideDefrag(intent, facts)
    },
  }
  const { defragmented, availability } = await runSpaceVerb(session, verb, options)
  return { done: defragmented, skipped: [...skipped, ...spared], availability }
}

export function defragVerb(intent: DefragIntent): SpaceVerb<DefragFacts> {
  return {
    name: 'defrag',
    begin: (standing: Standing) => ({
      standing,
      progress: NO_PROGRESS,
      chosen: chosenToDefrag(intent, standing),
    }),
    plan: ({ standing, chosen }) => planDefrag(intent, standing, chosen),
    decide: (facts) => decideDefrag(intent, facts),
  }
}
