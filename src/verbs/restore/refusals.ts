/** Reasons not to restore onto these nodes, reported before any change. */
import { PATHS } from '../../host/state.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { foreignReasons } from '../../tiers/etcd/plan/foreign.ts'
import { foreignPathReasons } from '../../tiers/etcd/plan/ground.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { parsePin } from '../../tiers/etcd/facts/pin.ts'
import type { RestoreIntent } from './intent.ts'
import { weakCaReasons } from '../../tiers/etcd/plan/refusals.ts'
import { rosterOf } from '../../tiers/etcd/facts/membership-map.ts'
import { foreignClusterReasons } from '../../tiers/etcd/facts/situation.ts'
import type { BlockReason } from '../../engine/step.ts'
import { underwayReasons } from '../../engine/underway.ts'
import { versionRefusals } from '../../tiers/etcd/plan/version-refusals.ts'

export function restoreRefusals(intent: RestoreIntent, observed: Observed): readonly BlockReason[] {
  const { cluster } = intent
  return [
    ...underwayReasons(observed.hosts, 'restore'),
    ...foreignPathReasons(cluster, observed),
    ...foreignReasons(cluster, observed),
    ...foreignClusterReasons(cluster, observed),
    ...versionRefusals(cluster, observed),
    ...authorityReasons(observed),
    ...weakCaReasons(observed),
    ...outsiderReasons(intent, observed),
  ]
}

/** Certificates of a CA that is not on the workstation: a new CA would lock out every client. */
function authorityReasons({ authority, hosts }: Observed): BlockReason[] {
  if (authority.bundle !== undefined) return []
  return Object.values(hosts)
    .filter(
      ({ member }) => member !== undefined && parsePin(member.contents[PATHS.clusterId] ?? '') !== undefined,
    )
    .map(({ name }) => ({
      host: name,
      message: 'the certificates of the member are from a CA that was not found on this workstation',
      hint: "put the cluster's state directory back, or restore from a bundle, which contains the CA key: quorate restore BUNDLE --into FILE",
    }))
}

/** Members of the present cluster that the file doesn't list would continue with the old data. */
function outsiderReasons(
  { cluster, without }: RestoreIntent,
  { cluster: facts, hosts }: Observed,
): BlockReason[] {
  if (facts === undefined || facts.members.length === 0) return []
  if (etcdNodes(cluster).every(({ name }) => hosts[name]?.underway !== undefined)) return []
  return rosterOf(cluster, facts.members, 0)
    .others.filter(({ name }) => !without.includes(name))
    .map(({ name, id }) => ({
      message: `${name === '' ? `member ${id}` : name} is a member of the present cluster, but not in the cluster file: it would continue with the old data`,
      hint: 'add its node to the cluster file; or stop and disable its etcd by hand, then exclude it: --without NAME',
    }))
}
