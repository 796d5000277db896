/** Where pods that use their node's own DNS find it: CoreDNS is one, and asks there for all that is not the cluster's. Pure. */
import type { NodeFacts } from '../host/node-facts.ts'
import type { Node } from '../spec/cluster.ts'
import { PLACES } from './places.ts'

export interface Resolver {
  /** For `resolvConf` of the kubelet's configuration. */
  readonly path: string
  /** What quorate is to write there; undefined: the machine has it. */
  readonly content: string | undefined
}

/**
 * Of a machine with systemd-resolved it is not /etc/resolv.conf, which names an address that a pod has itself: CoreDNS would ask
 * itself, and end. Nor does it start where no server is named: then it is given the node's own address, where nobody answers.
 */
export function nodeResolver({ address }: Node, machine: Pick<NodeFacts, 'resolver'> | undefined): Resolver {
  const file = machine?.resolver
  if (file === null) return { path: PLACES.resolver, content: `nameserver ${address}\n` }
  return { path: file ?? '/etc/resolv.conf', content: undefined }
}
