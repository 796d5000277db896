/** Runs a scenario with a planner, and judges every moment of it. */
import { peerUrl as peerUrlOf } from '../../src/etcd/configuration.ts'
import { sampleCluster, sampleNode } from '../../src/etcd/sample.ts'
import { compareMinors } from '../../src/etcd/minor.ts'
import { PATHS } from '../../src/host/state.ts'
import { next } from '../../src/tiers/etcd/plan/next.ts'
import { parsePin } from '../../src/tiers/etcd/facts/pin.ts'
import type { Cluster } from '../../src/spec/cluster.ts'
import { etcdNameOf } from '../../src/spec/etcd-name.ts'
import { makeOld } from './drift.ts'
import { type Edit, changesMembers, edit } from './edits.ts'
import { happen, heal } from './events.ts'
import { type Outcome, type Planner, type RunOptions, operate } from './operator.ts'
import { environmentOf } from './disk.ts'
import { minorOf } from './minors.ts'
import type { RaftMember } from './raft.ts'
import { comeToRest } from './rest.ts'
import type { Round, Scenario } from './scenario.ts'
import { skewOf } from './skew.ts'
import { Violation } from './violation.ts'
import { type World, diskOf, makeWorld, noteForgotten, raftOf } from './world.ts'

export interface Life {
  readonly world: World
  /** Of every run, in order. */
  readonly outcomes: readonly Outcome[]
  /** Its final state. */
  readonly rest: Outcome
}

const SPARES = [
  sampleNode('etcd08', '192.168.0.8'),
  { ...sampleNode('etcd09', '192.168.0.9'), etcdName: 'etcd09.example.org' },
]

export interface Simulation {
  readonly planner?: Planner
  /** For the test of the test: a second operator ignores the lock. */
  readonly lockless?: boolean
  /** Receives a description of every event. */
  readonly tell?: (line: string) => void
}

/** @throws Violation at the first broken rule. */
export async function simulate(scenario: Scenario, simulation: Simulation = {}): Promise<Life> {
  const { planner = next, lockless = false, tell = () => undefined } = simulation
  const base = clusterOf(scenario)
  const world = makeWorld([...base.nodes, ...SPARES], scenario.dialsOut)
  const onward = scenario.upgrades ? { canarySeconds: 30, back: false } : undefined
  let upgrade: RunOptions['upgrade'] = onward
  // The version before a change of version.
  let origin = base.etcd.version
  const outcomes: Outcome[] = []
  let cluster = base
  if (scenario.established) outcomes.push(await operate(world, { planner, cluster, tell }))
  if (scenario.established && scenario.old) {
    tell('it was set up before members had a name of their own')
    makeOld(world)
  }
  for (const round of scenario.rounds) {
    for (const one of round.edits) {
      const before = cluster
      cluster = edited(world, base, cluster, one)
      if (one.kind === 'turn-back') {
        cluster = { ...cluster, etcd: { ...cluster.etcd, version: origin } }
        upgrade = onward && { canarySeconds: 0, back: true, cancels: true }
      } else if (cluster.etcd.version !== before.etcd.version) {
        origin = before.etcd.version
        upgrade = onward
      }
      tell(
        `${one.kind}: the file names etcd ${cluster.etcd.version}, ${cluster.nodes.map(({ name, address }) => `${name} ${address}`).join(', ')}`,
      )
    }
    for (const event of round.before) {
      tell(`${event.kind} on ${cluster.nodes[event.host % cluster.nodes.length]?.name}`)
      happen(world, cluster, event)
    }
    const played = await playRound(world, { base, cluster, planner, upgrade, lockless, tell }, round)
    outcomes.push(...played.outcomes)
    cluster = played.cluster
    if (round.heals) {
      tell('what lasted is mended')
      heal(world, cluster)
    }
  }
  world.lock = undefined
  tell('everything is mended')
  heal(world, cluster)
  const back = upgrade?.back === true
  const turned = back ? await comeToRest(world, { cluster, planner, upgrade, tell }) : undefined
  // Other changes in the file are left to apply.
  const rest =
    turned !== undefined && turned.kind !== 'done'
      ? turned
      : await comeToRest(world, { cluster, planner, upgrade: back ? undefined : upgrade, tell })
  return { world, outcomes: [...outcomes, rest], rest }
}

