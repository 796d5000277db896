/** One `quorate apply` in the simulated world, with everything that can go wrong on its way. The loop is the real one. */
import { QuorateError } from '../../src/errors.ts'
import type { ApplyIntent } from '../../src/plan/intent.ts'
import type { Observed } from '../../src/plan/observed.ts'
import type { BlockReason, ClusterStep, Next, Step } from '../../src/plan/steps.ts'
import { loop } from '../../src/run/loop.ts'
import { orderOf } from '../../src/run/order.ts'
import { renderConfig } from '../../src/flannel/config.ts'
import { type Cluster, etcdNodes } from '../../src/spec/cluster.ts'
import { Failure, effectsOf } from './effects.ts'
import { settle } from './etcd.ts'
import { judge, lookAt, observe } from './look.ts'
import { Violation } from './violation.ts'
import { type World, diskOf, fresh } from './world.ts'

export type Planner = (intent: ApplyIntent, observed: Observed) => Next

export type Outcome =
  | { readonly kind: 'done'; readonly steps: number }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }
  | { readonly kind: 'failed'; readonly message: string }
  /** Killed, or its computer vanished: nobody reads its answer. */
  | { readonly kind: 'died' }
  | { readonly kind: 'locked' }

/** Something that goes wrong in one wave of a run. */
export interface Interruption {
  /** Counted from 0. */
  readonly wave: number
  /** `dies`: kill -9. `loses`: connections break, and the tool says so. */
  readonly how: 'dies' | 'loses'
  /** How much is done by then, in thousandths: of the cluster's own steps, then of each host's. 1000: all, reply lost. */
  readonly cuts: readonly number[]
}

export interface RunOptions {
  readonly planner: Planner
  readonly cluster: Cluster
  readonly interruption?: Interruption | undefined
  /** Takes a lock whose holder is silent. */
  readonly takesOver?: boolean | undefined
}

const PATIENCE_WAVES = 40

/** Between two waves others may act. @returns whether they did. */
export type Between = (wave: number) => Promise<boolean>

export async function operate(
  world: World,
  options: RunOptions,
  between: Between = async () => false,
): Promise<Outcome> {
  const { planner, cluster } = options
  const intent: ApplyIntent = {
    kind: 'apply',
    cluster,
    stamp: '20260730T101112Z',
    freshToken: `${cluster.name}-${fresh(world).toString(16).padStart(16, '0')}`,
    until: 'done',
  }
  const first = planner(intent, observe(world, cluster))
  if (first.kind !== 'steps') return ending(world, cluster, first, 0)
  if (world.lock !== undefined && options.takesOver !== true) return { kind: 'locked' }
  const token = `lock ${fresh(world)}`
  world.lock = token
  let waves = 0
  /** Something else happened since the last wave; or ever, in this run. */
  let disturbed = false
  let everDisturbed = false
  let steps = 0
  let last: Next | undefined
  const interruptionNow = () => (options.interruption?.wave === waves ? options.interruption : undefined)
  try {
    await loop({
      observed: observe(world, cluster),
      decide: (observed) => (last = planner(intent, observed)),
      runWave: async (observed, wanted) => {
        checkSecrets(wanted)
        if (waves > PATIENCE_WAVES) throw circles(wanted)
        const before = stateOf(world)
        try {
          runWave(world, cluster, token, observed, wanted, interruptionNow())
        } finally {
          checkHarm(world, before)
        }
        steps += wanted.length
        const seen = lookAgain(world, cluster, observed, wanted)
        disturbed = await between(waves)
        everDisturbed ||= disturbed
        waves += 1
        return seen
      },
      signal: new AbortController().signal,
    })
  } catch (error) {
    const died = error instanceof Failure && interruptionNow()?.how === 'dies'
    if (died) {
      if (world.lock === token) world.lock = undefined
      return { kind: 'died' }
    }
    if (error instanceof Failure) {
      release(world, token)
      return { kind: 'failed', message: error.message }
    }
    if (!(error instanceof QuorateError)) throw error
    if (error.code === 'moved') {
      release(world, token)
      if (!disturbed) throw circles(last?.kind === 'steps' ? last.steps : [])
      return { kind: 'failed', message: 'these steps left no trace' }
    }
  }
  release(world, token)
  if (last === undefined || last.kind === 'steps') throw new TypeError('a run ended in the middle')
  // What it looked at last may be past: the next run will tell.
  if (everDisturbed && last.kind === 'done') return { kind: 'done', steps }
  return ending(world, cluster, last, steps)
}

