/** Finds out what nodes don't show about Kubernetes: its CAs on the workstation, its API servers through SSH. */
import { hasKubernetes, type KubernetesCluster } from '../../kubernetes/kubernetes-cluster.ts'
import type { Hosts, TierSession } from '../../engine/tier.ts'
import { lookAtKubernetes } from '../../kubernetes/api-look.ts'
import { type Bundles, openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { leavesOf } from '../../kubernetes/certificates.ts'
import { leafFaults } from '../../kubernetes/faults.ts'
import type { Node } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { operatorsClient } from './client.ts'
import type { KubernetesTierFacts } from './facts.ts'
import { askedObjects } from './plan/in-cluster.ts'
import { startedMasters, withManifest } from './plan/masters.ts'

export async function observeKubernetes(
  session: TierSession,
  hosts: Hosts,
): Promise<KubernetesTierFacts | undefined> {
  const { cluster } = session
  if (!hasKubernetes(cluster)) return undefined
  const authorities = await openKubernetesAuthorities(session)
  const [bundles, sums] = await Promise.all([authorities.bundles(), authorities.sums()])
  const leaves = faultsOfAll(session, cluster, hosts, bundles)
  const servers = startedMasters(cluster, hosts)
  const ca = bundles?.kubernetes
  const [api, registry] = await Promise.all([
    servers.length === 0 || ca === undefined ? undefined : askApi(session, servers),
    withManifest(cluster, hosts).length > 0 ? undefined : storedIfAny(session, hosts, ca),
  ])
  return { ca, leaves, sums, api, registry }
}

function faultsOfAll(
  { now }: TierSession,
  cluster: KubernetesCluster,
  hosts: Hosts,
  bundles: Bundles | undefined,
): KubernetesTierFacts['leaves'] {
  // A request to an offline CA needs manual work: it is renewed only when an operator requests it.
  const renews = cluster.pki.authority.home !== 'offline'
  const common = { cluster, serverCa: bundles?.kubernetes, now: now(), renews }
  return Object.fromEntries(
    kubernetesNodes(cluster).map((node: Node) => {
      const states = hosts[node.name]?.services?.leaves ?? {}
      const faults = leavesOf(cluster, node).map((leaf) => {
        const judge = { ...common, ca: bundles?.[leaf.authority] }
        return [leaf.id, leafFaults(leaf, states[leaf.id], judge)] as const
      })
      return [node.name, Object.fromEntries(faults)]
    }),
  )
}

/** Before the first API server: whether etcd contains another Kubernetes, which the API server would use as its own. */
async function storedIfAny(
  session: TierSession,
  hosts: Hosts,
  ca: string | undefined,
): Promise<KubernetesTierFacts['registry']> {
  const runs = Object.values(hosts).some(({ member }) => member?.unit.active === 'active')
  if (!runs) return undefined
  const { storedBy } = await import('./observe-reset.ts')
  return await storedBy(session, ca)
}

async function askApi(session: TierSession, servers: readonly string[]): Promise<KubernetesTierFacts['api']> {
  const { cluster } = session
  if (!hasKubernetes(cluster)) return undefined
  await using clients = await operatorsClient(session)
  return await lookAtKubernetes({
    servers,
    connect: clients.connect,
    balancer: true,
    objects: askedObjects(cluster),
    now: session.now,
  })
}
