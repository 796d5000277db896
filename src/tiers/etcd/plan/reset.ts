/** What `reset` does on each node, decided from the observed state: a pure function, like the planner. */
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { type HostState, type MemberState, PATHS } from '../../../host/state.ts'
import type { Cluster } from '../../../spec/cluster.ts'
import { type Pin, parsePin, runElsewhere } from '../facts/pin.ts'
import { withinOf } from './aside.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { ResetStep } from '../steps/steps.ts'

export interface ResetIntent {
  readonly cluster: Cluster
  /** Names of the nodes to reset. */
  readonly hosts: readonly string[]
  /** Deletes data of this cluster instead of renaming it. */
  readonly purge: boolean
  /** Renamed files are called `PATH.SUFFIX`. */
  readonly suffix: string
  /** Names of nodes that are not members (any more), as reported by the cluster. */
  readonly removed?: readonly string[] | undefined
}

export interface ResetPlan {
  /** Each node's steps in order; empty: nothing to reset. */
  readonly steps: readonly ResetStep[]
  /** Why it is refused; empty: it is allowed. */
  readonly blocked: readonly BlockReason[]
}

/** Where keys and requests are stored; `PATHS.tls` is a link into it. */
const TLS_STORE = '/etc/ssl/etcd.d'

export function planReset(intent: ResetIntent, hosts: Readonly<Record<string, HostState>>): ResetPlan {
  const states = intent.hosts.map((host) => {
    const member = hosts[host]?.member
    if (member === undefined) throw new TypeError(`${host} was not observed as a member`)
    return { host, member }
  })
  const blocked = states.flatMap(({ host, member }) => refusals(intent, host, member))
  if (blocked.length > 0) return { steps: [], blocked }
  return { steps: states.flatMap(({ host, member }) => resetSteps(intent, host, member)), blocked: [] }
}

/** Whether this node has a member of the cluster, running or not; a node with foreign data has none. */
function isOurs(cluster: Cluster, member: MemberState): boolean {
  const environment = parseEnvironmentFile(member.contents[PATHS.environment] ?? '')
  return environment['ETCD_INITIAL_CLUSTER_TOKEN']?.startsWith(`${cluster.name}-`) ?? false
}

function pinOf(member: MemberState): Pin | undefined {
  return parsePin(member.contents[PATHS.clusterId] ?? '')
}

function refusals(
  { cluster, hosts, removed }: ResetIntent,
  host: string,
  member: MemberState,
): BlockReason[] {
  const { cluster: pinned, runBy } = pinOf(member) ?? {}
  if (pinned === cluster.name && runBy !== undefined) return [runElsewhere(host, runBy)]
  const ours = isOurs(cluster, member)
  if (pinned !== undefined && pinned !== cluster.name) {
    const message = `node belongs to cluster '${pinned}', not to '${cluster.name}'`
    return [{ id: 'node-of-another-cluster', host, message, hint: "reset it with that cluster's file" }]
  }
  if (!ours && isActive(member)) {
    const message = `another etcd, not set up by quorate, runs as ${member.unit.path || 'etcd.service'}`
    return [
      {
        id: 'another-etcd-runs',
        host,
        message,
        hint: 'if it is not needed, stop and disable it by hand first',
      },
    ]
  }
  const whole = cluster.nodes
    .filter(({ roles }) => roles.includes('etcd'))
    .every(({ name }) => hosts.includes(name))
  const hasData = member.dataPresent || member.walPresent
  const left = removed?.includes(host) ?? false
  if (!whole && !left && (pinned !== undefined || (ours && (hasData || isActive(member))))) {
    return [
      {
        host,
        message: `node is a member of cluster '${cluster.name}': without its data it could not come back`,
        hint: `remove it from the cluster, which also stops etcd and renames its data: quorate member remove ${host}; or reset the whole cluster: quorate reset`,
      },
    ]
  }
  return []
}

function isActive({ unit }: MemberState): boolean {
  return unit.active === 'active' || unit.active === 'activating'
}

/** What is left to do on one node, allowed or not. */
export function resetSteps(intent: ResetIntent, host: string, member: MemberState): ResetStep[] {
  const ours = isOurs(intent.cluster, member)
  const unitFile = member.contents[PATHS.unit] !== undefined
  return [
    ...stopStep(host, member),
    ...dataSteps(intent, host, member, ours),
    ...tlsStep(intent, host, member),
    ...settingsStep(host, member),
    ...(unitFile
      ? [
          {
            kind: 'reload' as const,
            host,
            what: 'reload systemd units (daemon-reload)',
            why: 'the unit was removed',
            danger: 'none' as const,
          },
        ]
      : []),
  ]
}

function stopStep(host: string, { unit }: MemberState): ResetStep[] {
  const states = [...(unit.active === 'inactive' ? [] : [unit.active]), ...(unit.enabled ? ['enabled'] : [])]
  if (!unit.exists || states.length === 0) return []
  const what = 'stop and disable etcd.service'
  return [
    {
      kind: 'stop',
      host,
      unit: 'etcd.service',
      what,
      why: `it is ${states.join(' and ')}`,
      danger: 'membership',
    },
  ]
}

function dataSteps(intent: ResetIntent, host: string, member: MemberState, ours: boolean): ResetStep[] {
  const { dataDirectory, walDirectory } = intent.cluster.etcd
  const fixed = member.limits?.fixed.includes(walDirectory) === true
  const paths = [
    ...(member.dataPresent ? [dataDirectory] : []),
    // etcd creates it itself: even an empty one would be in its way, if it can be renamed at all.
    ...(member.walPresent || (member.paths[walDirectory] !== undefined && !fixed) ? [walDirectory] : []),
  ]
  if (paths.length === 0) return []
  const list = paths.join(' and ')
  if (!ours) {
    const why = 'data of another etcd cluster, which is never deleted'
    return [aside(intent, host, paths, `rename ${list}`, why, withinOf(member, paths))]
  }
  const why = `data of cluster '${intent.cluster.name}'`
  if (!intent.purge) return [aside(intent, host, paths, `rename ${list}`, why, withinOf(member, paths))]
  return [{ kind: 'remove', host, paths, what: `delete ${list} permanently`, why, danger: 'membership' }]
}

function tlsStep(intent: ResetIntent, host: string, member: MemberState): ResetStep[] {
  const { tls } = member
  const there = member.paths[`${PATHS.tls}/`] !== undefined || Object.keys(tls.pending).length > 0
  if (!there) return []
  const paths = [TLS_STORE, PATHS.tls]
  const why = 'keys and certificates can be created again'
  if (!intent.purge) return [aside(intent, host, paths, `rename ${PATHS.tls}`, why)]
  return [{ kind: 'remove', host, paths, what: `delete ${PATHS.tls}`, why, danger: 'none' }]
}

function settingsStep(host: string, member: MemberState): ResetStep[] {
  // The cluster ID file last: as long as it exists, quorate starts no member without its data.
  const paths = [PATHS.unit, PATHS.environment, PATHS.clusterId].filter(
    (path) => member.contents[path] !== undefined,
  )
  if (paths.length === 0) return []
  return [
    {
      kind: 'remove',
      host,
      paths,
      what: `delete ${paths.join(', ')}`,
      why: 'quorate apply writes them again',
      danger: 'none',
    },
  ]
}

function aside(
  { suffix }: ResetIntent,
  host: string,
  paths: readonly string[],
  what: string,
  why: string,
  within?: readonly string[],
): ResetStep {
  return { kind: 'aside', host, paths, within, suffix, what, why, danger: 'membership' }
}
