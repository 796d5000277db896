/**
 * What `recover` does outside of apply's planner, as data. Its progress is recorded on the surviving member's node;
 * `../plan/recover.ts` decides the next step.
 */
import type { StepKind } from '../../../engine/step-registry.ts'
import type { EngineStep, StepCommon } from '../../../engine/step.ts'
import type { Operation } from '../../../host/operations.ts'
import { PATHS } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { renderPin } from '../facts/pin.ts'
import type { Piece, SimulatedRecovery } from './simulated.ts'

export type RecoveryStep = StepCommon & {
  /**
   * - `fence`: marks the node, and stops etcd, and the API servers and flannel that use it.
   * - `copy`: turns a copy of the surviving member's data into that of a new cluster, next to the original.
   * - `place`: swaps the two.
   * - `begin`: starts and verifies the new cluster.
   * - `clear`: renames the data of the others.
   * - `release`: starts again what was stopped besides etcd, and removes the marker.
   * - `take-back`: cancels the recovery: deletes copies, renames the data back, and then does the same as `release`.
   * - `end`: cancels the recovery, but keeps the new cluster.
   */
  readonly kind: 'fence' | 'copy' | 'place' | 'begin' | 'clear' | 'release' | 'take-back' | 'end'
  readonly host: string
}

export interface RecoveryKind extends StepKind<RecoveryStep> {
  predict(state: RecoveryState, host: string): Partial<RecoveryState>
  /** The agent's operations, in one round trip; none: each answer decides what the surviving member gets next. */
  operations?: (supplies: RecoverySupplies, host: string) => readonly Operation[]
  /** What nodes without a member, which may use etcd, do before the step. */
  readonly bystanders?: Operation
  /** Its real effect on a node of the simulation, divided into pieces between which quorate can be killed. */
  simulate(machine: SimulatedRecovery): readonly Piece[]
}

export interface RecoverySupplies {
  readonly cluster: Pick<Cluster, 'name' | 'etcd'>
  readonly survivor: string
  /** The progress of the recovery when the step was planned. */
  readonly reached: RecoveryMilestone
  /** The suffix of renamed files. */
  readonly suffix: string
  /** ID of the lost cluster, hexadecimal; undefined: no cluster ID file was written. */
  readonly former: string | undefined
  /** The text of the mark at a milestone. */
  readonly mark: (reached: RecoveryMilestone) => string
}

const HALT: Operation = ['recover_halt']
const RESUME: Operation = ['recover_resume']
const UNMARK: Operation = ['remove', { paths: [PATHS.underway] }]

