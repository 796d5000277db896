/** What speaks against restoring onto these machines: said before anything is touched. */
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

/** Certificates from a CA that is not here: a new one would shut out every client. */
function authorityReasons({ authority, hosts }: Observed): BlockReason[] {
  if (authority.bundle !== undefined) return []
  return Object.values(hosts)
    .filter(
      ({ member }) => member !== undefined && parsePin(member.contents[PATHS.clusterId] ?? '') !== undefined,
    )
    .map(({ name }) => ({
      host: name,
      message: 'it has certificates from a CA that is not here',
      hint: "put the cluster's state folder back where it was, or restore from a bundle, which has the CA's key: quorate restore BUNDLE --into FILE",
    }))
}

/** Members of the present cluster that the file does not name would go on with the old contents. */
function outsiderReasons(
  { cluster, without }: RestoreIntent,
  { cluster: facts, hosts }: Observed,
): BlockReason[] {
  if (facts === undefined || facts.members.length === 0) return []
  if (etcdNodes(cluster).every(({ name }) => hosts[name]?.underway !== undefined)) return []
  return rosterOf(cluster, facts.members, 0)
    .others.filter(({ name }) => !without.includes(name))
    .map(({ name, id }) => ({
      message: `${name === '' ? `the member ${id}` : name} is a member of the present cluster, and no node of the cluster file: it would go on with the old contents`,
      hint: 'put its node into the cluster file; or leave it out knowingly: --without NAME, after its etcd was stopped and disabled by hand',
    }))
}
