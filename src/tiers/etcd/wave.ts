/** Carries out one stage of etcd's steps, and observes every changed node. */
import * as engine from '../../engine/wave.ts'
import type { Lock } from '../../engine/lock.ts'
import { parseHostState } from '../../host/observe.ts'
import type { HostState } from '../../host/state.ts'
import { type Facets, EVERYTHING } from './facts/facets.ts'
import { judge } from './facts/observe.ts'
import type { Observed } from './facts/observed.ts'
import { explained } from './perform/blame.ts'
import { equip } from './perform/equip.ts'
import type { Session } from './session.ts'
import { clusterKind } from './steps/kinds.ts'
import type { Step } from './steps/steps.ts'

/**
 * @returns the state afterwards: every changed host was observed again.
 * @throws QuorateError of the first failures, of all hosts together; completed steps stay done.
 */
export async function runWave(
  session: Session,
  lock: Lock,
  observed: Observed,
  steps: readonly Step[],
  facets: Facets = EVERYTHING,
): Promise<Observed> {
  const worked = await engine.runWave<Step>(session, lock, steps, {
    perform: async (step, signal) => await clusterKind(step).perform({ ...session, signal }, observed, step),
    equip: async (signal) => await equip({ ...session, signal }, observed, steps),
    explain: async (error) => await explained(session.cluster, error),
  })
  const seen = session.cluster.nodes.flatMap((node): [string, HostState][] => {
    const reply = worked.get(node.name)
    return reply === undefined
      ? []
      : [[node.name, parseHostState(node.name, node.roles.includes('etcd'), reply.lines)]]
  })
  const proven = steps.some(({ kind }) => kind === 'verify' || kind === 'canary')
  const verified = proven || (observed.cluster?.verified ?? false)
  return await judge(session, { ...observed.hosts, ...Object.fromEntries(seen) }, facets, verified)
}
