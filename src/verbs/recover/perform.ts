/** Carries out the steps that only a recovery has, on all nodes of a stage at once. */
import { runErrand } from '../../engine/errand.ts'
import type { Dialogue, HostWork } from '../../engine/host-work.ts'
import type { Lock } from '../../engine/lock.ts'
import { type Moved, movedIn } from '../../engine/moved.ts'
import { runWave } from '../../engine/wave.ts'
import { RECOVER } from '../../host/extensions.ts'
import type { MemberLog } from '../../host/member-log.ts'
import type { Node } from '../../spec/cluster.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import {
  RECOVERY,
  type RecoveryStep,
  type RecoverySupplies,
  markOperation,
  predictRecovery,
} from '../../tiers/etcd/steps/recovery.ts'
import type { Recovering } from './decide-next.ts'
import { type MadeCluster, type RecoveryProgress, renderProgress } from './progress.ts'
import { beginCluster, makeCluster } from './rebuild.ts'
import { onEtcdClients } from './stop-clients.ts'

export interface Work {
  readonly session: Session
  readonly lock: Lock
  /** As it was when the run began. */
  readonly progress: RecoveryProgress
  /** The surviving member's log at that time; undefined: it wasn't read. */
  readonly decided: MemberLog | undefined
}

/** The progress of this run, and its results so far. */
export interface RecoveryRun extends Recovering {
  readonly made: MadeCluster | undefined
  readonly moved: readonly Moved[]
}

/**
 * @param steps of one kind
 * @throws QuorateError of the first failures, of all nodes together; the markers on the nodes say how far it got
 */
export async function performRecovery(
  { session, lock, decided, ...work }: Work,
  run: RecoveryRun,
  steps: readonly RecoveryStep[],
): Promise<RecoveryRun> {
  const progress = { ...work.progress, reached: run.reached ?? 'fenced', made: run.made }
  const supplies = suppliesOf(session, progress)
  const [kind] = steps.map((step) => RECOVERY[step.kind])
  let { made } = run
  const replies = await runWave<RecoveryStep>(session, lock, steps, {
    perform: async () => {
      throw new TypeError('a step that is on no node')
    },
    equip: async () => {
      // Once: releases are two stages.
      if (kind?.bystanders !== undefined && run.released.length === 0)
        await onEtcdClients(session, lock, progress.lost, kind.bystanders)
      return (node, [step]) => {
        if (step?.kind === 'copy')
          return copying(session, node, { progress, decided }, (copied) => (made = copied))
        if (step?.kind === 'begin') return beginning(session, node, progress)
        return inOneTrip(supplies, step)
      }
    },
    explain: async (error) => error,
  })
  if (steps.some((step) => step.kind === 'clear')) {
    const survivor = session.cluster.nodes.find(({ name }) => name === progress.survivor)
    if (survivor === undefined) throw new TypeError(`${progress.survivor} is not a node`)
    const operations = [markOperation(supplies.mark('cleared'))]
    await runErrand(session, lock, survivor, { reason: 'milestone', operations })
  }
  return { ...steps.reduce(predictRecovery, run), made, moved: [...run.moved, ...movedIn(replies)] }
}

function suppliesOf({ cluster }: Session, progress: RecoveryProgress): RecoverySupplies {
  const { survivor, reached, suffix, former } = progress
  const mark: RecoverySupplies['mark'] = (milestone) => renderProgress({ ...progress, reached: milestone })
  return { cluster, survivor, reached, suffix, former, mark }
}

function inOneTrip(supplies: RecoverySupplies, step: RecoveryStep | undefined): HostWork {
  const operations = step && RECOVERY[step.kind].operations?.(supplies, step.host)
  if (operations === undefined) throw new TypeError(`${step?.kind} has no operations`)
  return { operations: [operations], looks: [], sendings: [], extension: RECOVER }
}

function copying(
  session: Session,
  node: Node,
  { progress, decided }: Pick<Work, 'progress' | 'decided'>,
  note: (made: MadeCluster) => void,
): Dialogue {
  return async (give, signal) => {
    const { made, reply } = await makeCluster({ session, node, give, signal }, progress, decided)
    note(made)
    return reply
  }
}

function beginning(session: Session, node: Node, progress: RecoveryProgress): Dialogue {
  const { made } = progress
  if (made === undefined) throw new TypeError('nothing was made')
  return async (give, signal) => await beginCluster({ session, node, give, signal }, progress, made)
}
