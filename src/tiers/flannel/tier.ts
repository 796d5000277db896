/** flannel's network: its configuration is in etcd, where every node's flanneld reads it. */
import type { Guest } from '../etcd/guest.ts'
import { networkReasons, networkSteps } from './plan.ts'
import { NETWORK, type NetworkStep } from './step.ts'

export const flannel: Guest<NetworkStep> = {
  name: 'flannel',
  kinds: NETWORK,
  refusals: networkReasons,
  steps: networkSteps,
}
