/** The cluster, looked at until it is well, or proven to do its work. */
import type { StepCommon } from '../../../engine/step.ts'
import { type ClusterKinds, ofCluster } from './kind.ts'
import { formed, recovered } from './predict-members.ts'

/** Waits until all members answer. */
export interface AwaitHealthStep extends StepCommon {
  readonly kind: 'await-health'
}

/** A write read back from every member, and equal contents everywhere. */
export interface VerifyStep extends StepCommon {
  readonly kind: 'verify'
}

/** Equal contents on every member, before one of them is taken away for a moment. */
export interface CompareStep extends StepCommon {
  readonly kind: 'compare'
}

/** Members of a new version are watched at work, before the others follow. */
export interface CanaryStep extends StepCommon {
  readonly kind: 'canary'
  /** Those that run it. */
  readonly nodes: readonly string[]
  readonly seconds: number
}

export const HEALTH: ClusterKinds<AwaitHealthStep | VerifyStep | CompareStep | CanaryStep> = {
  'await-health': {
    action: 'check',
    predict: (cluster, before) =>
      before.cluster === undefined
        ? formed(cluster, before)
        : { ...before, cluster: recovered(before.cluster) },
    perform: async (session, observed) => {
      const { awaitHealth } = await import('../perform/health.ts')
      await awaitHealth(session, observed)
    },
    simulate: (cluster) => cluster.requireHealthy(),
  },

  verify: {
    action: 'check',
    predict: ofCluster((facts) => ({ ...facts, verified: true })),
    perform: async (session) => {
      const [{ verifyCluster }, { allMembers }] = await Promise.all([
        import('../../../etcd/verify.ts'),
        import('../session.ts'),
      ])
      await verifyCluster(await allMembers(session), session.signal)
    },
    simulate: (cluster) => cluster.verify(),
  },

  compare: {
    action: 'check',
    predict: (_cluster, before) => before,
    perform: async (session, observed) => {
      const [{ compareContents }, { listedClients }] = await Promise.all([
        import('../../../etcd/verify.ts'),
        import('../facts/listed.ts'),
      ])
      const voting = new Set(observed.cluster?.healthy)
      const clients = (await listedClients(session, observed)).filter(({ name }) => voting.has(name))
      await compareContents(clients, session.signal)
    },
    simulate: (cluster) => cluster.compare(),
  },

  canary: {
    action: 'check',
    distinguishes: ({ nodes }) => nodes,
    predict: ofCluster((facts) => ({ ...facts, verified: true })),
    perform: async (session, observed, step) => {
      const { watchCanary } = await import('../perform/canary.ts')
      await watchCanary(session, observed, step)
    },
    simulate: (cluster, { nodes }) => cluster.watch(nodes),
  },
}
