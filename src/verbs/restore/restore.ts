/** `quorate restore`: restores all members from one snapshot, as a new cluster of the same name; old data is renamed. */
import { randomBytes } from 'node:crypto'
import type { OpenedBackup } from '../../backup/open.ts'
import { sameSteps } from '../../engine/approval.ts'
import { compactTime } from '../../engine/compact-time.ts'
import type { Lock } from '../../engine/lock.ts'
import { everyMachine } from '../../engine/locking.ts'
import { loop } from '../../engine/loop.ts'
import { runVerb } from '../../engine/run-verb.ts'
import { runWave } from '../../tiers/etcd/wave.ts'
import { QuorateError } from '../../errors.ts'
import type { SnapshotStatus } from '../../etcd/snapshot-tool.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { type Facets, EVERYTHING } from '../../tiers/etcd/facts/facets.ts'
import { observe, observeAgain } from '../../tiers/etcd/facts/observe.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { Plan } from '../../tiers/etcd/plan/plan.ts'
import { preflight, requireFit } from '../../tiers/etcd/preflight.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { type RestoreDecision, type RestoreFacts, type RestoreRequest, decideRestore } from './decide.ts'
import { isPlaced, planRestore, restoredClusterId } from './decide-next.ts'
import { discard, provenKeys } from './finish.ts'
import { lookAround } from './observe.ts'
import { type RestorePreview, previewOf } from './preview.ts'

export interface RestoreOptions {
  readonly opened: OpenedBackup
  /** Awaited after the nodes were observed; etcdutl may read the snapshot in parallel. */
  readonly status: SnapshotStatus | Promise<SnapshotStatus>
  /** Allows a snapshot of another cluster. */
  readonly otherCluster?: boolean | undefined
  /** Names of excluded nodes: in the cluster file, but not in the session's cluster. */
  readonly without?: readonly string[] | undefined
  /** The command that completes it after an interruption. */
  readonly command: string
  /** Gets the preview (what is lost, renamed and stopped) before any change; throws to stop. */
  readonly confirm: (preview: RestorePreview) => Promise<void>
}

export interface RestoreReport {
  readonly done: readonly Step[]
  readonly clusterId: string
  /** The newest revision now. */
  readonly revision: bigint
  /** Keys alive, once restored. */
  readonly keys: bigint
  readonly moved: readonly { readonly host: string; readonly path: string }[]
}

/**
 * Until the first member stops, everything is made next to the present data, and the present cluster serves. From then on
 * it continues from whatever is found, also in a rerun. Other commands are blocked on these nodes until it is complete.
 *
 * @throws QuorateError `blocked` with every reason; `backup` for a snapshot of another cluster or version; `moved` if the
 *   nodes changed after the preview; `locked`; the error of a failed step.
 */
export async function restore(session: Session, options: RestoreOptions): Promise<RestoreReport> {
  const { opened, otherCluster = false, without = [], command } = options
  const request: RestoreRequest = {
    cluster: session.cluster,
    opened,
    otherCluster,
    without,
    command,
    fresh: {
      token: `${session.cluster.name}-${randomBytes(8).toString('hex')}`,
      suffix: `before-restore-${compactTime(session.now())}`,
      sha256: opened.sha256,
      source: opened.name.replaceAll(/\s+/g, ' '),
    },
  }
  const { result } = await runVerb<Session, Decision, RestoreReport>(session, {
    name: 'restore',
    finishes: 'restore',
    decide: async (own) => {
      const [facts, status] = await Promise.all([look(own), options.status, opened.compared])
      return { ...decideRestore(request, facts), status }
    },
    confirm: async ({ status, ...decision }) =>
      await options.confirm(await previewOf(session, decision, { ...opened, status })),
    scope: () => everyMachine(session.cluster),
    same: (shown, now) => sameSteps(lasting(shown.plan), lasting(now.plan), session.steps),
    lookHint: 'quorate status',
    prepare: async (own, { continued, observed }) => {
      if (!continued && isBare(observed)) requireFit(own, await preflight(own))
    },
    // No client is served during a restore.
    probe: () => false,
    carryOut: async ({ session: own, lock, decision }) => {
      const { done, observed } = await carryOut(own, lock, decision)
      const { keys, revision } = await provenKeys(own, opened.proof?.keys)
      const clusterId = observed.cluster?.id ?? restoredClusterId(decision.intent)
      return { done, clusterId, keys, revision, moved: movedIn(done) }
    },
  })
  return result
}

interface Decision extends RestoreDecision {
  readonly status: SnapshotStatus
}

async function look(session: Session): Promise<RestoreFacts> {
  const around = lookAround(session)
  // The other observation reports an unreachable node, with its fix.
  around.catch(() => undefined)
  const observed = await reachAll(session)
  return { observed, surroundings: await around }
}

async function reachAll(session: Session): Promise<Observed> {
  try {
    return await observe(session)
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== 'unreachable') throw error
    const names = etcdNodes(session.cluster).map(({ name }) => name)
    const host = error.host !== undefined && names.includes(error.host) ? error.host : 'NODE'
    const hint = `wait until it is reachable; or exclude it: --without ${host} (its old data must then never be started). Nothing was changed`
    throw error.with({
      hint: [...(error.hint === undefined ? [] : [error.hint]), hint].join('\n'),
      cause: error,
    })
  }
}

async function carryOut(
  session: Session,
  lock: Lock,
  { intent, observed, plan }: RestoreDecision,
): Promise<{ readonly done: readonly Step[]; readonly observed: Observed }> {
  let stopped = isUnderway(observed)
  let fresh = false
  // The old cluster's state doesn't matter any more, so don't wait for its lost members.
  const facets: Facets = {
    ...EVERYTHING,
    askedIf: (hosts) => etcdNodes(intent.cluster).every(({ name }) => isPlaced(intent, hosts[name])),
  }
  try {
    return await loop({
      observed,
      foreseen: plan,
      decide: (seen) => planRestore(intent, seen),
      runWave: async (seen, steps) => {
        stopped ||= steps.some(({ kind }) => kind === 'restore-halt')
        // Each node is observed in the round trip of its work, but one may have its snapshot long before another.
        const worked = new Set(steps.flatMap(({ kind, host }) => (kind === 'restore-stage' ? [] : [host])))
        fresh = session.cluster.nodes.every(({ name }) => worked.has(name))
        return await runWave(session, lock, seen, steps, facets)
      },
      lookAgain: async (seen) => (fresh ? seen : await observeAgain(session, seen, facets)),
      steps: session.steps,
      signal: session.signal,
    })
  } catch (error) {
    // The present cluster was not changed: remove what was made next to it.
    if (!stopped && !lock.lost.aborted) await discard(session, lock)
    throw error
  }
}

function isUnderway({ hosts }: Observed): boolean {
  return Object.values(hosts).some(({ underway }) => underway !== undefined)
}

/** No member has data: these nodes are new. */
function isBare({ hosts }: Observed): boolean {
  return Object.values(hosts).every(
    ({ member }) => member?.dataPresent !== true && member?.walPresent !== true,
  )
}

function movedIn(done: readonly Step[]): RestoreReport['moved'] {
  return done.flatMap((step) => {
    if (step.kind !== 'restore-place') return []
    return step.aside.map((path) => ({ host: step.host, path: `${path}.${step.restore.suffix}` }))
  })
}

/** What is done to which node; ignores a certificate that becomes due for renewal in between. */
function lasting({ waves }: Plan): readonly Step[] {
  const kinds = new Set(['restore-stage', 'restore-halt', 'restore-place', 'stop'])
  return waves.flat().filter(({ kind }) => kinds.has(kind))
}
