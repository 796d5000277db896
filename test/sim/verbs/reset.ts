/** `reset` of all simulated machines, or of one. */
import { sameSteps } from '../../../src/engine/approval.ts'
import { peerUrl } from '../../../src/etcd/configuration.ts'
import { PATHS } from '../../../src/host/state.ts'
import { type Node, etcdNodes } from '../../../src/spec/cluster.ts'
import { ETCD_STEPS } from '../../../src/tiers/etcd/steps/kinds.ts'
import type { ResetStep } from '../../../src/tiers/etcd/steps/steps.ts'
import { type ResetIntent, planReset, resetSteps } from '../../../src/tiers/etcd/plan/reset.ts'
import { QuorateError } from '../../../src/errors.ts'
import { type Disk, isMarked } from '../disk.ts'
import { stop } from '../etcd.ts'
import { reach } from '../look.ts'
import { diskOf, fresh } from '../world.ts'
import { Refusal, type Run, type SimVerb } from './run.ts'
import { VerbViolation } from './violation.ts'
import { type VerbWorld, lookAtHosts, raftIn, viewOf } from './world.ts'

interface Decided {
  readonly intent: ResetIntent
  readonly steps: readonly ResetStep[]
}

/** @param nodes all that run etcd, or one, which may have been a member */
export function resetVerb(
  vw: VerbWorld,
  nodes: readonly Node[],
  purge: boolean,
  plan: typeof planReset = planReset,
): SimVerb<Decided> {
  const { world, cluster } = vw
  const own = nodes.map((node) => ({ ...node, roles: [...new Set([...node.roles, 'etcd' as const])] }))
  const suffix = `before-reset-${fresh(world)}`
  const hosts = own.map(({ name }) => name)
  const whole = etcdNodes(cluster).every(({ name }) => hosts.includes(name))
  return {
    decide: () => {
      reach(world, own)
      const removed = whole ? [] : notMembers(vw, own)
      const intent: ResetIntent = { cluster, hosts, purge, suffix, removed }
      const { steps, blocked } = plan(intent, lookAtHosts(vw, own))
      if (blocked.length > 0) throw new Refusal(blocked)
      return steps.length === 0 ? undefined : { intent, steps }
    },
    same: (shown, now) => sameSteps(shown.steps, now.steps, ETCD_STEPS),
    essence: ({ steps }) => steps.map(ETCD_STEPS.idOf).toSorted().join(', '),
    scope: () => own,
    carryOut: async (run, { intent, steps }) => {
      const chosen = own.filter(({ name }) => steps.some(({ host }) => host === name))
      await run.onAll(chosen, async ({ name }) => {
        for (const step of steps.filter(({ host }) => host === name)) await perform(run, intent, whole, step)
        const { member } = lookAtHosts(vw, own)[name] ?? {}
        const left = member === undefined ? [] : resetSteps(intent, name, member)
        if (left.length > 0)
          throw new QuorateError('moved', `as it was before: ${left.map(({ what }) => what).join()}`)
      })
    },
    checkDone: () => {
      const dirty = own.find(({ name }) => isUsed(diskOf(world, name)))
      if (dirty !== undefined) throw new VerbViolation('done-is-done', `${dirty.name} is not reset`)
    },
  }
}

/** Like `notMembers` of the command. */
function notMembers(vw: VerbWorld, nodes: readonly Node[]): readonly string[] {
  const lists = viewOf(vw).members.map((member) => (member.reachable ? member.list : undefined))
  const list = lists.find((one) => one?.linearizable)?.members
  if (list === undefined) return []
  const isListed = (node: Node) =>
    list.some(({ name, peerUrls }) => name === node.name || peerUrls.includes(peerUrl(vw.cluster, node)))
  return nodes.filter((node) => !isListed(node)).map(({ name }) => name)
}

async function perform(run: Run, intent: ResetIntent, whole: boolean, step: ResetStep): Promise<void> {
  const { vw } = run
  const { host } = step
  const disk = diskOf(vw.world, host)
  if (!intent.hosts.includes(host)) throw new VerbViolation('as-agreed', `${host} is reset`)
  switch (step.kind) {
    case 'stop':
      await run.do('disable it', () => (disk.enabled = false), host)
      await run.do(
        'stop it',
        () => {
          requireSpared(vw, whole, host)
          stop(disk)
        },
        host,
      )
      return
    case 'aside':
    case 'remove':
      for (const path of step.paths) {
        await run.do(
          `${step.kind} ${path}`,
          () => {
            requireSpared(vw, whole, host)
            clear(vw, intent, disk, path, step.kind === 'aside')
          },
          host,
        )
      }
      return
    case 'reload':
      await run.do('reload', () => (disk.loadedUnit = disk.files.get(PATHS.unit)), host)
  }
}

function clear(
  vw: VerbWorld,
  { cluster, purge }: ResetIntent,
  disk: Disk,
  path: string,
  aside: boolean,
): void {
  const { dataDirectory, walDirectory } = cluster.etcd
  const part = path === dataDirectory ? 'data' : path === walDirectory ? 'wal' : undefined
  const data = part && disk[part]
  if (part !== undefined && data !== undefined) {
    if (!aside && !purge) throw new VerbViolation('data-kept', `${path} of ${disk.node.name}`)
    if (aside) disk.aside.push(data)
    disk[part] = undefined
    if (part === 'data') disk.format = undefined
  }
  if (path === PATHS.tls) {
    disk.tls = { ca: undefined, certificates: new Map(), keys: new Map() }
    disk.pending.clear()
    for (const one of disk.paths.keys()) if (one.startsWith(`${PATHS.tls}/`)) disk.paths.delete(one)
  }
  disk.files.delete(path)
  disk.paths.delete(path)
  forget(vw)
}

/** Once no machine has anything of it, no one relies on the cluster any more. */
function forget({ world, cluster, kept }: VerbWorld): void {
  const some = etcdNodes(cluster).some(({ name }) => {
    const disk = diskOf(world, name)
    return disk.data !== undefined || disk.wal !== undefined || isMarked(disk)
  })
  if (some) return
  world.truth.belongs.clear()
  world.truth.lost.clear()
  kept.clear()
}

function requireSpared(vw: VerbWorld, whole: boolean, host: string): void {
  if (whole || vw.blind) return
  const listed = raftIn(vw)?.members.find(({ name }) => name === host)
  if (listed !== undefined) throw new VerbViolation('member-kept', `${host} is a member`)
}

/** Something of a member is left on it. */
export function isUsed(disk: Disk): boolean {
  const { data, wal, process, enabled, files, tls } = disk
  const some = data ?? wal ?? process ?? files.get(PATHS.unit) ?? tls.ca
  return some !== undefined || enabled || isMarked(disk)
}
