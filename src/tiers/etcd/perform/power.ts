/** A member's step on its machine, by itself: an operator asked for it by name. */
import { looksFor, parseHostState } from '../../../host/observe.ts'
import type { UnitState } from '../../../host/state.ts'
import { chosenNodes } from '../facts/members.ts'
import type { Supplies } from '../steps/kind.ts'
import { hostKind } from '../steps/kinds.ts'
import type { PowerStep } from '../steps/power.ts'
import type { RestartStep } from '../steps/unit.ts'
import type { UnderLock } from '../under-lock.ts'
import { blaming } from './blame.ts'

/** One round trip, under the lock's fence; gives the unit as it is then. */
export async function performPower(
  { session, lock, signal }: Pick<UnderLock, 'session' | 'lock' | 'signal'>,
  step: PowerStep | RestartStep,
): Promise<UnitState | undefined> {
  const { host } = step
  const [node] = chosenNodes(session, [host])
  if (node === undefined) throw new TypeError(`no node ${host}`)
  const supplies: Supplies = { artifact: undefined, certificates: {}, bundle: undefined, now: session.now() }
  const { lines } = await blaming(
    session.cluster,
    lock.work(await session.remote(node), {
      operations: hostKind(step).operations(step, supplies),
      looks: looksFor(session.cluster, node),
      signal,
    }),
  )
  return parseHostState(host, true, lines).member?.unit
}
