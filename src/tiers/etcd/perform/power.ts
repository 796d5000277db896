/** Steps on single members, which an operator requested by name. */
import type { NodeWork } from '../../../engine/host-work.ts'
import { type Crew, runWave } from '../../../engine/wave.ts'
import { looksFor, parseHostState } from '../../../host/observe.ts'
import type { UnitState } from '../../../host/state.ts'
import type { Node } from '../../../spec/cluster.ts'
import type { Session } from '../session.ts'
import type { Supplies } from '../steps/kind.ts'
import { hostKind } from '../steps/kinds.ts'
import type { PowerStep } from '../steps/power.ts'
import type { RestartStep } from '../steps/unit.ts'
import type { UnderLock } from '../under-lock.ts'
import { explained } from './blame.ts'

type Powered = PowerStep | RestartStep

/**
 * One member's turn, which ends when its outcome is known.
 *
 * @param follow gets the unit's state right after the step; throws if that state, or its consequence, is wrong
 */
export async function takeTurn(
  { session, lock }: Pick<UnderLock, 'session' | 'lock'>,
  step: Powered,
  follow: (unit: UnitState | undefined) => Promise<void>,
): Promise<void> {
  await runWave<Powered>(session, lock, [step], {
    ...crewOf(session),
    equip: async () => (node) => async (give) => {
      const reply = await give(workOn(session, node, [step]))
      await follow(parseHostState(node.name, true, reply.lines).member?.unit)
      return reply
    },
  })
}

/** Several members at once, each in one round trip. */
export async function powerAll(
  { session, lock }: Pick<UnderLock, 'session' | 'lock'>,
  steps: readonly Powered[],
): Promise<void> {
  await runWave<Powered>(session, lock, steps, {
    ...crewOf(session),
    equip: async () => (node, own) => {
      const { operations, looks } = workOn(session, node, own)
      return { operations: [operations], looks, sendings: [] }
    },
  })
}

function crewOf({ cluster }: Session): Omit<Crew<Powered>, 'equip'> {
  return {
    perform: async () => {
      throw new TypeError('a step that is on no machine')
    },
    explain: async (error) => await explained(cluster, error),
  }
}

function workOn(
  session: Session,
  node: Node,
  steps: readonly Powered[],
): Pick<NodeWork, 'operations' | 'looks'> {
  const supplies: Supplies = { artifact: undefined, certificates: {}, bundle: undefined, now: session.now() }
  return {
    operations: steps.flatMap((step) => hostKind(step).operations(step, supplies)),
    looks: looksFor(session.cluster, node),
  }
}
