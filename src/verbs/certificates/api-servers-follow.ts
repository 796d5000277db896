/**
 * Keeps API servers connected during a CA rotation. They are clients of etcd, so at each stage they get the trusted CAs
 * and the client certificate of that stage, one API server at a time. Otherwise the next stage would cut them off.
 */
import { hasKubernetes } from '../../kubernetes/kubernetes-cluster.ts'
import { nodesWith } from '../../spec/cluster.ts'
import { applyIntent } from '../../tiers/etcd/apply-intent.ts'
import { WHOLE } from '../../tiers/etcd/facts/facets.ts'
import { observe } from '../../tiers/etcd/facts/observe.ts'
import type { ApplyIntent } from '../../tiers/etcd/plan/intent.ts'
import { plan } from '../../tiers/etcd/plan/plan.ts'
import { blockedError, run } from '../../tiers/etcd/run.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Step } from '../../tiers/etcd/steps/steps.ts'
import { TIERS } from '../../tiers/tiers.ts'
import type { Under } from '../../engine/run-verb.ts'
import { QuorateError } from '../../errors.ts'

/** Names of the nodes whose API servers will follow. */
export function followers({ cluster }: Session): readonly string[] {
  return hasKubernetes(cluster) ? nodesWith(cluster, 'master').map(({ name }) => name) : []
}

/**
 * Called before the first stage. All later changes are due to the new CA only if nothing else has to change now.
 *
 * @throws QuorateError `blocked`
 */
export async function requireInStep(session: Session): Promise<void> {
  if (!hasKubernetes(session.cluster)) return
  const { waves } = await planned(session)
  if (waves.length === 0) return
  throw new QuorateError(
    'blocked',
    'the nodes differ from the cluster file: Kubernetes could not follow the CA',
    {
      hint: 'quorate apply; then run this command again',
    },
  )
}

/** Called before any other stage. @throws QuorateError `blocked` if a refusal would keep API servers from following */
export async function requireAbleToFollow(session: Session): Promise<void> {
  if (hasKubernetes(session.cluster)) await planned(session)
}

/**
 * Brings API servers in line with etcd as it is now. Does nothing if they already are.
 *
 * @throws QuorateError as `run`
 */
export async function followApiServers<D>({ session, lock }: Under<Session, D>): Promise<readonly Step[]> {
  if (!hasKubernetes(session.cluster)) return []
  await session.refresh()
  const { done } = await run(session, lock, wholeIntent(session), await observe(session, WHOLE), {
    facets: WHOLE,
  })
  return done
}

async function planned(session: Session) {
  const foreseen = plan(wholeIntent(session), await observe(session, WHOLE))
  if (foreseen.blocked.length > 0) throw blockedError(foreseen.blocked)
  return foreseen
}

function wholeIntent({ cluster, now }: Session): ApplyIntent {
  return { ...applyIntent(cluster, now()), beside: TIERS }
}