function circles(steps: readonly Step[]): Violation {
  return new Violation('effect', steps.map(({ host, what }) => `${host}: ${what}`).join(', '))
}

/** As run/wave.ts does: only the hosts that were worked on are looked at again. */
function lookAgain(world: World, cluster: Cluster, observed: Observed, steps: readonly Step[]): Observed {
  const verified = observed.cluster?.verified === true || steps.some((step) => step.kind === 'verify')
  const worked = cluster.nodes.filter((node) => steps.some((step) => step.host === node.name))
  const seen = Object.fromEntries(worked.map((node) => [node.name, lookAt(world, node)]))
  return judge(world, cluster, { ...observed.hosts, ...seen }, verified)
}

function release(world: World, token: string): void {
  if (world.lock === token) world.lock = undefined
}

function runWave(
  world: World,
  cluster: Cluster,
  token: string,
  observed: Observed,
  steps: readonly Step[],
  interruption: Interruption | undefined,
): void {
  const [clusterCut = 1000, ...hostCuts] = interruption?.cuts ?? []
  const order = orderOf(steps)
  const own = [...order.authority, ...order.cluster]
  const clusterSteps = own.slice(0, interruption ? Math.ceil((own.length * clusterCut) / 1000) : own.length)
  for (const step of clusterSteps) runClusterStep(world, cluster, step)
  if (clusterSteps.length < own.length) throw new Failure('the tool was interrupted')
  const failures: string[] = []
  for (const [index, [host, hostSteps]] of [...order.hosts].entries()) {
    if (world.lock !== token) {
      failures.push(`${host}: the lock on this machine is not ours (any more)`)
      continue
    }
    const effects = hostSteps.flatMap((step) => effectsOf(world, cluster, step, observed.hosts[host]?.member))
    const cut = interruption ? (hostCuts[index] ?? 1000) : 1000
    try {
      for (const effect of effects.slice(0, Math.ceil((effects.length * cut) / 1000))) effect()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failures.push(`${host}: ${error.message}`)
    }
  }
  settle(world, cluster)
  for (const step of steps) {
    if (step.kind !== 'start' || failures.length > 0) continue
    if (diskOf(world, step.host).process?.ready !== true)
      failures.push(`${step.host}: etcd.service did not start`)
  }
  if (interruption !== undefined) throw new Failure('the tool was interrupted')
  if (failures.length > 0) throw new Failure(failures.join('; '))
}

function runClusterStep(world: World, cluster: Cluster, step: ClusterStep): void {
  const look = () => observe(world, cluster).cluster
  switch (step.kind) {
    case 'authority':
      world.ca ??= `CA ${fresh(world)}`
      return
    case 'await-health': {
      const problems = look()?.problems ?? ['no member answers']
      if (problems.length > 0) throw new Failure(`the cluster did not become healthy: ${problems.join('; ')}`)
      return
    }
    case 'verify': {
      const facts = look()
      if (facts === undefined || facts.healthy.length < etcdNodes(cluster).length) {
        throw new Failure('a write was not read back from every member')
      }
      world.truth.verified.add(facts.id)
      return
    }
    case 'compare':
      return
    case 'move-leader':
      world.leader = step.to
      return
    case 'network':
      if ((look()?.healthy.length ?? 0) === 0) throw new Failure('no member takes the write')
      world.network = renderConfig(step.network.config)
      return
    default:
      throw new Failure(`this world can't ${step.what}`)
  }
}

