/**
 * Restoring a snapshot onto all members: which step is safe next. As everywhere, a pure function of what is asked for
 * and what is there, so that a run that broke off is finished by asking again.
 *
 * The order keeps old and new apart: the snapshot becomes data beside the present data while that is still served; then
 * everything stops; then all exchange; and nobody starts before all have.
 */
import { memberEnvironment, peerUrl } from '../../etcd/configuration.ts'
import { clusterIdOf } from '../../etcd/cluster-id.ts'
import { parseEnvironmentFile, renderEnvironmentFile } from '../../etcd/environment-file.ts'
import { environmentNames } from '../../etcd/versions.ts'
import { type HostState, PATHS } from '../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import { etcdNameOf } from '../../spec/etcd-name.ts'
import { certificateNames, faultsOf } from '../../tiers/etcd/plan/certificates.ts'
import { issueStep } from '../../tiers/etcd/steps/certificates.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { demandsTogether, withoutUnsigned } from '../../tiers/etcd/plan/peer-identity.ts'
import { parsePin, renderPin } from '../../tiers/etcd/facts/pin.ts'
import { memberFiles } from '../../tiers/etcd/plan/member-files.ts'
import { memberSteps, packageSteps } from '../../tiers/etcd/plan/prepare.ts'
import { restoreRefusals } from './refusals.ts'
import type { RestoreIntent } from './intent.ts'
import { startOf } from '../../tiers/etcd/plan/start.ts'
import type { HostStep, Next, Step } from '../../tiers/etcd/steps/steps.ts'

export function planRestore(intent: RestoreIntent, observed: Observed): Next {
  const reasons = restoreRefusals(intent, observed)
  if (reasons.length > 0) return { kind: 'blocked', reasons }
  const seen = withoutUnsigned(observed)
  // All stop, and start together: nobody is left whose certificate would not do.
  const demanding = { ...intent, cluster: demandsTogether(intent.cluster, observed) }
  for (const step of RULES) {
    const steps = step(demanding, seen)
    if (steps.length > 0) return { kind: 'steps', steps }
  }
  return { kind: 'done' }
}

const CORRUPT_CHECK = 'ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK'

/** The ID of the cluster that comes of it. */
export function restoredClusterId({ cluster, restore }: Pick<RestoreIntent, 'cluster' | 'restore'>): string {
  const urls = etcdNodes(cluster).map((node) => [peerUrl(cluster, node)])
  return clusterIdOf(urls, restore.token)
}

/** As etcd's --initial-cluster. */
export function initialCluster(cluster: Cluster): string {
  return etcdNodes(cluster)
    .map((node) => `${etcdNameOf(node)}=${peerUrl(cluster, node)}`)
    .join(',')
}

/** Whether the restored data is in its place there, whether or not it was started. */
export function isPlaced(intent: Pick<RestoreIntent, 'restore'>, host: HostState | undefined): boolean {
  const { token } = intent.restore
  if (host?.restore !== undefined && host.restore.token !== token) return false
  if (host?.restore !== undefined) return host.restore.reached === 'placed' && !isGone(host)
  // Its mark goes at the very end; its settings stay.
  const environment = parseEnvironmentFile(host?.member?.contents[PATHS.environment] ?? '')
  return environment['ETCD_INITIAL_CLUSTER_TOKEN'] === token && host?.member?.dataPresent === true
}

/** It was in its place, and was lost since: the member may have voted with it. */
export function isGone({ restore, member }: HostState): boolean {
  return restore?.reached === 'placed' && !(member?.dataPresent === true && member.walPresent)
}

type Rule = (intent: RestoreIntent, observed: Observed) => readonly Step[]

