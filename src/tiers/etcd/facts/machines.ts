/** Looks at machines alone, without asking etcd or a CA: for verbs that must work where those don't. */
import type { HostState } from '../../../host/state.ts'
import { lookAtHost } from './observe.ts'
import type { Session } from '../session.ts'
import type { Node } from '../../../spec/cluster.ts'
import { type HostOutcomes, onAll } from '../../../ssh/fleet.ts'

/** In one round trip each, all at once; a machine that can't be looked at is among the errors. */
export async function lookAt(session: Session, nodes: readonly Node[]): Promise<HostOutcomes<HostState>> {
  session.emit({ type: 'looking', hosts: nodes.map(({ name }) => name) })
  return await onAll(nodes, async (node) => await lookAtHost(session, node))
}
