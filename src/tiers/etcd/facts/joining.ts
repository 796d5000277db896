/** The nodes still to join: their requirements are checked before anything is changed for them. */
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { Observed } from './observed.ts'
import { isNeverStarted, rosterOf } from './membership-map.ts'

/** Names of etcd nodes that the cluster does not list as started, and on which no etcd runs; empty without a cluster. */
export function newcomersIn(cluster: Cluster, { hosts, cluster: facts }: Observed): ReadonlySet<string> {
  if (facts === undefined || facts.members.length === 0) return new Set()
  const { members } = rosterOf(cluster, facts.members, 0)
  const joins = (name: string) => {
    const member = members.get(name)
    return (member === undefined || isNeverStarted(member)) && hosts[name]?.member?.unit.active !== 'active'
  }
  return new Set(etcdNodes(cluster).flatMap(({ name }) => (joins(name) ? [name] : [])))
}
