/** Carries out the steps that only a recovery has, on all nodes of a stage at once. */
import type { Lock } from '../../engine/lock.ts'
import { timed } from '../../engine/timed.ts'
import { combineErrors } from '../../errors.ts'
import { RECOVER } from '../../host/extensions.ts'
import type { Operation } from '../../host/operations.ts'
import { PATHS } from '../../host/state.ts'
import type { Node } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { renderPin } from '../../tiers/etcd/facts/pin.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type RecoveryStep, predictRecovery } from '../../tiers/etcd/steps/recovery.ts'
import type { Recovering } from './decide-next.ts'
import type { MadeCluster, RecoveryProgress } from './progress.ts'
import { type Rebuild, beginCluster, makeCluster, markOperation, placeCluster } from './rebuild.ts'
import { onEtcdClients } from './stop-clients.ts'

export interface Work {
  readonly session: Session
  readonly lock: Lock
  /** As it was when the run began. */
  readonly progress: RecoveryProgress
}

/** The progress of this run, and its results so far. */
export interface RecoveryRun extends Recovering {
  readonly made: MadeCluster | undefined
  readonly moved: readonly Moved[]
}

export interface Moved {
  readonly host: string
  readonly from: string
  readonly to: string
}

/**
 * @param steps of one kind
 * @throws QuorateError of the first failures, of all nodes together; the markers on the nodes say how far it got
 */
export async function performRecovery(
  work: Work,
  run: RecoveryRun,
  steps: readonly RecoveryStep[],
): Promise<RecoveryRun> {
  work.session.emit({ type: 'wave', steps })
  const came = await carryOut(work, run, steps)
  return { ...steps.reduce(predictRecovery, run), ...came }
}

/** @returns results beyond the predicted state */
async function carryOut(
  work: Work,
  { reached = 'fenced', made, moved, released }: RecoveryRun,
  steps: readonly RecoveryStep[],
): Promise<Partial<RecoveryRun>> {
  const { session, lock } = work
  const { emit, signal, cluster } = session
  const { dataDirectory: data, walDirectory: wal } = cluster.etcd
  const [first] = steps
  if (first === undefined) return {}
  const progress: RecoveryProgress = { ...work.progress, reached, made }
  const onOthers = async (operation: Operation) =>
    await onEtcdClients(session, lock, progress.lost, operation)
  const rebuild = (): Rebuild => ({ session, lock, signal, node: nodeOf(session, progress.survivor) })
  switch (first.kind) {
    case 'fence':
      await onOthers(['recover_halt'])
      await onEach(work, steps, () => [
        markOperation(progress),
        ['recover_halt'],
        ['stop', { unit: 'etcd.service' }],
      ])
      return {}
    case 'copy': {
      const copied = await timed(emit, first, async () => await makeCluster(rebuild(), progress))
      return { made: copied.made }
    }
    case 'place': {
      const notes = await timed(emit, first, async () => await placeCluster(rebuild(), progress))
      return { moved: [...moved, ...movedOn(first.host, notes)] }
    }
    case 'begin':
      if (made === undefined) throw new TypeError('nothing was made')
      await timed(emit, first, async () => await beginCluster(rebuild(), progress, made))
      return {}
    case 'clear': {
      const now = await onEach(work, steps, () => [
        // It names the previous members: a joining member gets a new one.
        ['recover_keep', { suffix: progress.suffix, path: PATHS.environment }],
        ['aside', { suffix: progress.suffix, paths: [wal, data, PATHS.clusterId] }],
      ])
      await lock.work(await session.remote(nodeOf(session, progress.survivor)), {
        operations: [markOperation({ ...progress, reached: 'cleared' })],
        looks: [],
        signal,
      })
      return { moved: [...moved, ...now] }
    }
    case 'release':
      if (released.length === 0) await onOthers(['recover_resume'])
      await onEach(work, steps, () => [['recover_resume'], ['remove', { paths: [PATHS.underway] }]])
      return {}
    case 'take-back': {
      await onOthers(['recover_resume'])
      const now = await onEach(work, steps, (host) => [
        [
          'recover_put_back',
          { suffix: progress.suffix, data, wal, pin: PATHS.clusterId, environment: PATHS.environment },
        ],
        ...(host === progress.survivor ? formerPin(cluster.name, progress) : []),
        ['recover_drop', { data, wal }],
        ['recover_resume'],
        ['remove', { paths: [PATHS.underway] }],
      ])
      return { moved: [...moved, ...now] }
    }
    case 'end':
      await onOthers(['recover_resume'])
      await onEach(work, steps, () => [['recover_resume'], ['remove', { paths: [PATHS.underway] }]])
      return {}
  }
}

/** The surviving member's cluster ID file was overwritten, not renamed. */
function formerPin(
  cluster: string,
  { reached, former }: Pick<RecoveryProgress, 'reached' | 'former'>,
): readonly Operation[] {
  if (reached === 'fenced' || reached === 'copied') return []
  if (former === undefined) return [['remove', { paths: [PATHS.clusterId] }]]
  const content = { text: renderPin({ cluster, clusterId: former }) }
  return [['file', { content, path: PATHS.clusterId, owner: 'root', group: 'root', mode: '644' }]]
}

/** One round trip to each node, all at once. @param operations of a node @returns what was renamed */
async function onEach(
  { session, lock }: Work,
  steps: readonly RecoveryStep[],
  operations: (host: string) => readonly Operation[],
): Promise<readonly Moved[]> {
  const work = steps.map((step) => ({ name: step.host, step }))
  const { results, errors } = await onAll(
    work,
    async ({ step }) =>
      await timed(session.emit, step, async () => {
        const { notes } = await lock.work(await session.remote(nodeOf(session, step.host)), {
          operations: [...operations(step.host)],
          looks: [],
          extension: RECOVER,
          signal: session.signal,
        })
        return notes.map((line) => line.replace(/^moved /, ''))
      }),
  )
  if (errors.length > 0) throw combineErrors(errors)
  return results.flatMap(({ host, value }) => movedOn(host, value))
}

/** @param pairs `FROM TO` each */
function movedOn(host: string, pairs: readonly string[]): readonly Moved[] {
  return pairs.map((pair) => {
    const [from = '', to = ''] = pair.split(' ')
    return { host, from, to }
  })
}

function nodeOf({ cluster }: Session, name: string): Node {
  const node = cluster.nodes.find((one) => one.name === name)
  if (node === undefined) throw new TypeError(`${name} is not a node`)
  return node
}
