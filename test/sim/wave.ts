/** Carries out one stage on the models, with every possible fault during it; engine/wave.ts does so on machines. */
import type { Observed } from '../../src/tiers/etcd/facts/observed.ts'
import type { HostStep, Step } from '../../src/tiers/etcd/steps/steps.ts'
import { ETCD_STEPS, clusterKind, hostKind } from '../../src/tiers/etcd/steps/kinds.ts'
import { orderOf } from '../../src/engine/order.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { simulatedCluster } from './cluster.ts'
import { closeReady, simulatedMachine } from './machine.ts'
import { settle } from './etcd.ts'
import { Failure } from './failure.ts'
import { withoutLoss } from './harm.ts'
import { beginWave } from './kubernetes/model.ts'
import { reach } from './look.ts'
import { type World, diskOf } from './world.ts'

/** A fault during one stage of a run. */
export interface Interruption {
  /** Counted from 0. */
  readonly wave: number
  /** `dies`: kill -9. `loses`: connections break, and quorate reports that. */
  readonly how: 'dies' | 'loses'
  /**
   * How much is done by then, in thousandths: of the cluster's own steps, then of each host's. 1000: all, and the reply
   * is lost.
   */
  readonly cuts: readonly number[]
}

export interface Wave {
  readonly cluster: Cluster
  /** What is compared on each machine before any change. */
  readonly token: string
  readonly observed: Observed
  readonly steps: readonly Step[]
  readonly interruption: Interruption | undefined
  /** Only the machines' fences detect that another run took over. */
  readonly lockLostLate: boolean
}

/** @throws Failure of all hosts together; what was done before stays done. */
export function runWave(world: World, wave: Wave): void {
  const { cluster, token, observed, steps, interruption } = wave
  beginWave(world, cluster)
  const [clusterCut = 1000, ...hostCuts] = interruption?.cuts ?? []
  const order = orderOf(steps, ETCD_STEPS)
  const own = [...order.beside, ...order.cluster]
  const clusterSteps = interruption ? upTo(own, clusterCut) : own
  for (const step of clusterSteps) {
    if (world.lock !== token && !wave.lockLostLate) throw new Failure('the lock was lost')
    settle(world, cluster)
    clusterKind(step).simulate(simulatedCluster(world, cluster, observed), step)
  }
  if (clusterSteps.length < own.length) throw new Failure('the tool was interrupted')
  const failures = [...order.hosts].flatMap(([host, hostSteps], index) => {
    try {
      runHost(world, wave, host, hostSteps, interruption ? (hostCuts[index] ?? 1000) : 1000)
      return []
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return [`${host}: ${error.message}`]
    }
  })
  settle(world, cluster)
  closeReady(world, cluster)
  for (const step of steps) {
    if (!WAITS.has(step.kind) || failures.length > 0) continue
    if (diskOf(world, step.host ?? '').process?.ready !== true)
      failures.push(`${step.host}: etcd.service did not start`)
  }
  if (interruption !== undefined) throw new Failure('the tool was interrupted')
  if (failures.length > 0) throw new Failure(failures.join('; '))
}

const WAITS: ReadonlySet<string> = new Set(['start', 'ready', 'restart'])

function runHost(
  world: World,
  { cluster, token, observed }: Wave,
  host: string,
  steps: readonly HostStep[],
  cut: number,
): void {
  reach(world, [diskOf(world, host).node])
  if (world.lock !== token) throw new Failure("this run doesn't hold the lock on the node (any more)")
  const machine = simulatedMachine(world, cluster, host, observed.hosts[host]?.member)
  const effects = steps.flatMap((step) =>
    hostKind(step)
      .simulate(machine, step)
      .map(
        (effect) => () => withoutLoss(world, step.kind === 'restart', `'${step.what}' on ${host}`, effect),
      ),
  )
  for (const effect of upTo(effects, cut)) effect()
}

function upTo<T>(all: readonly T[], thousandths: number): readonly T[] {
  return all.slice(0, Math.ceil((all.length * thousandths) / 1000))
}
