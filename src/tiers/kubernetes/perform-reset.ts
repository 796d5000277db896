/** Carries out what a reset does through the API, and in etcd. */
import * as z from 'zod'
import type { TierSession } from '../../engine/tier.ts'
import { QuorateError } from '../../errors.ts'
import type { ApiClient } from '../../kubernetes/api-client.ts'
import { isConflict, mayPass } from '../../kubernetes/api-failure.ts'
import { askFirst, readRegistry, removeRegistry } from '../../kubernetes/registry.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { oneLine } from '../../spec/visible.ts'
import { counted } from '../../spec/units.ts'
import { until } from '../../wait/until.ts'
import { operatorsClient } from './client.ts'
import { readyClient } from './perform.ts'

/** How long pods may take to end, in ms: most have 30 s. A PodDisruptionBudget may allow none of them to end. */
const DRAIN_MS = 90_000
const EVERY_MS = 500

const word = z.string().transform((text) => oneLine(text, 300))

const POD = z.looseObject({
  metadata: z.looseObject({
    name: word,
    namespace: word,
    annotations: z.record(z.string(), z.string()).default({}),
    ownerReferences: z.array(z.looseObject({ kind: z.string() })).default([]),
  }),
  status: z.looseObject({ phase: z.string().default('') }).prefault({}),
})
type Pod = z.infer<typeof POD>

/** The kubelet creates a static pod's mirror, and a DaemonSet's pod would return at once. */
const MIRROR = 'kubernetes.io/config.mirror'

function moves({ metadata, status }: Pod): boolean {
  const { annotations, ownerReferences } = metadata
  const hasEnded = status.phase === 'Succeeded' || status.phase === 'Failed'
  return (
    !Object.hasOwn(annotations, MIRROR) &&
    !ownerReferences.some(({ kind }) => kind === 'DaemonSet') &&
    !hasEnded
  )
}

/** Like `kubectl drain`. Pods that can't end in time are named in a warning: the operator chose to reset the node. */
export async function drain(session: TierSession, nodes: readonly string[]): Promise<void> {
  await using clients = await operatorsClient(session)
  const client = await readyClient(session, clients, nodes)
  for (const name of nodes)
    await client.patch({ kind: 'Node', name }, { spec: { unschedulable: true } }, 'merge')
  await until(
    async () => {
      const pods = (await Promise.all(nodes.map(async (name) => await podsOn(client, name)))).flat()
      if (pods.length === 0) return { found: undefined }
      await Promise.all(pods.map(async (pod) => await evict(client, pod)))
      return { missing: pods }
    },
    {
      ms: DRAIN_MS,
      everyMs: EVERY_MS,
      signal: session.signal,
      late: (pods, waited) => {
        const names = pods.slice(0, 10).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        const text = `after ${Math.round(waited / 1000)} s ${counted(pods.length, 'pod')} had not ended on ${nodes.join(', ')}, and ended with the node: ${names.join(', ')}`
        session.emit({ type: 'warning', text })
      },
    },
  )
}

async function podsOn(client: ApiClient, node: string): Promise<readonly Pod[]> {
  return (await client.list('Pod', POD, { fields: `spec.nodeName=${node}` })).filter(moves)
}

async function evict(client: ApiClient, { metadata: { name, namespace } }: Pod): Promise<void> {
  try {
    await client.evict({ name, namespace })
  } catch (error) {
    // A PodDisruptionBudget may allow it later.
    if (!mayPass(error) && !isConflict(error)) throw error
  }
}

export async function removeNodeObjects(session: TierSession, nodes: readonly string[]): Promise<void> {
  await using clients = await operatorsClient(session)
  const client = await readyClient(session, clients, nodes)
  for (const name of nodes) await client.delete({ kind: 'Node', name })
}

/** @throws QuorateError `etcd`; `blocked` if API servers at other addresses than these are running on it */
export async function removeObjects(session: TierSession, servers: readonly string[]): Promise<void> {
  const { cluster, signal } = session
  const clients = await session.members(etcdNodes(cluster))
  const found = await askFirst(clients, async (client) => ({
    client,
    ...(await readRegistry(client, undefined, signal)),
  }))
  if (found === undefined)
    throw new QuorateError('etcd', "no member of etcd answers: Kubernetes' keys stay in it", {
      hint: 'see what is wrong: quorate status; then run the same command again',
    })
  const others = found.servers.filter((address) => !servers.includes(address))
  if (others.length > 0)
    throw new QuorateError('blocked', `an API server uses /registry in etcd: ${others.join(', ')}`, {
      hint: 'stop it first; one that ended is forgotten after 15 s',
    })
  const removed = await removeRegistry(found.client, signal)
  session.emit({ type: 'note', text: `${counted(removed, 'key')} of Kubernetes removed from etcd` })
}
