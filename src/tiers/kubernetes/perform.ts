/** Carries out the steps of Kubernetes that use its API, through any control-plane node whose API server is ready. */
import { hasKubernetes, type KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import type { TierSession } from '../../engine/tier.ts'
import { QuorateError } from '../../errors.ts'
import type { ApiClient } from '../../kubernetes/api-client.ts'
import type { KubernetesFacts } from '../../kubernetes/api-facts.ts'
import { ApiRefusal, isConflict, isForbidden, mayPass } from '../../kubernetes/api-failure.ts'
import { imageNames } from '../../kubernetes/image-names.ts'
import { lookAtKubernetes } from '../../kubernetes/api-look.ts'
import type { ApiObject } from '../../kubernetes/api-objects.ts'
import { openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { nodePatch } from '../../kubernetes/objects/node-settings.ts'
import { putObject } from '../../kubernetes/objects/put.ts'
import { nodesWith } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { until } from '../../wait/until.ts'
import { BalancerWatch } from './balancer-watch.ts'
import { type Clients, mastersClient, operatorsClient } from './client.ts'
import { provenObject, wantedSettings } from './plan/in-cluster.ts'
import { crowdedDns, lacking } from './plan/unready.ts'
import type { AwaitStep } from './step.ts'
import { watchPods } from './watch-pods.ts'

/** How long a control plane may take to start, in ms: images may have to be pulled, nodes may be slow. */
const API_MS = 10 * 60_000
const NODES_MS = 10 * 60_000
/** Right after its start, an API server may report that it is ready and still refuse a request. */
const SETTLING_MS = 180_000
const EVERY_MS = 500

export async function makeAuthorities(session: TierSession): Promise<void> {
  await (await openKubernetesAuthorities(session)).make()
}

export async function applyObjects(session: TierSession, objects: readonly ApiObject[]): Promise<void> {
  await using operators = await operatorsClient(session)
  const apply = async (client: ApiClient) => {
    for (const object of objects) await putObject(client, object)
  }
  await settled(session, async () => {
    try {
      await apply(await readyClient(session, operators))
    } catch (error) {
      if (!isForbidden(error)) throw error
      // The operator's group has no bindings yet.
      await using masters = await mastersClient(session)
      await apply(await readyClient(session, masters))
    }
  })
}

/** @throws QuorateError if a node has changed too often in between */
export async function setNodes(session: TierSession, names: readonly string[]): Promise<void> {
  const cluster = requireKubernetes(session)
  await using clients = await operatorsClient(session)
  await settled(session, async () => {
    const { held } = await look(session, clients)
    if (held === undefined) throw new QuorateError('kubernetes', 'no API server says what it holds')
    const client = await clients.connect(held.from)
    for (const node of kubernetesNodes(cluster).filter(({ name }) => names.includes(name))) {
      const present = held.nodes[node.name]
      const patch = present && nodePatch(wantedSettings(cluster, node), present)
      if (patch !== undefined) await client.patch({ kind: 'Node', name: node.name }, patch, 'merge')
    }
  })
}

export async function awaitMilestone(session: TierSession, step: AwaitStep): Promise<void> {
  const cluster = requireKubernetes(session)
  await using clients = await operatorsClient(session)
  const balancer = new BalancerWatch(cluster, session)
  const asked = kubernetesNodes(cluster).filter(({ name }) => step.nodes.includes(name))
  const pods = watchPods(session, step.milestone === 'api' ? asked : kubernetesNodes(cluster), () =>
    performance.now(),
  )
  await until(
    async () => {
      const api = await look(session, clients, step.milestone !== 'api')
      const left = lacking(cluster, api, step)
      if (left.length === 0) return { found: undefined }
      balancer.see(api, left)
      if (step.milestone === 'nodes') await spreadDns(cluster, api, clients)
      await pods.look()
      return { missing: [...left, ...pods.troubles()] }
    },
    {
      ms: step.milestone === 'nodes' ? NODES_MS : API_MS,
      everyMs: EVERY_MS,
      signal: session.signal,
      late: (left, waited) => {
        throw new QuorateError(
          'kubernetes',
          `after ${Math.round(waited / 1000)} s Kubernetes is not as it should be: ${left.join('; ')}`,
          {
            hint: 'read on that node journalctl -u kubelet -n 50, and the logs of its pods in /var/log/pods; then rerun quorate apply to continue',
          },
        )
      },
    },
  )
}

/** Ends a pod of CoreDNS that shares a control-plane node with another, while a control-plane node has none. */
async function spreadDns(
  cluster: KubernetesCluster,
  { held }: KubernetesFacts,
  { connect }: Clients,
): Promise<void> {
  const pod = held && crowdedDns(cluster, held)
  if (held === undefined || pod === undefined) return
  const client = await connect(held.from)
  try {
    await client.evict({ name: pod.name, namespace: 'kube-system' })
  } catch (error) {
    // A PodDisruptionBudget may allow it later.
    if (!mayPass(error)) throw error
  }
}

/** @throws QuorateError `unhealthy` with everything that doesn't work */
export async function prove(session: TierSession, of: string): Promise<void> {
  const cluster = requireKubernetes(session)
  const { describeProgress, proofError, proveCluster } = await import('../../kubernetes/proof.ts')
  // Test objects are removed even after the signal.
  await using clients = await operatorsClient({ ...session, signal: NEVER })
  const client = await clients.connect(undefined)
  const report = await proveCluster({
    client,
    nodes: nodesWith(cluster, 'worker').map(({ name }) => name),
    image: imageNames(cluster.kubernetes).probe,
    dnsDomain: cluster.kubernetes.dnsDomain,
    signal: session.signal,
    emit: (progress) => {
      const isShown = progress.done === progress.total || progress.stage === 'removing'
      if (isShown) session.emit({ type: 'note', text: describeProgress(progress) })
    },
  })
  if (report.left !== undefined)
    session.emit({
      type: 'warning',
      text: `the namespace ${report.left} of the proof is still being removed`,
    })
  const error = proofError(report)
  if (error !== undefined) throw error
  await client.apply(provenObject(of), { force: true })
}

const NEVER = new AbortController().signal

function requireKubernetes({ cluster }: TierSession): KubernetesCluster {
  if (!hasKubernetes(cluster)) throw new TypeError('a step of Kubernetes for a cluster without it')
  return cluster
}

async function look(
  { cluster, now }: TierSession,
  { connect }: Clients,
  balancer = false,
): Promise<KubernetesFacts> {
  const servers = nodesWith(cluster, 'master').map(({ name }) => name)
  return await lookAtKubernetes({ servers, connect, balancer, now })
}

/**
 * The client of the first control-plane node, in the file's order, whose API server is ready. @param without names of
 * those that are not asked
 */
export async function readyClient(
  { cluster }: TierSession,
  { connect }: Clients,
  without: readonly string[] = [],
): Promise<ApiClient> {
  const problems: string[] = []
  let cause: unknown
  for (const { name } of nodesWith(cluster, 'master').filter((one) => !without.includes(one.name))) {
    try {
      const client = await connect(name)
      const { ready } = await client.readyz()
      if (ready) return client
      cause ??= new ApiRefusal(503, undefined, 'not ready')
      problems.push(`${name} is not ready`)
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      if (cause === undefined || isForbidden(error)) cause = error
      problems.push(error.message)
    }
  }
  // The cause shows callers whether the failure may be temporary, or whether a server answers but grants no access yet.
  throw new QuorateError('kubernetes', `no API server is ready: ${problems.join('; ')}`, { cause })
}

/**
 * Retries temporary failures for a while: a server that just started, an object that another client changed at the same
 * time.
 */
async function settled(session: TierSession, work: () => Promise<void>): Promise<void> {
  await until(
    async () => {
      try {
        await work()
        return { found: undefined }
      } catch (error) {
        if (!mayPass(error) && !isConflict(error)) throw error
        return { missing: error }
      }
    },
    {
      ms: SETTLING_MS,
      everyMs: EVERY_MS,
      signal: session.signal,
      late: (error) => {
        throw error
      },
    },
  )
}