/** The file after an edit. A refused request has to be reverted by the operator, so blocked may be a correct end. */
function edited(world: World, base: Cluster, cluster: Cluster, one: Edit): Cluster {
  const after = edit(base, cluster, one, [...base.nodes, ...SPARES])
  // One upgrade must be complete before the next starts: all members have the version, no downgrade is enabled any
  // more, and the cluster version has that minor. Otherwise `precheckUpgrade` refuses another one.
  const versions = cluster.nodes.flatMap(({ name }) => {
    const { process, binaries } = diskOf(world, name)
    return process?.version ?? binaries.get('etcd')?.version ?? []
  })
  const steps = one.kind === 'upgrade' || one.kind === 'downgrade'
  const { downgrade, minor } = raftOf(world) ?? {}
  const lags = one.kind === 'upgrade' && isBelow(minor, cluster)
  const underway =
    lags || downgrade !== undefined || versions.some((version) => version !== cluster.etcd.version)
  if (steps && underway) return cluster
  const members = raftOf(world)?.members
  if (members === undefined) {
    if (after !== base) world.truth.excuse ??= 'the cluster file was edited before there was a cluster'
    noteForgotten(world, after)
  } else if (changesMembers(cluster, after)) {
    // A file that names no member of the cluster belongs to another cluster.
    const some = after.nodes.some(({ name }) => isKept(world, name))
    if (!some) return cluster
    // These were never confirmed as members, or no cluster ID file of theirs says so any more: until then the file has
    // to name those that were started.
    const confirmed = after.nodes.some(
      ({ name }) => parsePin(diskOf(world, name).files.get(PATHS.clusterId) ?? '') !== undefined,
    )
    if (!confirmed)
      world.truth.excuse ??= 'the cluster file names nobody who knows for certain to which cluster it belongs'
  }
  if (isRenamedAndMoved(world, members ?? [], after))
    world.truth.excuse ??= 'the cluster file gives a member another name in etcd and another address at once'
  if (['version', 'algorithm', 'layout', 'data-directory', 'swap'].includes(one.kind)) {
    world.truth.excuse ??= `the cluster file asks for ${one.kind}`
  }
  return after
}

/** Of a cluster that already has a minor. */
function isBelow(minor: string | undefined, { etcd }: Cluster): boolean {
  return minor !== undefined && compareMinors(minor, minorOf(etcd.version)) < 0
}

/**
 * Since its last restart: then nothing says which member it is. Of a new name with which it has not become ready yet, its
 * peers don't know.
 */
function isRenamedAndMoved(world: World, members: readonly RaftMember[], cluster: Cluster): boolean {
  return cluster.nodes.some((node) => {
    const disk = diskOf(world, node.name)
    const options = disk.process?.environment ?? environmentOf(disk)
    // One that was added, and may start at any time, has no name yet.
    const own = members.find(({ name, peerUrl, started }) =>
      started ? name === node.name : peerUrl === options['ETCD_INITIAL_ADVERTISE_PEER_URLS'],
    )
    if (own === undefined) return false
    const { ETCD_NAME: latest = own.etcdName } = options
    const stays = [own.etcdName || latest, latest].every((name) => name === etcdNameOf(node))
    return !stays && own.peerUrl !== peerUrlOf(cluster, node)
  })
}

/** It is a voting member, and knows its cluster. */
function isKept(world: World, name: string): boolean {
  const member = raftOf(world)?.members.find((one) => one.name === name)
  return member?.started === true && !member.learner && diskOf(world, name).wal !== undefined
}

interface Setting {
  readonly base: Cluster
  readonly cluster: Cluster
  readonly planner: Planner
  readonly upgrade: RunOptions['upgrade']
  readonly lockless: boolean
  readonly tell: (line: string) => void
}

/** @returns how the runs ended, and the present file. */
async function playRound(
  world: World,
  { base, cluster, planner, upgrade, lockless, tell }: Setting,
  round: Round,
): Promise<{ readonly outcomes: readonly Outcome[]; readonly cluster: Cluster }> {
  const { interruption, during, second } = round
  const others: Outcome[] = []
  let now = cluster
  world.truth.unseen.clear()
  world.watch.looked = skewOf(world, cluster, round, tell)
  const lockLostLate = second?.how === 'late'
  const own = await operate(
    world,
    { planner, cluster, upgrade, tell, interruption, takesOver: true, lockLostLate },
    async (wave) => {
      if (during?.wave === wave) {
        tell(
          `meanwhile ${during.event.kind} on ${cluster.nodes[during.event.host % cluster.nodes.length]?.name}`,
        )
        happen(world, cluster, during.event)
      }
      if (second?.wave === wave) {
        tell(`a second operator, ${second.how}`)
        const held = world.lock
        const takesOver = second.how !== 'beside' || lockless
        if (second.edit !== undefined) now = edited(world, base, cluster, second.edit)
        const other = await operate(world, { planner, cluster: now, upgrade, tell, takesOver })
        if (second.how === 'beside' && (other.kind === 'died' || world.lock !== held)) {
          throw new Violation('one-operator', `the second operator was let in: ${other.kind}`)
        }
        others.push(other)
      }
      return during?.wave === wave || second?.wave === wave
    },
  )
  world.watch.looked = undefined
  return { outcomes: [...others, own], cluster: now }
}

const BALANCER = { port: 8443, apiPort: 6443, virtualAddress: undefined }

function clusterOf({ members, version }: Scenario): Cluster {
  const nodes = Array.from({ length: members }, (_, index) => {
    const node = sampleNode(`etcd0${index + 1}`, `192.168.0.${index + 1}`)
    // One has another name in etcd.
    if (index === 1) return { ...node, etcdName: 'etcd02.example.org' }
    // And one is also a load balancer.
    return index === 0 ? { ...node, roles: [...node.roles, 'service' as const] } : node
  })
  const network = { prefix: '/coreos.com/network', config: { Network: '10.5.0.0/16' }, v2: false }
  return { ...sampleCluster({ version }), nodes, network, loadBalancer: BALANCER, packages: ['curl'] }
}
