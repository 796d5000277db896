/**
 * What the cluster file asks for that this planner does not do to a running member: anything that needs a restart.
 * It says so before it touches anything, rather than leaving files that a later restart would quietly put in force.
 */
import { parseEnvironmentFile } from '../etcd/environment-file.ts'
import { refuseChange, unsafeChanges } from '../flannel/change.ts'
import { type MemberState, PATHS } from '../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../spec/cluster.ts'
import { certificateNames } from './certificates.ts'
import type { Observed } from './observed.ts'
import { type OpenSituation, memberFiles } from './prepare.ts'
import type { BlockReason } from './steps.ts'

const NOT_YET =
  'restarting members one by one is not offered yet: put the cluster file back as it was. If it is /etc/etcd/options.env that was changed by hand, put that back and restart its member, one at a time'

export function refusals(
  cluster: Cluster,
  observed: Observed,
  situation: OpenSituation,
): readonly BlockReason[] {
  const members = etcdNodes(cluster).flatMap((node) => {
    const state = observed.hosts[node.name]?.member
    if (state === undefined) return []
    const version = versionReasons(cluster, node, state)
    if (state.unit.environment === undefined) return version
    return [
      ...settingReasons(cluster, node, state, state.unit.environment, situation),
      ...version,
      ...authorityReasons(cluster, node, observed),
    ]
  })
  return [...members, ...networkReasons(cluster, observed)]
}

/** What flannel's nodes must agree on does not change under them. */
function networkReasons(cluster: Cluster, observed: Observed): BlockReason[] {
  const { network } = cluster
  const stored = observed.network
  if (network === undefined || stored === undefined || stored.leases.length === 0) return []
  const changes = unsafeChanges(stored.v3, network.config)
  if (changes.length === 0) return []
  const names = new Map(cluster.nodes.map((node) => [node.address, node.name]))
  const { message, hint } = refuseChange(changes, stored.leases, network.prefix, names)
  return [{ message, hint }]
}

/** Settings that the running process was started with against those it should have. */
function settingReasons(
  cluster: Cluster,
  node: Node,
  state: MemberState,
  running: Readonly<Record<string, string>>,
  situation: OpenSituation,
): BlockReason[] {
  const file = memberFiles(cluster, node, situation).find(({ path }) => path === PATHS.environment)
  const wanted = parseEnvironmentFile(file?.content ?? '')
  const names = new Set([
    ...Object.keys(wanted),
    ...Object.keys(running).filter((name) => name.startsWith('ETCD_')),
  ])
  const differing = [...names]
    // Once a member has a WAL these are ignored; they differ for good reason after the first start.
    .filter((name) => !name.startsWith('ETCD_INITIAL_CLUSTER'))
    .filter((name) => (wanted[name] ?? '') !== (running[name] ?? ''))
  if (differing.length === 0 || state.unit.active === 'inactive') return []
  const changes = differing.map((name) => `${name} from '${running[name] ?? ''}' to '${wanted[name] ?? ''}'`)
  return [
    {
      host: node.name,
      message: `changing ${changes.join(', ')} needs a restart of its member`,
      hint: NOT_YET,
    },
  ]
}

/** Data that one version wrote is not handed to another, even by a member that is stopped. */
function versionReasons(cluster: Cluster, node: Node, state: MemberState): BlockReason[] {
  const installed = state.binaries['etcd']?.version
  const { version } = cluster.etcd
  const runs = state.unit.environment !== undefined
  if (!runs && !state.dataPresent && !state.walPresent) return []
  // A binary that somebody replaced (no version noted) is put back: the running process keeps the one it was started from.
  if (installed === undefined || installed === version) return []
  const message = `etcd ${installed} is installed${runs ? ' and runs' : ''} there, the cluster file asks for ${version}`
  return [{ host: node.name, message, hint: 'upgrading is not offered yet: put the version back' }]
}

/** Certificates are read anew for each handshake, but the CA only at the start. */
function authorityReasons(cluster: Cluster, node: Node, observed: Observed): BlockReason[] {
  const faults = certificateNames(cluster).flatMap((name) => observed.certificates[node.name]?.[name] ?? [])
  if (observed.authority.bundle !== undefined && !faults.some((fault) => fault.code === 'issuer')) return []
  return [
    {
      host: node.name,
      message:
        observed.authority.bundle === undefined
          ? 'its certificate is from a CA that is not here: the key of the CA, or the folder where quorate keeps it, is lost'
          : 'its certificate is from another CA than the one the cluster file names',
      hint: 'put the CA back in its place. Changing the CA of a running cluster is not offered yet',
    },
  ]
}