/** What apply does before a member can start, but for its settings: user, folders, binaries, unit, keys. */
const prepare: Rule = ({ cluster, restore }, observed) => {
  const members = new Set(etcdNodes(cluster).map(({ name }) => name))
  const situation = { kind: 'established', token: restore.token, clusterId: '0', settled: true } as const
  const steps = cluster.nodes.flatMap((node): HostStep[] => {
    const host = stateOf(observed, node.name)
    const unit = () =>
      memberFiles(cluster, node, situation, undefined).filter(({ path }) => path === PATHS.unit)
    return [
      ...packageSteps(cluster, host),
      ...(members.has(node.name) ? memberSteps(cluster, node, observed, unit(), 'end') : []),
    ]
  })
  if (observed.authority.bundle !== undefined) return steps
  const what = 'make a certificate authority'
  return [{ kind: 'authority', what, why: 'there is none yet', danger: 'none' }, ...steps]
}

const certify: Rule = ({ cluster }, observed) => {
  const names = certificateNames(cluster)
  return etcdNodes(cluster).flatMap(({ name: host }): HostStep[] => {
    const faults = names.flatMap((name) => faultsOf(observed, host, name))
    return faults.length === 0 ? [] : [issueStep(host, names, faults)]
  })
}

/**
 * On machines without any data at once, so that no apply makes a new cluster there. Where there is one, only when every
 * member has its restored data: until then nothing is interrupted, and giving up costs nothing.
 */
const halt: Rule = (intent, observed) => {
  const { cluster, command, restore } = intent
  const nodes = etcdNodes(cluster)
  if (nodes.every(({ name }) => isPlaced(intent, observed.hosts[name]))) return []
  const bare = nodes.every(({ name }) => isBare(observed.hosts[name]))
  const ready = nodes.every(({ name }) => isStaged(intent, observed.hosts[name]))
  if (!bare && !ready) return []
  return cluster.nodes
    .filter(({ name }) => observed.hosts[name]?.underway?.all['halted'] !== 'yes')
    .map(({ name: host }) => ({
      kind: 'restore-halt',
      host,
      restore,
      command,
      what: "stop API servers and flannel, and keep quorate's other verbs away",
      why: 'nothing may use etcd while its contents are exchanged; those that run now are started again afterwards',
      danger: 'none',
    }))
}

const unpack: Rule = (intent, observed) => {
  const { cluster, restore, snapshotFile, sizeBytes, options } = intent
  const { dataDirectory, walDirectory } = cluster.etcd
  return etcdNodes(cluster)
    .filter(({ name }) => !isStaged(intent, observed.hosts[name]) && !isPlaced(intent, observed.hosts[name]))
    .map((node) => ({
      kind: 'restore-stage',
      host: node.name,
      restore,
      snapshotFile,
      sizeBytes,
      dataDirectory,
      walDirectory,
      member: etcdNameOf(node),
      peerUrl: peerUrl(cluster, node),
      options,
      what: `restore the snapshot beside ${dataDirectory}`,
      why: 'the present data stays untouched until every member has the restored one',
      danger: 'none',
    }))
}

const stop: Rule = (intent, observed) =>
  etcdNodes(intent.cluster).flatMap(({ name: host }): HostStep[] => {
    const state = stateOf(observed, host)
    const unit = state.member?.unit
    if (unit === undefined || !unit.exists || isPlaced(intent, state)) return []
    if ((unit.active === 'inactive' || unit.active === 'failed') && !unit.enabled) return []
    const what = 'stop etcd.service, also over reboots'
    const why = 'old and restored members must never meet'
    // The leader would wait for 7 s to hand over to one that stops as well.
    return [{ kind: 'stop', host, unit: 'etcd.service', graceSeconds: 0.5, what, why, danger: 'restart' }]
  })

