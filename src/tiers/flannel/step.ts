/** flannel's network configuration, stored in the cluster's etcd. */
import type { StepCommon } from '../../engine/step.ts'
import type { FlannelNetwork } from '../../spec/cluster.ts'
import type { ClusterKinds } from '../etcd/guest.ts'
import { renderConfig } from '../../flannel/config.ts'

export interface NetworkStep extends StepCommon {
  readonly kind: 'network'
  readonly network: FlannelNetwork
  /** The stored configuration; undefined: none. */
  readonly before: string | undefined
}

export const NETWORK: ClusterKinds<NetworkStep> = {
  network: {
    action: 'made',
    predict: (_cluster, before, { network }) => {
      const text = renderConfig(network.config)
      const { v2, leases = [] } = before.network ?? {}
      return { ...before, network: { v3: text, v2: network.v2 ? text : v2, leases } }
    },
    perform: async (session, _observed, { network }) => {
      const { storeNetwork } = await import('../../flannel/network.ts')
      await storeNetwork(session, network)
    },
    simulate: (cluster, { network }) => cluster.storeNetwork(renderConfig(network.config)),
  },
}
