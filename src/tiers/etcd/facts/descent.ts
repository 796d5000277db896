/**
 * Members that go back to the previous minor. While the cluster version has not risen, they do so directly. Once it
 * has, etcd's downgrade converts every member's data before the first older binary starts.
 */
import { compareMinors, minorIn } from '../../../etcd/minor.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import type { ApplyIntent } from '../plan/intent.ts'
import type { Observed } from './observed.ts'
import { presentVersion } from './present-version.ts'

export type Descent =
  /** No member runs a newer minor than the wanted one. */
  | { readonly kind: 'none' }
  /** A partial upgrade: a member of the older minor runs, so the cluster version is still the older one. */
  | { readonly kind: 'simple' }
  /** The cluster version is the newer minor, or about to be. */
  | {
      readonly kind: 'downgrade'
      /** The wanted minor. */
      readonly target: string
      readonly enabled: boolean
      /** Members of the newer minor whose data is not known to be in the older format. */
      readonly unconverted: readonly string[]
    }

export function descentOf({ cluster }: Pick<ApplyIntent, 'cluster'>, observed: Observed): Descent {
  const target = minorIn(cluster.etcd.version) ?? ''
  const facts = observed.cluster
  const nodes = etcdNodes(cluster).map(({ name }) => name)
  const minor = (host: string) => minorIn(presentVersion(observed, host) ?? '')
  const newer = nodes.filter((host) => compareMinors(minor(host) ?? target, target) > 0)
  if (newer.length === 0) return { kind: 'none' }
  const enabled = facts?.downgrade === target
  const unconverted = newer.filter((host) => facts?.storage?.[host] !== target)
  if (enabled) return { kind: 'downgrade', target, enabled, unconverted }
  // If no member answers, a node with the older binary proves that the cluster version never rose.
  const answering = facts === undefined ? nodes : nodes.filter((host) => facts.versions[host] !== undefined)
  if (answering.some((host) => !newer.includes(host) && minor(host) !== undefined)) return { kind: 'simple' }
  return { kind: 'downgrade', target, enabled, unconverted }
}

/** Its member needs etcd's downgrade first: if stopped, it starts with the installed version to convert its data. */
export function goesDown(cluster: Cluster, observed: Observed, host: string): boolean {
  const state = observed.hosts[host]?.member
  // Without data there is nothing to convert: it gets the version of the cluster file.
  if (state === undefined || (!state.dataPresent && !state.walPresent)) return false
  if (descentOf({ cluster }, observed).kind !== 'downgrade') return false
  const minor = minorIn(presentVersion(observed, host) ?? '')
  return minor !== undefined && compareMinors(minor, minorIn(cluster.etcd.version) ?? minor) > 0
}
