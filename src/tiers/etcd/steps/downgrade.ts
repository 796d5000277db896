/** etcd's own downgrade, part by part. */
import type { StepCommon } from '../../../engine/step.ts'
import { minorIn } from '../../../etcd/minor.ts'
import type { ClusterFacts } from '../facts/observed.ts'
import { type ClusterKind, type ClusterKinds, ofCluster } from './kind.ts'

interface Common extends StepCommon {
  /** The minor, like `3.5`. */
  readonly target: string
}

/** Validates it, then enables it. */
export interface DowngradeEnableStep extends Common {
  readonly kind: 'downgrade-enable'
}

/** Waits until the data of every member is in the older format. */
export interface DowngradeAwaitStep extends Common {
  readonly kind: 'downgrade-await'
}

/** Members of the newer minor keep their data, and the cluster's minor rises again. */
export interface DowngradeCancelStep extends Common {
  readonly kind: 'downgrade-cancel'
}

export type DowngradeStep = DowngradeEnableStep | DowngradeAwaitStep | DowngradeCancelStep

const COMMON: Pick<ClusterKind<DowngradeStep>, 'distinguishes' | 'perform'> = {
  distinguishes: ({ target }) => [target],
  perform: async (session, observed, step) => {
    const { runDowngrade } = await import('../perform/downgrade.ts')
    await runDowngrade(session, observed, step)
  },
}

export const DOWNGRADE: ClusterKinds<DowngradeStep> = {
  'downgrade-enable': {
    ...COMMON,
    action: 'change',
    predict: ofCluster((facts, { target }) => ({ ...facts, downgrade: target })),
    simulate: (cluster, { target }) => cluster.enableDowngrade(target),
  },
  'downgrade-await': {
    ...COMMON,
    action: 'check',
    predict: ofCluster((facts, { target }) => {
      const storage = Object.keys(facts.versions).map((name) => [name, target])
      return { ...facts, storage: Object.fromEntries(storage) }
    }),
    simulate: (cluster, { target }) => cluster.requireConverted(target),
  },
  'downgrade-cancel': {
    ...COMMON,
    action: 'change',
    predict: ofCluster((facts) => ({ ...facts, downgrade: undefined })),
    simulate: (cluster) => cluster.cancelDowngrade(),
  },
}

/** etcd ends a downgrade by itself, once every member runs the older minor. */
export function endedDowngrade(facts: ClusterFacts): ClusterFacts {
  const minors = Object.values(facts.versions).map(minorIn)
  const ended = facts.downgrade !== undefined && minors.every((minor) => minor === facts.downgrade)
  return ended ? { ...facts, downgrade: undefined } : facts
}
