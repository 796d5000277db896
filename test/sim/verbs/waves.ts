/** How commands observe all machines, and carry out the stages that the engine's loop requests. */
import { orderOf } from '../../../src/engine/order.ts'
import type { Observed } from '../../../src/tiers/etcd/facts/observed.ts'
import { ETCD_STEPS, clusterKind, hostKind } from '../../../src/tiers/etcd/steps/kinds.ts'
import type { HostStep, Step } from '../../../src/tiers/etcd/steps/steps.ts'
import { simulatedCluster } from '../cluster.ts'
import { Failure } from '../failure.ts'
import { checkKept, snapshot } from '../harm.ts'
import { judge, reach } from '../look.ts'
import { closeReady, simulatedMachine } from '../machine.ts'
import { diskOf } from '../world.ts'
import type { Run } from './run.ts'
import { type VerbWorld, lookAtHosts } from './world.ts'

/** @throws Failure if a machine can't be inspected */
export function lookAtAll(vw: VerbWorld, verified: boolean): Observed {
  reach(vw.world, vw.cluster.nodes)
  return judge(vw.world, vw.cluster, lookAtHosts(vw, vw.cluster.nodes), verified)
}

/** A stage of steps, in the pieces between which quorate can die. @param judged called before each host's step */
export async function runWave(
  run: Run,
  observed: Observed,
  steps: readonly Step[],
  judged: (step: HostStep) => void,
): Promise<void> {
  const { vw } = run
  const { world, cluster } = vw
  const order = orderOf(steps, ETCD_STEPS)
  for (const step of [...order.beside, ...order.cluster])
    await run.do(step.what, () =>
      clusterKind(step).simulate(simulatedCluster(world, cluster, observed), step),
    )
  await run.onAll([...order.hosts], async ([host, own]) => {
    const machine = simulatedMachine(world, cluster, host, observed.hosts[host]?.member)
    for (const step of own) {
      const effects = hostKind(step).simulate(machine, step)
      for (const [index, effect] of effects.entries()) {
        const work = () => {
          if (index === 0) judged(step)
          // Not for the whole stage: between two pieces, an event may take a member's data.
          const before = snapshot(world)
          effect()
          checkKept(world, before)
        }
        await run.do(`${step.what} (${index + 1} of ${effects.length})`, work, host)
      }
    }
  })
  closeReady(world, cluster)
  for (const { kind, host = '' } of steps) {
    if (!['start', 'ready', 'restart'].includes(kind) || diskOf(world, host).process?.ready === true) continue
    throw new Failure(`${host}: etcd.service did not start`)
  }
}