export const RECOVERY: Readonly<Record<RecoveryStep['kind'], RecoveryKind>> = {
  fence: {
    action: 'stop',
    predict: ({ fenced }, host) => ({ reached: 'fenced', fenced: [...fenced, host] }),
    bystanders: HALT,
    operations: ({ mark, reached }) => [
      markOperation(mark(reached)),
      HALT,
      ['stop', { unit: 'etcd.service' }],
    ],
    simulate: (machine) => [
      () => machine.mark(),
      () => machine.haltClients(),
      () => machine.disable(),
      () => machine.stop(),
    ],
  },

  copy: {
    action: 'create',
    predict: () => ({ reached: 'copied' }),
    simulate: (machine) => [
      () => machine.dropCopies(),
      () => machine.copyData(),
      () => machine.makeCluster(),
      () => machine.mark('copied'),
    ],
  },

  place: {
    action: 'change',
    predict: () => ({ reached: 'placed' }),
    operations: ({ cluster, suffix, former, mark }) => [
      // Once half replaced, it can't be rolled back.
      markOperation(mark('placing')),
      ['recover_keep', { suffix, path: PATHS.environment }],
      ['recover_place', { suffix, ...foldersOf(cluster), former }],
      markOperation(mark('placed')),
    ],
    simulate: (machine) => [
      () => machine.mark('placing'),
      () => machine.noteFormer(),
      () => machine.makeWay('data'),
      () => machine.exchange('data'),
      () => machine.makeWay('wal'),
      () => machine.exchange('wal'),
      () => machine.mark('placed'),
    ],
  },

  begin: {
    action: 'start',
    predict: () => ({ reached: 'serving' }),
    simulate: (machine) => [
      () => machine.writeAlone(PATHS.clusterId),
      () => machine.writeAlone(PATHS.environment),
      () => machine.writeAlone(PATHS.unit),
      () => machine.reload(),
      () => machine.enable(),
      () => machine.start(),
      () => machine.requireMade(),
      () => machine.mark('serving'),
    ],
  },

  clear: {
    action: 'remove',
    predict: ({ others, cleared: before, reached }, host) => {
      const cleared = [...before, host]
      const all = others.every((other) => cleared.includes(other))
      return { cleared, reached: all ? 'cleared' : reached }
    },
    operations: ({ cluster, suffix }) => {
      const { data, wal } = foldersOf(cluster)
      return [
        // It names the previous members: a joining member gets a new one.
        ['recover_keep', { suffix, path: PATHS.environment }],
        ['aside', { suffix, paths: [wal, data, PATHS.clusterId] }],
      ]
    },
    simulate: (machine) => [
      () => machine.moveAside('wal'),
      () => machine.moveAside('data'),
      () => machine.moveAside('pin'),
    ],
  },

  release: {
    action: 'start',
    predict: ({ released }, host) => ({ released: [...released, host] }),
    bystanders: RESUME,
    operations: () => [RESUME, UNMARK],
    simulate: (machine) => [() => machine.resumeClients(), () => machine.unmark()],
  },

  'take-back': {
    action: 'start',
    predict: ({ released }, host) => ({ reached: undefined, fenced: [], released: [...released, host] }),
    bystanders: RESUME,
    operations: (supplies, host) => {
      const folders = foldersOf(supplies.cluster)
      const { clusterId: pin, environment } = PATHS
      return [
        ['recover_put_back', { suffix: supplies.suffix, ...folders, pin, environment }],
        ...(host === supplies.survivor ? [...formerPin(supplies), putBackMark(supplies)] : []),
        ['recover_drop', folders],
        RESUME,
        UNMARK,
      ]
    },
    simulate: (machine) => [
      () => machine.restIfMoved(),
      () => machine.putBack('data'),
      () => machine.putBack('wal'),
      () => machine.putBack('pin'),
      () => machine.markPutBack(),
      () => machine.dropCopies(),
      () => machine.resumeClients(),
      () => machine.unmark(),
    ],
  },

  end: {
    action: 'start',
    predict: ({ released }, host) => ({ reached: undefined, fenced: [], released: [...released, host] }),
    bystanders: RESUME,
    operations: () => [RESUME, UNMARK],
    simulate: (machine) => [() => machine.resumeClients(), () => machine.unmark()],
  },
}

/** Records the progress; it is on disk before the next operation starts. @param text from `RecoverySupplies.mark` */
export function markOperation(text: string): Operation {
  return ['file', { content: { text }, path: PATHS.underway, owner: 'root', group: 'root', mode: '600' }]
}

/** If the rest is interrupted, a recovery must begin with a new copy: none is left to be put in place. */
function putBackMark({ mark }: RecoverySupplies): Operation {
  return markOperation(mark('fenced'))
}

function foldersOf({ etcd }: Pick<Cluster, 'etcd'>): { readonly data: string; readonly wal: string } {
  return { data: etcd.dataDirectory, wal: etcd.walDirectory }
}

/** The surviving member's cluster ID file was overwritten, not renamed. */
function formerPin({ cluster, reached, former }: RecoverySupplies): readonly Operation[] {
  if (reached === 'fenced' || reached === 'copied') return []
  if (former === undefined) return [['remove', { paths: [PATHS.clusterId] }]]
  const content = { text: renderPin({ cluster: cluster.name, clusterId: former }) }
  return [['file', { content, path: PATHS.clusterId, owner: 'root', group: 'root', mode: '644' }]]
}

/** The progress of a recovery in its marker. Each names a completed part, except `placing`, which may be incomplete. */
export const MILESTONES = ['fenced', 'copied', 'placing', 'placed', 'serving', 'cleared'] as const
export type RecoveryMilestone = (typeof MILESTONES)[number]

/** Whether it is one of these steps, and not one that apply's planner decides during a recovery. */
export function isRecoveryStep(one: EngineStep): one is RecoveryStep {
  return Object.hasOwn(RECOVERY, one.kind)
}

/** The recovery's surviving member, its progress, and what this run has done that no node needs to record. */
export interface RecoveryState {
  readonly survivor: string
  /** Other etcd nodes that are reachable. */
  readonly others: readonly string[]
  /** As in the surviving member's marker; undefined: nothing was started. */
  readonly reached: RecoveryMilestone | undefined
  /**
   * Names of nodes. A marker shows that fencing was started, but not that it was completed everywhere. It can be
   * repeated.
   */
  readonly fenced: readonly string[]
  readonly cleared: readonly string[]
  readonly released: readonly string[]
}

export function predictRecovery<S extends RecoveryState>(state: S, { kind, host }: RecoveryStep): S {
  return { ...state, ...RECOVERY[kind].predict(state, host) }
}
