/** Carries out one wave of etcd's steps, and looks at every machine that was worked on. */
import * as engine from '../../engine/wave.ts'
import { headStart } from '../../engine/head-start.ts'
import type { Lock } from '../../engine/lock.ts'
import { parseHostState } from '../../host/observe.ts'
import type { HostState } from '../../host/state.ts'
import { type Judgement, judge } from './facts/observe.ts'
import type { Observed } from './facts/observed.ts'
import { explained } from './perform/blame.ts'
import { equip } from './perform/equip.ts'
import { type Session, allMembers } from './session.ts'
import { type ClusterStep, type Step } from './steps/steps.ts'

/**
 * @returns what things are like afterwards: every host that was worked on has been looked at again.
 * @throws QuorateError of the first failures, all hosts' together; what was done before stays done.
 */
export async function runWave(
  session: Session,
  lock: Lock,
  observed: Observed,
  steps: readonly Step[],
  judgement: Judgement = judge,
): Promise<Observed> {
  const worked = await engine.runWave<Step>(session, lock, steps, {
    perform: async (step, signal) => await runClusterStep({ ...session, signal }, observed, step),
    equip: async (signal) => await equip({ ...session, signal }, observed, steps),
    explain: async (error) => await explained(session.cluster, error),
  })
  const seen = session.cluster.nodes.flatMap((node): [string, HostState][] => {
    const lines = worked.get(node.name)
    return lines === undefined
      ? []
      : [[node.name, parseHostState(node.name, node.roles.includes('etcd'), lines)]]
  })
  const proven = steps.some(({ kind }) => kind === 'verify' || kind === 'canary')
  const verified = proven || (observed.cluster?.verified ?? false)
  return await judgement(session, { ...observed.hosts, ...Object.fromEntries(seen) }, verified)
}

async function runClusterStep(session: Session, observed: Observed, step: ClusterStep): Promise<void> {
  switch (step.kind) {
    case 'authority': {
      await (await session.authority()).chain(session.signal)
      await headStart(async () => await session.prepareOperator())
      return
    }
    case 'await-health': {
      const { awaitHealth } = await import('./perform/health.ts')
      await awaitHealth(session, observed)
      return
    }
    case 'compare': {
      const [{ compareContents }, { listedClients }] = await Promise.all([
        import('../../etcd/verify.ts'),
        import('./facts/listed.ts'),
      ])
      const voting = new Set(observed.cluster?.healthy)
      const clients = (await listedClients(session, observed)).filter(({ name }) => voting.has(name))
      await compareContents(clients, session.signal)
      return
    }
    case 'canary': {
      const { watchCanary } = await import('./perform/canary.ts')
      await watchCanary(session, observed, step)
      return
    }
    case 'downgrade-enable':
    case 'downgrade-await':
    case 'downgrade-cancel': {
      const { runDowngrade } = await import('./perform/downgrade.ts')
      await runDowngrade(session, observed, step)
      return
    }
    case 'move-leader': {
      const { moveLeader } = await import('./perform/move-leader.ts')
      await moveLeader(session, observed, step)
      return
    }
    case 'member-add':
    case 'promote':
    case 'member-remove':
    case 'member-update': {
      const { changeMembership } = await import('./perform/membership.ts')
      await changeMembership(session, observed, step)
      return
    }
    case 'verify': {
      const { verifyCluster } = await import('../../etcd/verify.ts')
      await verifyCluster(await allMembers(session), session.signal)
      return
    }
    case 'network': {
      const { storeNetwork } = await import('../flannel/network.ts')
      await storeNetwork(session, step.network)
    }
  }
}
