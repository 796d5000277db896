/** `quorate reset --tier NAME`: removes a product other than etcd, and the tiers that depend on it, from all of its nodes or from one. */
import { compactTime } from '../../engine/compact-time.ts'
import { sameSteps } from '../../engine/approval.ts'
import { theseMachines } from '../../engine/locking.ts'
import { idle, runVerb } from '../../engine/run-verb.ts'
import type { BlockReason, EngineStep } from '../../engine/step.ts'
import type { Hosts } from '../../engine/tier.ts'
import { type ResetScene, type TierReset, tiersToReset } from '../../engine/tier-reset.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { runAgent } from '../../host/agent.ts'
import { parseHostState } from '../../host/observe.ts'
import { onAll } from '../../ssh/fleet.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { nodesOf } from './choose-tier.ts'
import { type TierResetReport, carryOutStages } from './stages.ts'
import { type Resettable, type Target, extensionOf, looksOf } from './target.ts'

export interface TierResetOptions {
  /** The tier's name. */
  readonly tier: string
  /** Name of a node; default: all nodes of the tier. */
  readonly node?: string | undefined
  /** Also deletes what the tier keeps in etcd. */
  readonly objects?: boolean | undefined
  /** Gets the preview before any change; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: TierResetPreview) => Promise<void>
}

export interface TierResetPreview {
  /** The tiers to remove, in this order. */
  readonly tiers: readonly string[]
  readonly hosts: readonly string[]
  readonly waves: readonly (readonly Step[])[]
  /** What is kept, and the consequence. */
  readonly notes: readonly string[]
}

interface Decision extends TierResetPreview {
  readonly target: Target
}

/**
 * @throws QuorateError `usage`; `blocked` with every reason; `moved` if the nodes changed after the preview; `locked`; the
 *   error of a failed step. Completed steps stay done, and a rerun does the rest.
 */
export async function resetTier(session: Session, options: TierResetOptions): Promise<TierResetReport> {
  const target = targetOf(session, options)
  const { result } = await runVerb<Session, Decision, TierResetReport>(session, {
    name: 'reset',
    decide: async (own) => {
      const decision = await decide(own, target)
      return decision.waves.length === 0 ? idle({ done: [], moved: [] }) : decision
    },
    confirm: async (decision) => await options.confirm(decision),
    scope: () => theseMachines(target.request.nodes),
    same: (shown, now) => sameSteps(shown.waves.flat(), now.waves.flat(), session.steps),
    lookHint: `quorate reset --tier ${options.tier}`,
    // etcd keeps running: its clients notice nothing.
    probe: () => false,
    carryOut: async ({ session: own, lock, decision: { waves } }) =>
      await carryOutStages(own, lock, target, waves),
  })
  return result
}

function targetOf({ cluster, tiers = [], now }: Session, options: TierResetOptions): Target {
  const chosen = tiersToReset(tiers, options.tier).filter(
    (tier): tier is Resettable => tier.reset !== undefined,
  )
  const all = cluster.nodes.filter((node) => chosen.some((tier) => nodesOf(cluster, tier).includes(node)))
  const nodes = options.node === undefined ? all : all.filter(({ name }) => name === options.node)
  if (nodes.length === 0) {
    const what = options.node === undefined ? 'no node' : `'${options.node}' is not a node that`
    throw new QuorateError('usage', `${what} runs ${options.tier}`, {
      hint:
        all.length > 0
          ? `use one of the nodes: ${all.map(({ name }) => name).join(', ')}`
          : 'check the roles in the cluster file',
    })
  }
  const suffix = `before-reset-${compactTime(now())}`
  const request = { nodes, whole: options.node === undefined, suffix, objects: options.objects ?? false }
  return { tiers: chosen, request }
}

/** @throws QuorateError for nodes that can't be inspected, or `blocked` */
async function decide(session: Session, target: Target): Promise<Decision> {
  const { tiers, request } = target
  const hosts = await lookAtAll(session, target)
  const scenes = await Promise.all(
    tiers.map(async ({ reset }) => {
      const facts = await reset.observe?.(session, hosts, request)
      return { reset, scene: { cluster: session.cluster, hosts, request, facts } }
    }),
  )
  const blocked: readonly BlockReason[] = scenes.flatMap(({ reset, scene }) => reset.refusals(scene))
  if (blocked.length > 0) throw blockedError(blocked)
  const waves = wavesOf(scenes)
  return {
    target,
    tiers: tiers.map(({ name }) => name),
    hosts: request.nodes.map(({ name }) => name),
    waves,
    notes: scenes.flatMap(({ reset, scene }) => reset.notes(scene)),
  }
}

/** Dependent tiers go first; steps that use a tier run before any node loses it. */
export function wavesOf(
  scenes: readonly { readonly reset: TierReset; readonly scene: ResetScene }[],
): readonly (readonly Step[])[] {
  const stages = scenes.map(({ reset, scene }) => reset.stages(scene))
  const waves: readonly (readonly EngineStep[])[] = [
    [...stages.flatMap(({ before }) => before), ...stages.flatMap(({ machines }) => machines)],
    stages.flatMap(({ after }) => after),
  ]
  return waves.filter((wave) => wave.length > 0) as readonly (readonly Step[])[]
}

async function lookAtAll(session: Session, target: Target): Promise<Hosts> {
  const { nodes } = target.request
  session.emit({ type: 'looking', hosts: nodes.map(({ name }) => name) })
  const { results, errors } = await onAll(nodes, async (node) => {
    const { lines } = await runAgent(await session.remote(node), {
      operations: [],
      looks: looksOf(session.cluster, node, target),
      extension: extensionOf(target),
      signal: session.signal,
    })
    return parseHostState(node.name, node.roles.includes('etcd'), lines)
  })
  if (errors.length > 0) throw combineErrors(errors)
  return Object.fromEntries(results.map(({ host, value }) => [host, value]))
}
