/** A running cluster as the start of a life: created once for each number of members, and copied for each life. */
import { sampleCluster, sampleNode } from '../../../src/etcd/sample.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import type { Cluster } from '../../../src/spec/cluster.ts'
import { operate as apply } from '../operator.ts'
import { type World, makeWorld } from '../world.ts'

interface Established {
  readonly cluster: Cluster
  readonly world: World
}

const made = new Map<number, Promise<Established>>()

export async function established(members: number): Promise<Established> {
  const known = made.get(members) ?? make(members)
  made.set(members, known)
  const { cluster, world } = await known
  // What was rendered once for this cluster file is valid for every life.
  const { requests, watch: _none, ...rest } = world
  return { cluster, world: { ...structuredClone(rest), requests, watch: {} } }
}

async function make(members: number): Promise<Established> {
  const nodes = Array.from({ length: members }, (_, index) =>
    sampleNode(`etcd0${index + 1}`, `192.168.0.${index + 1}`),
  )
  const cluster: Cluster = { ...sampleCluster({ version: '3.5.35' }), nodes }
  const world = makeWorld(nodes, true)
  const outcome = await apply(world, { planner: next, cluster })
  if (outcome.kind !== 'done') throw new TypeError(JSON.stringify(outcome))
  return { cluster, world }
}