function ending(
  world: World,
  cluster: Cluster,
  answer: Exclude<Next, { kind: 'steps' }>,
  steps: number,
): Outcome {
  if (answer.kind === 'blocked') {
    const hints = answer.reasons.filter(
      ({ message, hint }) => message !== '' && hint !== undefined && hint !== '',
    )
    if (hints.length === 0) throw new Violation('ends-with-reason', JSON.stringify(answer.reasons))
    return answer
  }
  checkDone(world, cluster)
  return { kind: 'done', steps }
}

/** Not the planner's own idea of it: what a person would look for. */
function checkDone(world: World, cluster: Cluster): void {
  const ids = new Set<string>()
  for (const node of cluster.nodes) {
    const disk = diskOf(world, node.name)
    const name = node.name
    if (!cluster.packages.every((wanted) => disk.packages.has(wanted)))
      throw broken(`${name} lacks a package`)
    if (!node.roles.includes('etcd')) continue
    const { process, tls } = disk
    if (process?.ready !== true) throw broken(`${name} does not run`)
    ids.add(process.data.clusterId)
    if (!(disk.files.get('/etc/etcd/cluster-id') ?? '').includes(`cluster-id=${process.data.clusterId}\n`)) {
      throw broken(`${name} is not pinned to the cluster that it is in`)
    }
    const options = disk.files.get('/etc/etcd/options.env') ?? ''
    if (!options.includes('ETCD_INITIAL_CLUSTER_STATE=existing')) throw broken(`${name} is not 'existing'`)
    for (const [flag, value] of Object.entries(cluster.etcd.settings)) {
      const variable = `ETCD_${flag.replaceAll('-', '_').toUpperCase()}=${value}`
      if (!options.includes(variable)) throw broken(`${name} lacks ${variable}`)
    }
    if (!disk.enabled) throw broken(`${name} would not start at boot`)
    if (disk.binaries.get('etcd')?.version !== cluster.etcd.version) throw broken(`${name} has another etcd`)
    if (tls.ca !== world.ca || tls.certificates.size === 0)
      throw broken(`${name} has no certificates of the CA`)
    for (const certificate of tls.certificates.values()) {
      if (certificate.expired) throw broken(`${name} has an expired certificate`)
    }
    for (const [path, { mode }] of disk.paths) {
      if (path.endsWith('.key') && mode !== '600') throw broken(`${name}: ${path} has the mode ${mode}`)
    }
  }
  if (ids.size > 1) throw broken(`the members are in ${ids.size} clusters`)
  const { network } = cluster
  if (network !== undefined && world.network !== renderConfig(network.config))
    throw broken('flannel has no network')
}

function broken(what: string): Violation {
  return new Violation('done-is-done', what)
}

function checkSecrets(steps: readonly Step[]): void {
  const found = steps.find((step) => JSON.stringify(step).includes('PRIVATE KEY'))
  if (found !== undefined) throw new Violation('keys-stay', `${found.host}: ${found.what}`)
}

interface HostFacts {
  readonly data: number | undefined
  readonly wal: number | undefined
  readonly pid: number | undefined
}

function stateOf(world: World): Record<string, HostFacts> {
  return Object.fromEntries(
    [...world.disks].map(([host, { data, wal, process }]) => [
      host,
      { data: data?.beginning, wal: wal?.beginning, pid: process?.pid },
    ]),
  )
}

/** What a wave of ours may never do. */
function checkHarm(world: World, before: Record<string, HostFacts>): void {
  const away: string[] = []
  for (const [host, now] of Object.entries(stateOf(world))) {
    const then = before[host] ?? now
    for (const part of ['data', 'wal'] as const) {
      if (then[part] !== undefined && now[part] !== then[part]) {
        throw new Violation('no-data-removed', `the ${part} folder of ${host}`)
      }
    }
    if (then.pid !== undefined && now.pid !== then.pid) away.push(host)
  }
  if (away.length > 1) throw new Violation('no-quorum-lost', `${away.join(', ')} were stopped at once`)
}
