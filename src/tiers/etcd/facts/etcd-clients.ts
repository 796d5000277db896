/** Services on the nodes that use etcd, as far as quorate knows them: they are stopped while its data is replaced. */
import { combineErrors } from '../../../errors.ts'
import { runAgent } from '../../../host/agent.ts'
import { RECOVER } from '../../../host/extensions.ts'
import type { Session } from '../session.ts'
import { onAll } from '../../../ssh/fleet.ts'

/** A known service that runs: `kube-apiserver.service`, `/etc/kubernetes/manifests/…`. */
export interface EtcdClient {
  readonly host: string
  readonly what: string
}

/**
 * Those on reachable nodes; the others are unknown.
 * @throws QuorateError of nodes that are reachable but can't be asked
 */
export async function runningEtcdClients(session: Session): Promise<readonly EtcdClient[]> {
  const { cluster, signal } = session
  const { results, errors } = await onAll(cluster.nodes, async (node) => {
    const run = { operations: [], looks: [['consumers']], extension: RECOVER, signal } as const
    return (await runAgent(await session.remote(node), run)).lines
  })
  const grave = errors.filter(({ code }) => code !== 'unreachable')
  if (grave.length > 0) throw combineErrors(grave)
  return results.flatMap(({ host, value }) => parseEtcdClients(host, value))
}

/** Lines like `running-unit NAME` and `running-manifest PATH`, among others. */
export function parseEtcdClients(host: string, lines: readonly string[]): readonly EtcdClient[] {
  return lines.flatMap((line) => {
    const what = /^running-\w+ (.*)$/.exec(line)?.[1]
    return what === undefined ? [] : [{ host, what }]
  })
}
