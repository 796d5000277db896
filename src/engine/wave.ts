/** Carries out one wave of steps: first those of the cluster as a whole, then every host's, all hosts at once. */
import { combineErrors } from '../errors.ts'
import { looksFor, parseHostState } from '../host/observe.ts'
import { RESTORE } from '../host/extensions.ts'
import type { HostState } from '../host/state.ts'
import type { Observed } from '../tiers/etcd/facts/observed.ts'
import { isRestoreStep } from '../tiers/etcd/steps/predict-restore.ts'
import type { ClusterStep, Step } from '../tiers/etcd/steps/steps.ts'
import { onAll } from '../ssh/fleet.ts'
import { blaming } from '../tiers/etcd/perform/blame.ts'
import type { Lock } from './lock.ts'
import { type Judgement, judge } from '../tiers/etcd/facts/observe.ts'
import { incomingOf } from '../tiers/etcd/perform/compile-restore.ts'
import { headStart } from './head-start.ts'
import { orderOf } from './order.ts'
import { HostProgress } from './progress.ts'
import { issueCertificates, obtainArtifacts } from '../tiers/etcd/perform/supplies.ts'
import { type Session, allMembers } from '../tiers/etcd/session.ts'
import { timed } from './timed.ts'

/**
 * @returns what things are like afterwards: every host that was worked on has been looked at again.
 * @throws QuorateError of the first failures, all hosts' together; what was done before stays done.
 */
export async function runWave(
  session: Session,
  lock: Lock,
  observed: Observed,
  steps: readonly Step[],
  judgement: Judgement = judge,
): Promise<Observed> {
  session.emit({ type: 'wave', steps })
  const signal = AbortSignal.any([session.signal, lock.lost])
  let verified = observed.cluster?.verified ?? false
  const { authority: authoritySteps, cluster, hosts: perHost } = orderOf(steps)
  const authority = makeAuthority(session, authoritySteps)
  // Told where it is awaited: after the hosts are done.
  authority.catch(() => undefined)
  for (const step of cluster) {
    // No machine's fence guards what is done through etcd: the lock has to be ours still.
    signal.throwIfAborted()
    await timed(session.emit, step, async () => await whileLocked({ ...session, signal }, observed, step))
    if (step.kind === 'verify' || step.kind === 'canary') verified = true
  }
  const [artifacts, certificates] = await Promise.all([
    obtainArtifacts(session, steps),
    issueCertificates(session, observed, steps),
  ])
  // Who trusts what was issued now trusts what else is from there, and perhaps nothing else any more.
  if (certificates.size > 0) await headStart(async () => await session.prepareOperator())
  const bundle =
    certificates.size > 0 || steps.some((step) => step.kind === 'ca')
      ? await (await session.authority()).trust(signal)
      : undefined
  if (steps.some((step) => step.kind === 'start')) {
    void headStart(
      async () =>
        await Promise.all([import('../etcd/view.ts'), import('../etcd/verify.ts'), allMembers(session)]),
    )
  }
  const nodes = session.cluster.nodes.filter((node) => perHost.has(node.name))
  const { results, errors } = await onAll(nodes, async (node): Promise<HostState> => {
    const own = perHost.get(node.name) ?? []
    const binaries = own.find((step) => step.kind === 'binaries')
    const supplies = {
      artifact: binaries && artifacts.get(binaries.architecture),
      certificates: certificates.get(node.name) ?? {},
      bundle,
    }
    const remote = await session.remote(node)
    const progress = new HostProgress(node.name, own, supplies, session.emit)
    try {
      const work = lock.work(remote, {
        operations: [...progress.operations],
        looks: looksFor(session.cluster, node, session.tiers),
        incoming: incomingOf(own),
        extension: own.some(isRestoreStep) ? RESTORE : undefined,
        signal,
        onDone: (operation) => progress.done(operation),
        onSent: (bytes) => progress.sent(bytes),
      })
      const { lines } = await blaming(session.cluster, work)
      return parseHostState(node.name, node.roles.includes('etcd'), lines)
    } catch (error) {
      progress.failed(error)
      throw error
    }
  })
  if (errors.length > 0) throw combineErrors(errors)
  await authority
  const hosts = { ...observed.hosts, ...Object.fromEntries(results.map(({ host, value }) => [host, value])) }
  return await judgement(session, hosts, verified)
}

/** Beside the hosts' work: nothing on them waits for it before the next wave. */
async function makeAuthority(session: Session, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    await timed(
      session.emit,
      step,
      async () => void (await (await session.authority()).chain(session.signal)),
    )
    await headStart(async () => await session.prepareOperator())
  }
}

/** Such a step may take minutes: it ends when the lock is lost, since by then somebody else may be at work. */
async function whileLocked(...step: Parameters<typeof runClusterStep>): Promise<void> {
  try {
    await runClusterStep(...step)
  } catch (error) {
    // What was given up says no more than that it was.
    step[0].signal.throwIfAborted()
    throw error
  }
}

async function runClusterStep(
  session: Session,
  observed: Observed,
  step: Exclude<ClusterStep, { kind: 'authority' }>,
): Promise<void> {
  switch (step.kind) {
    case 'await-health': {
      const { awaitHealth } = await import('../tiers/etcd/perform/health.ts')
      await awaitHealth(session, observed)
      return
    }
    case 'compare': {
      const [{ compareContents }, { listedClients }] = await Promise.all([
        import('../etcd/verify.ts'),
        import('../tiers/etcd/facts/listed.ts'),
      ])
      const voting = new Set(observed.cluster?.healthy)
      const clients = (await listedClients(session, observed)).filter(({ name }) => voting.has(name))
      await compareContents(clients, session.signal)
      return
    }
    case 'canary': {
      const { watchCanary } = await import('../tiers/etcd/perform/canary.ts')
      await watchCanary(session, observed, step)
      return
    }
    case 'downgrade-enable':
    case 'downgrade-await':
    case 'downgrade-cancel': {
      const { runDowngrade } = await import('../tiers/etcd/perform/downgrade.ts')
      await runDowngrade(session, observed, step)
      return
    }
    case 'move-leader': {
      const [{ moveLeadership }, { listedClients }] = await Promise.all([
        import('../etcd/leadership.ts'),
        import('../tiers/etcd/facts/listed.ts'),
      ])
      await moveLeadership(await listedClients(session, observed), step.to, session.signal)
      return
    }
    case 'member-add':
    case 'promote':
    case 'member-remove':
    case 'member-update': {
      const { changeMembership } = await import('../tiers/etcd/perform/membership.ts')
      await changeMembership(session, observed, step)
      return
    }
    case 'verify': {
      const { verifyCluster } = await import('../etcd/verify.ts')
      await verifyCluster(await allMembers(session), session.signal)
      return
    }
    case 'network': {
      const { storeNetwork } = await import('../tiers/flannel/network.ts')
      await storeNetwork(session, step.network)
    }
  }
}