const place: Rule = (intent, observed) => {
  const { cluster, restore } = intent
  const { dataDirectory, walDirectory } = cluster.etcd
  const clusterId = restoredClusterId(intent)
  const walWithin = walDirectory.startsWith(`${dataDirectory}/`)
  return etcdNodes(cluster)
    .filter(({ name }) => !isPlaced(intent, observed.hosts[name]))
    .map((node): HostStep => {
      const member = observed.hosts[node.name]?.member
      const pinned = parsePin(member?.contents[PATHS.clusterId] ?? '')?.clusterId
      const aside = [
        member?.dataPresent && dataDirectory,
        member?.walPresent && !walWithin && walDirectory,
      ].filter((path) => typeof path === 'string')
      return {
        kind: 'restore-place',
        host: node.name,
        restore,
        dataDirectory,
        walDirectory,
        aside,
        former: pinned === clusterId ? undefined : pinned,
        pin: renderPin({ cluster: cluster.name, clusterId }),
        options: settings(intent, node),
        what:
          aside.length > 0
            ? `move the present data aside (${dataDirectory}.${restore.suffix}), the restored data in`
            : 'move the restored data into its place',
        why: 'all members have theirs ready, and all are stopped',
        danger: 'restart',
      }
    })
}

function settings({ cluster, restore }: RestoreIntent, node: Node): string {
  const members = etcdNodes(cluster)
  const { token } = restore
  return renderEnvironmentFile(memberEnvironment({ cluster, node, members, token, state: 'existing' }))
}

const start: Rule = ({ cluster }, observed) => {
  const known = new Set(environmentNames(cluster.etcd.version))
  return etcdNodes(cluster)
    .filter(({ name }) => observed.hosts[name]?.member?.unit.active !== 'active')
    .flatMap((node, turn) => [
      ...(known.has(CORRUPT_CHECK) ? [unchecked(node.name)] : []),
      ...startOf(cluster, node, turn, observed.hosts[node.name]?.member),
    ])
}

/**
 * Members that start together wait for each other's contents, 7 s for each that does not serve yet: and none serves
 * before it has them. From 3.6 on it is a feature gate, one of several in a variable.
 */
function unchecked(host: string): HostStep {
  return {
    kind: 'restore-unchecked',
    host,
    variable: CORRUPT_CHECK,
    what: 'have this start leave out the comparison with other members',
    why: 'all are from one snapshot, and are compared when all serve',
    danger: 'none',
  }
}

const prove: Rule = ({ cluster }, { cluster: facts, hosts }) => {
  if (cluster.nodes.every(({ name }) => isFinished(hosts[name]))) return []
  const problems = facts?.problems ?? ['no member answers']
  if (problems.length > 0) {
    const what = 'wait until every member is healthy'
    return [{ kind: 'await-health', what, why: problems.join('; '), danger: 'none' }]
  }
  if (facts?.verified === true) return []
  const what = 'verify the cluster: a write read back from every member, equal contents'
  return [{ kind: 'verify', what, why: 'it was just restored', danger: 'none' }]
}

const finish: Rule = ({ cluster }, { hosts }) =>
  cluster.nodes
    .filter(({ name }) => !isFinished(hosts[name]))
    .map(({ name: host }) => ({
      kind: 'restore-finish',
      host,
      what: "start what was stopped beside etcd, and let quorate's other verbs work again",
      why: 'the restored cluster serves',
      danger: 'none',
    }))

const RULES: readonly Rule[] = [prepare, certify, halt, unpack, stop, place, start, prove, finish]

function isFinished(host: HostState | undefined): boolean {
  return host?.underway === undefined && host?.restore === undefined
}

function isStaged({ restore }: RestoreIntent, host: HostState | undefined): boolean {
  return host?.restore?.token === restore.token
}

/** No data, and nobody who might be making some. */
function isBare(host: HostState | undefined): boolean {
  const member = host?.member
  if (member === undefined || member.dataPresent || member.walPresent) return false
  return member.unit.active === 'inactive' || member.unit.active === 'failed'
}

function stateOf({ hosts }: Observed, name: string): HostState {
  const host = hosts[name]
  if (host === undefined) throw new TypeError(`${name} was not observed`)
  return host
}
