/**
 * Chooses the DNS servers of pods that use their node's: CoreDNS is one of them, and forwards all names outside the
 * cluster. Pure.
 */
import type { NodeFacts } from '../host/node-facts.ts'
import type { Node } from '../spec/cluster.ts'
import { PLACES } from './places.ts'

export interface Resolver {
  /** For `resolvConf` of the kubelet's configuration. */
  readonly path: string
  /** What quorate writes to this path; undefined: the node already has it. */
  readonly content: string | undefined
}

/**
 * With systemd-resolved, /etc/resolv.conf is not usable: it names an address that means the pod itself, so CoreDNS
 * would forward to itself and end. CoreDNS also needs at least one server to start: if the node has none, it gets the
 * node's own address, where nothing answers.
 */
export function nodeResolver({ address }: Node, machine: Pick<NodeFacts, 'resolver'> | undefined): Resolver {
  const file = machine?.resolver
  if (file === null) return { path: PLACES.resolver, content: `nameserver ${address}\n` }
  return { path: file ?? '/etc/resolv.conf', content: undefined }
}
