/** Collects what `status` reports about Kubernetes: only from the API servers, each directly and through the balancer. */
import type { TierReport, TierSession } from '../../engine/tier.ts'
import { QuorateError } from '../../errors.ts'
import { lookAtKubernetes } from '../../kubernetes/api-look.ts'
import { openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { nodesWith } from '../../spec/cluster.ts'
import { type Clients, operatorsClient } from './client.ts'
import { kubernetesReport } from './report.ts'

/** Never throws for a server that doesn't answer, or if there are no credentials. */
export async function statusOfKubernetes(session: TierSession): Promise<TierReport | undefined> {
  const { cluster, now } = session
  const clients = operators(session)
  // Each server's state reports it.
  clients.catch(() => undefined)
  try {
    const facts = await lookAtKubernetes({
      servers: nodesWith(cluster, 'master').map(({ name }) => name),
      connect: async (server) => await (await clients).connect(server),
      balancer: true,
      now,
    })
    return kubernetesReport(cluster, facts)
  } finally {
    await closed(clients)
  }
}

/** @throws QuorateError `pki` if this workstation has set up nothing yet: observing creates no CA */
async function operators(session: TierSession): Promise<Clients> {
  const authorities = await openKubernetesAuthorities(session)
  if ((await authorities.bundles()) !== undefined) return await operatorsClient(session)
  throw new QuorateError('pki', "no API server was asked: Kubernetes' CA not found on this workstation", {
    hint: 'quorate apply sets Kubernetes up; or it was set up from another state directory',
  })
}

async function closed(clients: Promise<Clients>): Promise<void> {
  try {
    await (await clients)[Symbol.asyncDispose]()
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error
  }
}
