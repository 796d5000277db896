/** Checks the cluster until it is healthy, or verified. */
import type { StepCommon } from '../../../engine/step.ts'
import { type ClusterKinds, ofCluster } from './kind.ts'
import { formed, recovered } from './predict-members.ts'

/** Waits until all members answer. */
export interface AwaitHealthStep extends StepCommon {
  readonly kind: 'await-health'
}

/** Reads a write back from every member, and compares all contents. */
export interface VerifyStep extends StepCommon {
  readonly kind: 'verify'
}

/** Compares the contents of all members before one of them is stopped for a moment. */
export interface CompareStep extends StepCommon {
  readonly kind: 'compare'
}

/** Watches members of a new version while they serve, before the others follow. */
export interface CanaryStep extends StepCommon {
  readonly kind: 'canary'
  /** The nodes that run it. */
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
