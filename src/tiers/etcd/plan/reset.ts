/** What `reset` does to each machine, decided from what is there: a pure function, as the planner is. */
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
  /** Data of this cluster is removed instead of moved aside. */
  readonly purge: boolean
  /** What is moved aside is called `PATH.SUFFIX`. */
  readonly suffix: string
  /** Names of nodes of which the cluster itself says that they are no members (any more). */
  readonly removed?: readonly string[] | undefined
}

export interface ResetPlan {
  /** Each machine's steps in their order; empty: there is nothing to reset. */
  readonly steps: readonly ResetStep[]
  /** Why it is not done; empty: it may be. */
  readonly blocked: readonly BlockReason[]
}

/** Where keys and requests lie; `PATHS.tls` leads into it. */
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

/** Whether this node carries a member of the cluster, running or not; foreign data makes it none. */
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
    const message = `it belongs to the cluster '${pinned}', not to '${cluster.name}'`
    return [{ host, message, hint: "reset it with that cluster's file" }]
  }
  if (!ours && isActive(member)) {
    const message = `an etcd that quorate did not set up runs there as ${member.unit.path || 'etcd.service'}`
    return [{ host, message, hint: 'stop and disable it by hand first, if nobody needs it' }]
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
        message: `it is a member of the cluster '${cluster.name}': without its data it could not come back`,
        hint: `remove it from the cluster, which also clears the machine: quorate member remove ${host}. The whole cluster is reset without a node's name: quorate reset`,
      },
    ]
  }
  return []
}

function isActive({ unit }: MemberState): boolean {
  return unit.active === 'active' || unit.active === 'activating'
}

/** What is left to do on one machine, whether or not it may be done. */
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
            what: 'have systemd read its units again',
            why: 'the unit is gone',
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
    // etcd wants to make it itself: even an empty one would be in its way, if it can be moved at all.
    ...(member.walPresent || (member.paths[walDirectory] !== undefined && !fixed) ? [walDirectory] : []),
  ]
  if (paths.length === 0) return []
  const list = paths.join(' and ')
  if (!ours) {
    const why = 'data of another etcd cluster, which is never removed'
    return [aside(intent, host, paths, `move ${list} aside`, why, withinOf(member, paths))]
  }
  const why = `data of the cluster '${intent.cluster.name}'`
  if (!intent.purge) return [aside(intent, host, paths, `move ${list} aside`, why, withinOf(member, paths))]
  return [{ kind: 'remove', host, paths, what: `remove ${list} for good`, why, danger: 'membership' }]
}

function tlsStep(intent: ResetIntent, host: string, member: MemberState): ResetStep[] {
  const { tls } = member
  const there = member.paths[`${PATHS.tls}/`] !== undefined || Object.keys(tls.pending).length > 0
  if (!there) return []
  const paths = [TLS_STORE, PATHS.tls]
  const why = 'keys and certificates can be made again'
  if (!intent.purge) return [aside(intent, host, paths, `move ${PATHS.tls} aside`, why)]
  return [{ kind: 'remove', host, paths, what: `remove ${PATHS.tls}`, why, danger: 'none' }]
}

function settingsStep(host: string, member: MemberState): ResetStep[] {
  // The mark last: as long as it is there nobody starts a member whose data is gone.
  const paths = [PATHS.unit, PATHS.environment, PATHS.clusterId].filter(
    (path) => member.contents[path] !== undefined,
  )
  if (paths.length === 0) return []
  return [
    {
      kind: 'remove',
      host,
      paths,
      what: `remove ${paths.join(', ')}`,
      why: 'apply writes them again',
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
