/** The IDs that etcd gives a cluster and its initial members: known before any of them was started. */
import { createHash } from 'node:crypto'

/** Like etcd's `computeMemberId` (server/etcdserver/api/membership/member.go), for an initial member. */
function memberIdOf(peerUrls: readonly string[], token: string): bigint {
  return first8(createHash('sha1').update([...peerUrls].sort().join('') + token))
}

/**
 * The ID of a cluster with these initial members, after a bootstrap or a restored snapshot; hexadecimal, as etcdctl
 * prints it. Like etcd's `genID` (server/etcdserver/api/membership/cluster.go).
 *
 * @param peerUrls each member's peer URLs
 */
export function clusterIdOf(peerUrls: readonly (readonly string[])[], token: string): string {
  const ids = peerUrls.map((urls) => memberIdOf(urls, token)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const bytes = Buffer.alloc(8 * ids.length)
  for (const [index, id] of ids.entries()) bytes.writeBigUInt64BE(id, 8 * index)
  return first8(createHash('sha1').update(bytes)).toString(16)
}

function first8(hash: ReturnType<typeof createHash>): bigint {
  return hash.digest().readBigUInt64BE(0)
}
