/** A session on a cluster that is not adopted yet: queries each member on its node, with its own certificate. */
import { ETCD_STEPS } from '../../tiers/etcd/steps/kinds.ts'
import type { Found } from '../../adopt/visit.ts'
import { QuorateError } from '../../errors.ts'
import type { NameMembers } from '../../etcd/listed-member.ts'
import { namedByNodes } from '../../etcd/member-names.ts'
import type { Emit } from '../../engine/events.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import type { Fleet } from '../../ssh/fleet.ts'

export interface ForeignOptions {
  readonly cluster: Cluster
  /** By node name. */
  readonly found: ReadonlyMap<string, Found>
  /** PEM of the CA that the members trust, including its issuers. */
  readonly bundle: string
  readonly fleet: Fleet
  readonly emit: Emit
  readonly signal: AbortSignal
  readonly now: () => Date
}

/**
 * For inspecting, locking and writing only: it issues no certificate. The caller closes the connections that it passed
 * in.
 */
export function foreignSession(options: ForeignOptions): Session {
  const { cluster, bundle, fleet, emit, signal, now } = options
  const of = (node: Node): Found => {
    const found = options.found.get(node.name)
    if (found === undefined) throw new TypeError(`${node.name} was not found`)
    return found
  }
  const named: NameMembers = (members) => namedByNodes(cluster, members)
  return {
    cluster,
    emit,
    signal,
    now,
    cacheDirectory: '',
    askPassphrase: notNow,
    fleet,
    steps: ETCD_STEPS,
    hasOperated: false,
    remote: async (node) => of(node).remote,
    tunnel: async (node) => of(node).bridge.grpc,
    authority: notNow,
    kubernetesAuthorities: notNow,
    bundle: async () => bundle,
    endpoint: async (node) => ({
      name: node.name,
      // Connections other than the members' clients go to etcd's v2 API.
      target: { socketPath: of(node).bridge.http },
      identity: node.address,
      tls: undefined,
    }),
    credentials: notNow,
    refresh: async () => undefined,
    prepareOperator: notNow,
    members: async (nodes) => nodes.map((node) => ({ ...of(node).client, name: node.name, named })),
    outsider: notNow,
    recorderClients: notNow,
    found: () => undefined,
    pace: { last: undefined },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

async function notNow(): Promise<never> {
  throw new QuorateError('pki', 'nothing is issued for a cluster before it is adopted')
}
