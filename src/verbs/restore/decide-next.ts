/**
 * Restoring a snapshot onto all members: which step is safe next. A pure function of the request and of what was
 * observed, so that a rerun completes an interrupted run.
 *
 * The order keeps old and new apart. The snapshot is restored next to the present data, which is still served. Then
 * all members stop, then all replace their data, and none starts before all have.
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
  // All members stop and start together, so no running member has an outdated certificate.
  const demanding = { ...intent, cluster: demandsTogether(intent.cluster, observed) }
  for (const step of RULES) {
    const steps = step(demanding, seen)
    if (steps.length > 0) return { kind: 'steps', steps }
  }
  return { kind: 'done' }
}

const CORRUPT_CHECK = 'ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK'

/** ID of the restored cluster. */
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

/** Whether the restored data is in place, started or not. */
export function isPlaced(intent: Pick<RestoreIntent, 'restore'>, host: HostState | undefined): boolean {
  const { token } = intent.restore
  if (host?.restore !== undefined && host.restore.token !== token) return false
  if (host?.restore !== undefined) return host.restore.reached === 'placed' && !isGone(host)
  // Its marker is removed at the very end; its settings stay.
  const environment = parseEnvironmentFile(host?.member?.contents[PATHS.environment] ?? '')
  return environment['ETCD_INITIAL_CLUSTER_TOKEN'] === token && host?.member?.dataPresent === true
}

/** It was in place and was lost since: the member may have voted with it. */
export function isGone({ restore, member }: HostState): boolean {
  return restore?.reached === 'placed' && !(member?.dataPresent === true && member.walPresent)
}

type Rule = (intent: RestoreIntent, observed: Observed) => readonly Step[]

/** What apply does before a member can start, except its settings: user, directories, binaries, unit, keys. */
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
  const what = 'create a certificate authority'
  return [{ kind: 'authority', what, why: 'the cluster has none yet', danger: 'none' }, ...steps]
}

const certify: Rule = ({ cluster }, observed) => {
  const names = certificateNames(cluster)
  return etcdNodes(cluster).flatMap(({ name: host }): HostStep[] => {
    const faults = names.flatMap((name) => faultsOf(observed, host, name))
    return faults.length === 0 ? [] : [issueStep(host, names, faults)]
  })
}

/**
 * On nodes without data at once, so that no apply creates a new cluster there. With a present cluster, only after every
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
      what: 'stop API servers and flannel, and block other quorate commands',
      why: 'no client may use etcd while its data is replaced; services that run now are started again afterwards',
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
      what: `restore the snapshot next to ${dataDirectory}`,
      why: 'the present data stays in place until every member has the restored data',
      danger: 'none',
    }))
}

const stop: Rule = (intent, observed) =>
  etcdNodes(intent.cluster).flatMap(({ name: host }): HostStep[] => {
    const state = stateOf(observed, host)
    const unit = state.member?.unit
    if (unit === undefined || !unit.exists || isPlaced(intent, state)) return []
    if ((unit.active === 'inactive' || unit.active === 'failed') && !unit.enabled) return []
    const what = 'stop and disable etcd.service'
    const why = 'members with old and with restored data must never connect'
    // The leader would wait 7 s to transfer leadership to a member that stops as well.
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
            ? `rename the present data (to ${dataDirectory}.${restore.suffix}), and put the restored data in place`
            : 'put the restored data in place',
        why: 'every member has its restored data ready and is stopped',
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
 * Members that start together compare their data first, and wait 7 s for each member that doesn't serve yet. None serves
 * before that. From 3.6 on it is a feature gate, one of several in a variable.
 */
function unchecked(host: string): HostStep {
  return {
    kind: 'restore-unchecked',
    host,
    variable: CORRUPT_CHECK,
    what: 'skip the initial corruption check at this start',
    why: 'all members come from one snapshot, and are compared once all serve',
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
  const what = 'verify the cluster: read a write back from every member, compare all keyspaces'
  return [{ kind: 'verify', what, why: 'it was just restored', danger: 'none' }]
}

const finish: Rule = ({ cluster }, { hosts }) =>
  cluster.nodes
    .filter(({ name }) => !isFinished(hosts[name]))
    .map(({ name: host }) => ({
      kind: 'restore-finish',
      host,
      what: 'start API servers and flannel again, and allow other quorate commands',
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

/** No data, and no process that might create some. */
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
