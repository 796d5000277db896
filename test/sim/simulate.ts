/** Plays a scenario against a planner, and judges every moment of it. */
import { sampleCluster, sampleNode } from '../../src/etcd/sample.ts'
import { next } from '../../src/plan/next.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { edit, happen } from './events.ts'
import { type Outcome, type Planner, type RunOptions, operate } from './operator.ts'
import type { Round, Scenario } from './scenario.ts'
import { Violation } from './violation.ts'
import { type World, makeWorld } from './world.ts'

export interface Life {
  readonly world: World
  /** Of every run, in order. */
  readonly outcomes: readonly Outcome[]
  /** Where it came to rest. */
  readonly rest: Outcome
}

const SPARE = sampleNode('etcd09', '192.168.0.9')

/** How often a run is repeated, once nothing goes wrong any more, before its coming to rest is despaired of. */
const REPETITIONS = 8

export interface Simulation {
  readonly planner?: Planner
  /** For the test of the test: a second operator does not heed the lock. */
  readonly lockless?: boolean
}

/** @throws Violation at the first thing that must not happen. */
export async function simulate(scenario: Scenario, simulation: Simulation = {}): Promise<Life> {
  const { planner = next, lockless = false } = simulation
  const base = clusterOf(scenario.members)
  const world = makeWorld([...base.nodes, SPARE])
  const outcomes: Outcome[] = []
  let cluster = base
  for (const round of scenario.rounds) {
    if (round.edit !== undefined) cluster = edit(base, cluster, round.edit)
    // Whoever edits the file may ask for what is refused, even after taking it back: it may have been carried out.
    if (cluster !== base) world.truth.excuse ??= 'the cluster file was edited'
    for (const event of round.before) happen(world, cluster, event)
    outcomes.push(...(await playRound(world, { planner, cluster }, round, lockless)))
  }
  world.lock = undefined
  const rest = await comeToRest(world, cluster, planner)
  if (rest.kind !== 'done' && world.truth.excuse === undefined) {
    throw new Violation('finishes', JSON.stringify(rest))
  }
  return { world, outcomes: [...outcomes, rest], rest }
}

async function playRound(
  world: World,
  setting: RunOptions,
  round: Round,
  lockless: boolean,
): Promise<Outcome[]> {
  const { cluster } = setting
  const { interruption, during, second } = round
  const others: Outcome[] = []
  world.truth.unseen.clear()
  const own = await operate(world, { ...setting, interruption, takesOver: true }, async (wave) => {
    if (during?.wave === wave) happen(world, cluster, during.event)
    if (second?.wave === wave) {
      const held = world.lock
      const takesOver = second.how === 'instead' || lockless
      const other = await operate(world, { ...setting, takesOver })
      if (
        second.how === 'beside' &&
        (other.kind === 'died' || other.kind === 'failed' || world.lock !== held)
      ) {
        throw new Violation('one-operator', `the second operator was let in: ${other.kind}`)
      }
      others.push(other)
    }
    return during?.wave === wave || second?.wave === wave
  })
  return [...others, own]
}

/** Until two runs in a row find nothing to do, or are refused for the same reasons. */
async function comeToRest(world: World, cluster: Cluster, planner: Planner): Promise<Outcome> {
  world.truth.unseen.clear()
  let previous = ''
  let outcome: Outcome = { kind: 'died' }
  for (let count = 0; count < REPETITIONS; count += 1) {
    outcome = await operate(world, { planner, cluster })
    const text = JSON.stringify(outcome)
    if (
      text === previous &&
      (outcome.kind === 'blocked' || (outcome.kind === 'done' && outcome.steps === 0))
    ) {
      return outcome
    }
    previous = text
  }
  throw new Violation('converges', JSON.stringify(outcome))
}

function clusterOf(members: number): Cluster {
  const nodes = Array.from({ length: members }, (_, index) =>
    sampleNode(`etcd0${index + 1}`, `192.168.0.${index + 1}`),
  )
  const network = { prefix: '/coreos.com/network', config: { Network: '10.5.0.0/16' }, v2: false }
  return { ...sampleCluster(), nodes, network, packages: ['curl'] }
}
