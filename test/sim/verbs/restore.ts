/** `restore`: all simulated members from one snapshot, with quorate dying between any two pieces. */
import { sameSteps } from '../../../src/engine/approval.ts'
import { loop } from '../../../src/engine/loop.ts'
import { etcdNodes } from '../../../src/spec/cluster.ts'
import type { Observed } from '../../../src/tiers/etcd/facts/observed.ts'
import { ETCD_STEPS } from '../../../src/tiers/etcd/steps/kinds.ts'
import type { HostStep, Step } from '../../../src/tiers/etcd/steps/steps.ts'
import {
  type RestoreDecision,
  type RestoreRequest,
  decideRestore,
} from '../../../src/verbs/restore/decide.ts'
import { isPlaced, planRestore } from '../../../src/verbs/restore/decide-next.ts'
import { Failure } from '../failure.ts'
import { diskOf, fresh } from '../world.ts'
import { Interrupted, type SimVerb } from './run.ts'
import { VerbViolation } from './violation.ts'
import { lookAtAll, runWave } from './waves.ts'
import { type VerbWorld, lookAtHosts } from './world.ts'

/** The deciders; deliberately faulty planners replace them. */
export interface RestoreDeciders {
  readonly decide: typeof decideRestore
  readonly next: typeof planRestore
}

export const RESTORE: RestoreDeciders = { decide: decideRestore, next: planRestore }

const DISK_BYTES = 10 * 1024 ** 3

/** @param clusterId the cluster that the snapshot is from */
export function restoreVerb(
  vw: VerbWorld,
  { clusterId, otherCluster }: { readonly clusterId: string; readonly otherCluster: boolean },
  { decide, next }: RestoreDeciders = RESTORE,
): SimVerb<RestoreDecision> {
  const { world, cluster } = vw
  const request = requestOf(vw, clusterId, otherCluster)
  return {
    finishes: 'restore',
    decide: () => {
      const path = cluster.etcd.dataDirectory
      const room = etcdNodes(cluster).map(({ name: host }) => ({
        host,
        freeBytes: DISK_BYTES,
        mount: '/',
        path,
      }))
      return decide(request, { observed: lookAtAll(vw, false), surroundings: { etcdClients: [], room } })
    },
    same: (shown, now) => sameSteps(lasting(shown), lasting(now), ETCD_STEPS),
    essence: (decision) => lasting(decision).map(ETCD_STEPS.idOf).toSorted().join(', '),
    scope: () => cluster.nodes,
    carryOut: async (run, { intent, observed, plan }) => {
      let halted = cluster.nodes.some(({ name }) => diskOf(world, name).underway !== undefined)
      try {
        await loop<Observed, Step>({
          observed,
          foreseen: plan,
          decide: (seen) => next(intent, seen),
          runWave: async (seen, steps) => {
            halted ||= steps.some(({ kind }) => kind === 'restore-halt')
            await runWave(run, seen, steps, (step) => requireOrder(vw, step))
            const proven = steps.some(({ kind }) => kind === 'verify')
            return lookAtAll(vw, seen.cluster?.verified === true || proven)
          },
          lookAgain: async ({ cluster: before }) => {
            const seen = lookAtAll(vw, before?.verified ?? false)
            return await Promise.resolve(seen)
          },
          steps: ETCD_STEPS,
          signal: new AbortController().signal,
        })
      } catch (error) {
        if (!halted && error instanceof Failure && !(error instanceof Interrupted)) discard(vw)
        throw error
      }
    },
    checkDone: ({ intent }) => {
      const hosts = lookAtHosts(vw, cluster.nodes)
      for (const { name } of etcdNodes(cluster)) {
        const { process, underway, restore } = diskOf(world, name)
        const wrong = (what: string) => new VerbViolation('done-is-done', `restore: ${name} ${what}`)
        if (process?.ready !== true) throw wrong('does not run')
        if (!isPlaced(intent, hosts[name])) throw wrong('has other data')
        if (underway !== undefined || restore !== undefined) throw wrong('is marked still')
      }
    },
  }
}

function requestOf(vw: VerbWorld, clusterId: string, otherCluster: boolean): RestoreRequest {
  const { cluster, world } = vw
  const name = 'a.bundle'
  const number = fresh(world).toString(16).padStart(16, '0')
  const about = {
    cluster: cluster.name,
    clusterId,
    etcdVersion: cluster.etcd.version,
    takenAt: '2026-01-01T00:00:00Z',
    member: 'etcd01',
  } as RestoreRequest['opened']['about']
  return {
    cluster,
    opened: { name, about, snapshotFile: '/tmp/a.db', sizeBytes: 1024 },
    otherCluster,
    without: [],
    command: `quorate restore ${name}`,
    fresh: {
      token: `${cluster.name}-${number}`,
      suffix: `before-restore-${number}`,
      sha256: 'aa',
      source: name,
    },
  }
}

/** What is done to which node, as in the command. */
function lasting({ plan: { waves } }: RestoreDecision): readonly Step[] {
  const kinds = new Set(['restore-stage', 'restore-halt', 'restore-place', 'stop'])
  return waves.flat().filter(({ kind }) => kinds.has(kind))
}

/** What is stopped, and which members start, when. */
function requireOrder(vw: VerbWorld, step: HostStep): void {
  const disks = etcdNodes(vw.cluster).map(({ name }) => diskOf(vw.world, name))
  if (step.kind === 'stop' || step.kind === 'restore-halt') {
    const unready = disks.find(({ restore, data }) => restore === undefined && data !== undefined)
    if (unready !== undefined && !vw.blind)
      throw new VerbViolation('serves-until-ready', `${step.host}, and ${unready.node.name} has nothing yet`)
  }
  if (step.kind !== 'start') return
  vw.kept.delete(step.host)
  const behind = disks.find(({ staged }) => staged !== undefined)
  if (behind !== undefined && !vw.blind)
    throw new VerbViolation('all-exchanged', `${step.host} starts before ${behind.node.name} has its data`)
}

/** The present cluster was not changed: what was created next to it is removed, on reachable machines. */
function discard({ world, cluster }: VerbWorld): void {
  for (const { name } of etcdNodes(cluster)) {
    const disk = diskOf(world, name)
    if (disk.off || disk.unreachable || disk.underway !== undefined) continue
    disk.staged = undefined
    disk.restore = undefined
  }
}
