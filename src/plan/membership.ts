/** What of the cluster's membership can't be told, or can't be changed, so that nothing may be done at all. */
import { peerUrl } from '../etcd/configuration.ts'
import { type Cluster, etcdNodes } from '../spec/cluster.ts'
import type { Observed } from './observed.ts'
import { tolerance } from './quorum.ts'
import type { BlockReason } from './steps.ts'

export function membershipReasons(
  cluster: Cluster,
  observed: Observed,
  situation: { readonly kind: string },
  /** Of the nodes' options files, any order. */
  environments: readonly Readonly<Record<string, string>>[],
): BlockReason[] {
  if (situation.kind === 'established') {
    const answers = observed.cluster !== undefined && observed.cluster.members.length > 0
    return answers ? [] : movedNodes(cluster, knownPeers(environments))
  }
  // A cluster that is just being formed has the members it was begun with, and no others.
  const wanted = new Set(etcdNodes(cluster).map((node) => node.name))
  const present = (observed.cluster?.members ?? []).map((member) => member.name).filter(Boolean)
  return present
    .filter((name) => !wanted.has(name))
    .map((name) => ({
      message: `the cluster that is being formed has the member ${name}, which the cluster file does not name as an etcd node`,
      hint: 'put the node back into the file, and take it out again when the cluster is healthy',
    }))
}

/** `name=peer URL` of every member, as the options files remember them. */
function knownPeers(environments: readonly Readonly<Record<string, string>>[]): ReadonlySet<string> {
  return new Set(environments.flatMap((environment) => environment['ETCD_INITIAL_CLUSTER']?.split(',') ?? []))
}

/**
 * Members look for each other where they last were. Nobody answers: so many at new addresses would never find together,
 * and without a quorum nobody can be told where they are now.
 */
function movedNodes(cluster: Cluster, peers: ReadonlySet<string>): BlockReason[] {
  const nodes = etcdNodes(cluster)
  const moved = nodes.flatMap((node) => {
    const wanted = peerUrl(cluster, node)
    const known = [...peers].filter((peer) => peer.startsWith(`${node.name}=`))
    if (known.length === 0 || known.includes(`${node.name}=${wanted}`)) return []
    const urls = known.map((peer) => peer.slice(node.name.length + 1)).join(', ')
    return [
      {
        host: node.name,
        message: `its peers know it as ${urls}, the cluster file makes it ${wanted}, and no member runs that could be told`,
        hint: 'start the cluster at its old addresses first (put the file back and apply), then move one member at a time',
      },
    ]
  })
  return nodes.length > 1 && moved.length > tolerance(nodes.length) ? moved : []
}
