/** flannel's configuration in this cluster's etcd, through whichever member answers. */
import type { NetworkFacts } from '../plan/observed.ts'
import type { FlannelNetwork, Node } from '../spec/cluster.ts'
import type { Session } from './session.ts'

export async function readStoredNetwork(
  _session: Session,
  _network: FlannelNetwork,
  _running: readonly Node[],
): Promise<NetworkFacts | undefined> {
  return undefined
}

export async function storeNetwork(_session: Session, _network: FlannelNetwork): Promise<void> {
  throw new Error('not yet')
}
