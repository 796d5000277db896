/** Carries out one wave of steps: first those of the cluster as a whole, then every host's, all hosts at once. */
import type { Artifact } from '../artifacts/artifact.ts'
import { QuorateError, combineErrors } from '../errors.ts'
import { runAgent } from '../host/agent.ts'
import { looksFor, parseHostState } from '../host/observe.ts'
import type { HostState } from '../host/state.ts'
import { profileOf } from '../plan/certificates.ts'
import type { Observed } from '../plan/observed.ts'
import { type ClusterStep, type Step, isHostStep } from '../plan/steps.ts'
import { allowedNames } from '../pki/names.ts'
import type { IssueRequest } from '../pki/authority.ts'
import { etcdNodes } from '../spec/cluster.ts'
import { onAll } from '../ssh/fleet.ts'
import { awaitHealth } from './health.ts'
import type { Lock } from './lock.ts'
import { judge } from './observe.ts'
import { HostProgress } from './progress.ts'
import { type Session, allMembers } from './session.ts'

/**
 * @returns what things are like afterwards: every host that was worked on has been looked at again.
 * @throws QuorateError of the first failures, all hosts' together; what was done before stays done.
 */
export async function runWave(
  session: Session,
  lock: Lock,
  observed: Observed,
  steps: readonly Step[],
): Promise<Observed> {
  session.emit({ type: 'wave', steps })
  const signal = AbortSignal.any([session.signal, lock.lost])
  let verified = observed.cluster?.verified ?? false
  for (const step of steps) {
    if (isHostStep(step)) continue
    await timed(session, step, async () => await runClusterStep(session, step))
    if (step.kind === 'verify') verified = true
  }
  if (steps.some((step) => step.kind === 'key')) void import('../pki/signer.ts') // read while the hosts are at work; it is next
  const perHost = Map.groupBy(steps.filter(isHostStep), (step) => step.host)
  const [artifacts, certificates] = await Promise.all([
    obtainArtifacts(session, steps),
    issueCertificates(session, observed, steps),
  ])
  const bundle =
    certificates.size > 0 || steps.some((step) => step.kind === 'ca')
      ? await (await session.authority()).chain(signal)
      : undefined
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
      const { lines } = await runAgent(remote, {
        operations: [['fence', lock.token], ...progress.operations],
        looks: looksFor(session.cluster, node),
        signal,
        onDone: (operation) => progress.done(operation - 1),
      })
      return parseHostState(node.name, node.roles.includes('etcd'), lines)
    } catch (error) {
      progress.failed(error)
      throw error
    }
  })
  if (errors.length > 0) throw combineErrors(errors)
  const hosts = { ...observed.hosts, ...Object.fromEntries(results.map(({ host, value }) => [host, value])) }
  return await judge(session, hosts, verified)
}

async function runClusterStep(session: Session, step: ClusterStep): Promise<void> {
  switch (step.kind) {
    case 'authority':
      await (await session.authority()).chain(session.signal)
      return
    case 'await-health':
      await awaitHealth(session)
      return
    case 'verify': {
      const { verifyCluster } = await import('../etcd/verify.ts')
      await verifyCluster(await allMembers(session), session.signal)
      return
    }
    case 'network': {
      const { storeNetwork } = await import('./network.ts')
      await storeNetwork(session, step.network)
    }
  }
}

async function obtainArtifacts(
  session: Session,
  steps: readonly Step[],
): Promise<ReadonlyMap<string, Artifact>> {
  const architectures = new Set(
    steps.flatMap((step) => (step.kind === 'binaries' ? [step.architecture] : [])),
  )
  if (architectures.size === 0) return new Map()
  const { obtainEtcd } = await import('../artifacts/obtain.ts')
  const { cluster, cacheDirectory, signal, emit } = session
  const artifacts = new Map<string, Artifact>()
  for (const architecture of architectures) {
    if (architecture === 'other')
      throw new QuorateError('artifact', 'there is no etcd for this processor architecture')
    const context = {
      cacheDirectory,
      signal,
      emit: ({ text, doneBytes, totalBytes }: { text: string; doneBytes?: number; totalBytes?: number }) =>
        emit({ type: 'artifact', text, doneBytes, totalBytes }),
    }
    artifacts.set(architecture, await obtainEtcd(cluster.etcd, architecture, context))
  }
  return artifacts
}

/** All requests of the wave are signed at once: where the CA is another machine, that is one round trip. */
async function issueCertificates(
  session: Session,
  observed: Observed,
  steps: readonly Step[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const wanted = steps.flatMap((step) =>
    step.kind === 'certificates' ? step.names.map((name) => ({ host: step.host, name })) : [],
  )
  if (wanted.length === 0) return new Map()
  const requests = wanted.map(({ host, name }): IssueRequest => {
    const node = etcdNodes(session.cluster).find((candidate) => candidate.name === host)
    const csrPem = observed.hosts[host]?.member?.tls.pending[name]?.csr
    if (node === undefined || csrPem === undefined)
      throw new TypeError(`no request for ${name}.crt waits on ${host}`)
    return {
      csrPem,
      profile: profileOf(name),
      allowed: allowedNames(node),
      days: session.cluster.pki.days,
      subjectCommonName: host,
    }
  })
  const authority = await session.authority()
  const issued = await authority.issueMany(requests, session.signal)
  const byHost = new Map<string, Record<string, string>>()
  for (const [index, { pem, warnings }] of issued.entries()) {
    const { host, name } = wanted[index] ?? { host: '', name: 'etcd' }
    for (const text of warnings) session.emit({ type: 'warning', host, text })
    byHost.set(host, { ...byHost.get(host), [name]: pem })
  }
  return byHost
}

async function timed(session: Session, step: Step, work: () => Promise<void>): Promise<void> {
  const started = performance.now()
  session.emit({ type: 'step-started', step })
  try {
    await work()
  } catch (error) {
    session.emit({
      type: 'step-failed',
      step,
      message: error instanceof Error ? error.message : String(error),
    })
    throw error
  }
  session.emit({ type: 'step-done', step, durationMs: performance.now() - started })
}
