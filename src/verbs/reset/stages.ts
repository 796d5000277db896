/** Carries out the reset of a tier, stage by stage, then verifies that everything is gone. */
import type { Lock } from '../../engine/lock.ts'
import { type Moved, movedIn } from '../../engine/moved.ts'
import { runWave } from '../../engine/wave.ts'
import { QuorateError } from '../../errors.ts'
import { parseHostState } from '../../host/observe.ts'
import type { HostState } from '../../host/state.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Supplies } from '../../tiers/etcd/steps/kind.ts'
import { clusterKind, hostKind } from '../../tiers/etcd/steps/kinds.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { type Target, extensionOf, looksOf } from './target.ts'

export interface TierResetReport {
  readonly done: readonly Step[]
  /** What was renamed, for a rollback. */
  readonly moved: readonly Moved[]
}

/** Steps that remove something need nothing from the workstation. */
const NOTHING: Supplies = { artifact: undefined, certificates: {}, bundle: undefined }

/** Steps of the whole cluster are compared by their contents. */
const UNSEEN: Observed = {
  hosts: {},
  authority: { bundle: undefined },
  certificates: {},
  cluster: undefined,
  network: undefined,
}

/** @throws QuorateError the error of a failed step; `moved` if something is left on a node */
export async function carryOutStages(
  session: Session,
  lock: Lock,
  target: Target,
  waves: readonly (readonly Step[])[],
): Promise<TierResetReport> {
  const moved: Moved[] = []
  for (const wave of waves) {
    const worked = await runWave<Step>(session, lock, wave, {
      perform: async (step, signal) => await clusterKind(step).perform({ ...session, signal }, UNSEEN, step),
      equip: async () => (node, own) => ({
        operations: own.map((step) => hostKind(step).operations(step, NOTHING)),
        sendings: [],
        looks: looksOf(session.cluster, node, target),
        extension: extensionOf(target),
      }),
      verify: ({ name }, { lines }) => requireGone(session, target, parseHostState(name, false, lines)),
      explain: async (error) => error,
    })
    moved.push(...movedIn(worked))
  }
  return { done: waves.flat(), moved }
}

function requireGone({ cluster }: Session, { tiers, request }: Target, host: HostState): void {
  const nodes = request.nodes.filter(({ name }) => name === host.name)
  const scene = { cluster, hosts: { [host.name]: host }, request: { ...request, nodes } }
  const left = tiers.flatMap(({ reset }) => reset.stages(scene).machines)
  if (left.length === 0) return
  const list = left.map(({ what, why }) => `${what} (${why})`).join('; ')
  throw new QuorateError('moved', `changes did not persist: ${list}`, {
    host: host.name,
    hint: 'find out what reverted them (configuration management?), then rerun quorate reset',
  })
}
