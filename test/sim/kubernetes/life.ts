/** Lives of a cluster with Kubernetes: made up by fast-check, played with the real planner, judged at every moment. */
import * as fc from 'fast-check'
import { sampleKubernetes, sampleKubernetesCluster } from '../../../src/spec/sample-kubernetes.ts'
import { type Cluster, nodesWith } from '../../../src/spec/cluster.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import { bareHost } from '../../../src/tiers/containerd/containerd.fixture.ts'
import { type Outcome, type Planner, operate } from '../operator.ts'
import { Violation } from '../violation.ts'
import type { Interruption } from '../wave.ts'
import { type World, diskOf, makeWorld } from '../world.ts'
import { FAULTS, type Fault, happen, mend } from './events.ts'
import { makeKubernetes } from './model.ts'

/** An edit of the cluster file. */
const EDITS = ['none', 'argument', 'label', 'taint', 'ca-key', 'release'] as const

export interface Round {
  readonly edit: (typeof EDITS)[number]
  readonly before: readonly Fault[]
  /** In the midst of the run, after a wave. */
  readonly between: readonly (Fault & { readonly wave: number })[]
  readonly interruption: Interruption | undefined
  readonly mends: boolean
}

export interface Life {
  /** It is set up already. */
  readonly established: boolean
  readonly rounds: readonly Round[]
}

const fault = fc.record({ kind: fc.constantFrom(...FAULTS), at: fc.nat(11) })
const wave = fc.nat(9)

const round: fc.Arbitrary<Round> = fc.record({
  edit: fc.constantFrom(...EDITS),
  before: fc.array(fault, { maxLength: 3 }),
  between: fc.array(
    fc.tuple(fault, wave).map(([one, at]) => ({ ...one, wave: at })),
    { maxLength: 2 },
  ),
  interruption: fc.option(
    fc.record({
      wave,
      how: fc.constantFrom('dies' as const, 'loses' as const),
      cuts: fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 }),
    }),
    { nil: undefined },
  ),
  mends: fc.boolean(),
})

export const anyLife: fc.Arbitrary<Life> = fc.record({
  // A first apply takes as long as three others.
  established: fc.constantFrom(true, true, true, false),
  rounds: fc.array(round, { minLength: 1, maxLength: 3 }),
})

/** How often a run is repeated, once nothing goes wrong any more. */
const REPETITIONS = 6

/** @returns how its runs ended. @throws Violation at the first thing that must not happen */
export async function live(
  life: Life,
  planner: Planner = next,
  tell: (line: string) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  let cluster = sample()
  const world = life.established ? await established() : bare(cluster)
  for (const [at, { edit, before, between, interruption, mends }] of life.rounds.entries()) {
    cluster = edited(cluster, edit, at)
    for (const one of before) {
      tell(`${one.kind} ${one.at}`)
      happen(world, cluster, one)
    }
    const options = { planner, cluster, interruption, tell }
    const outcome = await operate(world, options, async (ended) => {
      const now = between.filter((one) => one.wave === ended)
      for (const one of now) {
        tell(`  meanwhile ${one.kind} ${one.at}`)
        happen(world, cluster, one)
      }
      return await Promise.resolve(now.length > 0)
    })
    outcomes.push(outcome)
    world.lock = undefined
    if (mends) mend(world, cluster)
  }
  tell('everything is mended')
  mend(world, cluster)
  const rest = await comeToRest(world, cluster, planner, tell)
  if (rest.kind !== 'done') throw new Violation('finishes', JSON.stringify(rest))
  const again = await operate(world, { planner, cluster, tell })
  if (again.kind !== 'done' || again.steps > 0) throw new Violation('second-run', JSON.stringify(again))
  return [...outcomes, rest, again]
}

async function comeToRest(
  world: World,
  cluster: Cluster,
  planner: Planner,
  tell: (line: string) => void,
): Promise<Outcome> {
  let last: Outcome = { kind: 'locked' }
  for (let run = 0; run < REPETITIONS && last.kind !== 'done'; run += 1)
    last = await operate(world, { planner, cluster, tell })
  return last
}

/** One machine for etcd, three masters, a worker, the balancer. */
function sample(): Cluster {
  const whole = sampleKubernetesCluster()
  const nodes = whole.nodes.filter(({ name }) => !/^(?:etcd|worker)0[23]$/.test(name))
  const [master] = nodesWith(whole, 'master')
  if (master === undefined) throw new RangeError('no master')
  return { ...whole, nodes: [...nodes, { ...master, name: 'master03', address: '198.18.7.29' }] }
}

/** containerd and what belongs to it, from releases. */
const RELEASE = {
  source: { kind: 'folder', path: '/releases' },
  runc: '1.5.3',
  cni: '1.9.1',
  crictl: undefined,
} as const

function edited(cluster: Cluster, edit: Round['edit'], at: number): Cluster {
  const { kubernetes = sampleKubernetes() } = cluster
  const changes = {
    none: {},
    argument: { apiServer: { arguments: { v: String(at) } } },
    label: { nodeLabels: { worker01: { disk: `ssd-${at}` } } },
    taint: { taints: { worker01: [{ key: 'dedicated', value: String(at), effect: 'NoSchedule' } as const] } },
    'ca-key': { pki: { caKey: at % 2 === 0 ? 'home' : 'masters', days: 365 } as const },
    release: { containerd: { ...RELEASE, version: `2.${at}.0` } },
  }[edit]
  return { ...cluster, kubernetes: { ...kubernetes, ...changes } }
}

function bare(cluster: Cluster): World {
  const world = { ...makeWorld(cluster.nodes, true), kubernetes: makeKubernetes() }
  for (const { name, roles } of cluster.nodes)
    if (!roles.includes('etcd')) diskOf(world, name).services = bareHost(name).services as never
  return world
}

let kept: World | undefined

/** Set up once, and copied. */
async function established(): Promise<World> {
  if (kept === undefined) {
    const cluster = sample()
    kept = bare(cluster)
    const outcome = await operate(kept, { planner: next, cluster })
    if (outcome.kind !== 'done') throw new Violation('finishes', JSON.stringify(outcome))
  }
  const { watch: _watch, requests: _requests, ...data } = kept
  return { ...structuredClone(data), watch: {}, requests: new WeakMap() }
}
