/** What things should be like after a step: how a plan is printed beforehand, and what the simulation runs on. */
import { type ServiceStep, isServiceStep, predictService } from '../../../engine/service-steps.ts'
import { type HostState, type MemberState, PATHS, type PathState } from '../../../host/state.ts'
import { clientUrls, peerUrl } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { UNIT_MARK } from '../../../etcd/unit-file.ts'
import { accountMade } from '../plan/account.ts'
import { trustMarkFile } from '../../../pki/trust-mark.ts'
import { renderConfig } from '../../flannel/config.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { etcdNameOf } from '../../../spec/etcd-name.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import { tlsOwner } from '../plan/ground.ts'
import { isKeptStopped } from '../plan/kept.ts'
import { faultsOnceAsked, faultsOnceIssued } from '../plan/peer-identity.ts'
import { parsePin } from '../facts/pin.ts'
import { peersForNow } from '../plan/plain-peers.ts'
import { endedDowngrade, predictDowngrade } from './predict-downgrade.ts'
import { predictMembership } from './predict-membership.ts'
import { isRestoreStep, predictRestore } from './predict-restore.ts'
import type { RestoreStep } from './restore-steps.ts'
import { rosterOf } from '../facts/membership-map.ts'
import { type HostStep, type Step, isHostStep } from './steps.ts'
import { UNKNOWN_YET } from '../facts/unknown.ts'

/** Whose data it has a member that runs says itself. */
const RUNS = { dataPresent: true, walPresent: true, logIdentity: undefined } as const

type OtherStep = Exclude<HostStep, RestoreStep | ServiceStep>

export function predict(cluster: Cluster, observed: Observed, step: Step): Observed {
  if (isHostStep(step)) {
    const host = observed.hosts[step.host]
    if (host === undefined) throw new TypeError(`${step.host} was not observed`)
    if (isRestoreStep(step)) return predictRestore(observed, host, step)
    if (isServiceStep(step)) {
      const services = predictService(host.services, step)
      return { ...observed, hosts: { ...observed.hosts, [step.host]: { ...host, services } } }
    }
    const changed = {
      ...observed,
      hosts: { ...observed.hosts, [step.host]: predictHost(host, step, observed) },
    }
    if (step.kind === 'key') {
      const asked = faultsOnceAsked(observed, step.host, step.name)
      const faults = { ...observed.certificates[step.host], [step.name]: asked }
      return { ...changed, certificates: { ...observed.certificates, [step.host]: faults } }
    }
    if (step.kind === 'certificates') {
      const left = step.names.map((name) => [name, faultsOnceIssued(cluster, observed, step.host, name)])
      return { ...changed, certificates: { ...observed.certificates, [step.host]: Object.fromEntries(left) } }
    }
    return step.kind === 'start' || step.kind === 'restart' || step.kind === 'ready'
      ? predictMembers(cluster, changed, step.host)
      : changed
  }
  switch (step.kind) {
    case 'authority':
      return { ...observed, authority: { bundle: UNKNOWN_YET } }
    case 'await-health':
      return observed.cluster
        ? { ...observed, cluster: recovered(observed.cluster) }
        : predictFormed(cluster, observed)
    case 'compare':
      return observed
    case 'move-leader':
    case 'member-add':
    case 'promote':
    case 'member-remove':
    case 'member-update':
      return observed.cluster ? { ...observed, cluster: predictMembership(observed.cluster, step) } : observed
    case 'downgrade-enable':
    case 'downgrade-await':
    case 'downgrade-cancel':
      return observed.cluster ? { ...observed, cluster: predictDowngrade(observed.cluster, step) } : observed
    case 'canary':
    case 'verify':
      return observed.cluster ? { ...observed, cluster: { ...observed.cluster, verified: true } } : observed
    case 'network': {
      const text = renderConfig(step.network.config)
      return {
        ...observed,
        network: {
          v3: text,
          v2: step.network.v2 ? text : observed.network?.v2,
          leases: observed.network?.leases ?? [],
        },
      }
    }
  }
}

function predictHost(host: HostState, step: OtherStep, observed: Observed): HostState {
  if (step.kind === 'packages') return { ...host, packages: [...host.packages, ...step.packages] }
  const { member } = host
  if (member === undefined) throw new TypeError(`${host.name} carries no etcd`)
  return { ...host, member: { ...member, ...predictMember(member, step, observed) } }
}

function predictMember(
  member: MemberState,
  step: Exclude<OtherStep, { kind: 'packages' }>,
  observed: Observed,
): Partial<MemberState> {
  switch (step.kind) {
    case 'user':
      return { account: accountMade(member.account, step.shell) }
    case 'directory': {
      const { owner, group, mode } = step
      return { paths: { ...member.paths, [step.path]: { type: 'directory', owner, group, mode } } }
    }
    case 'binaries': {
      const binary = { sha256: UNKNOWN_YET, version: step.version }
      return { binaries: { ...member.binaries, etcd: binary, etcdctl: binary } }
    }
    case 'file': {
      const { owner, group, mode } = step
      const unit = step.path === PATHS.unit ? { ...member.unit, exists: true, path: step.path } : member.unit
      return {
        unit,
        contents: { ...member.contents, [step.path]: step.content },
        paths: { ...member.paths, [step.path]: { type: 'file', owner, group, mode } },
      }
    }
    case 'key': {
      const request = { csr: UNKNOWN_YET, configuration: step.configuration }
      return { tls: { ...member.tls, pending: { ...member.tls.pending, [step.name]: request } } }
    }
    case 'certificates': {
      const files = step.names.flatMap((name) => [tlsFile(`${name}.crt`), tlsFile(`${name}.key`)])
      return {
        paths: {
          ...member.paths,
          ...Object.fromEntries([tlsFile(''), tlsFile('ca.crt')]),
          ...Object.fromEntries(files),
        },
        tls: {
          ca: observed.authority.bundle,
          mark: predictMark(observed),
          pending: {},
          certificates: Object.fromEntries(step.names.map((name) => [name, { pem: UNKNOWN_YET }])),
          keys: Object.fromEntries(step.names.map((name) => [name, UNKNOWN_YET])),
        },
      }
    }
    case 'ca':
      return { tls: { ...member.tls, ca: observed.authority.bundle, mark: predictMark(observed) } }
    case 'tls-modes': {
      const paths = Object.entries(member.paths).map(([path, now]) => {
        if (!path.startsWith(`${PATHS.tls}/`)) return [path, now] as const
        return [path, { ...now, ...tlsOwner(path) }] as const
      })
      return { paths: Object.fromEntries(paths) }
    }
    case 'ready':
      // One that had begun by itself: nobody started it in this plan.
      return { ...RUNS, unit: { ...member.unit, active: 'active' } }
    case 'reload':
      return { unit: { ...member.unit, needsReload: false } }
    case 'enable':
      return { stoppedByOperator: undefined, unit: { ...member.unit, enabled: true, needsReload: false } }
    case 'start': {
      return { ...RUNS, stoppedByOperator: undefined, unit: started(member) }
    }
    case 'restart':
      return { ...RUNS, stoppedByOperator: undefined, unit: started(member) }
    case 'stop':
      return { unit: { ...member.unit, active: 'inactive', enabled: false, environment: undefined } }
    case 'aside': {
      const gone = new Set(step.paths)
      const keep = <T>(record: Readonly<Record<string, T>>) =>
        Object.fromEntries(Object.entries(record).filter(([path]) => !gone.has(path)))
      const emptied = { type: 'directory', owner: 'root', group: 'root', mode: '700' } as const
      const left = Object.fromEntries((step.within ?? []).map((path) => [path, emptied]))
      return {
        dataPresent: false,
        walPresent: false,
        logIdentity: undefined,
        contents: keep(member.contents),
        binaries: Object.fromEntries(
          Object.entries(member.binaries).filter(([name]) => !gone.has(`/usr/local/bin/${name}`)),
        ),
        paths: { ...keep(member.paths), ...left },
      }
    }
  }
}

function predictMark({ authority }: Observed): string | undefined {
  return authority.bundle === undefined ? undefined : trustMarkFile(authority.bundle)
}

/** A process has the environment of its files and the mark of its unit. */
function started(member: MemberState): MemberState['unit'] {
  const unit = member.contents[PATHS.unit] ?? ''
  const mark = new RegExp(`^Environment=${UNIT_MARK}=(.*)$`, 'm').exec(unit)?.[1]
  const environment = {
    ...parseEnvironmentFile(member.contents[PATHS.environment] ?? ''),
    ...(mark === undefined ? {} : { [UNIT_MARK]: mark }),
    ...parseEnvironmentFile(member.tls.mark ?? ''),
  }
  return { ...member.unit, active: 'active', environment }
}

/** `name`: of a file in the TLS folder; empty: the folder itself. */
function tlsFile(name: string): readonly [string, PathState] {
  const path = `${PATHS.tls}/${name}`
  return [path, { type: name === '' ? 'directory' : 'file', ...tlsOwner(path) }]
}

/** A member of a cluster that is there comes back, or makes itself known; with every other one there is a new cluster. */
function predictMembers(cluster: Cluster, observed: Observed, host: string): Observed {
  const facts = observed.cluster
  const node = etcdNodes(cluster).find(({ name }) => name === host)
  if (facts === undefined || node === undefined || facts.members.length === 0)
    return predictFormed(cluster, observed)
  const own = rosterOf(cluster, facts.members, 0).members.get(host)
  const members = facts.members.map((member) =>
    member === own
      ? { ...member, name: host, etcdName: node.etcdName, clientUrls: clientUrls(cluster, node) }
      : member,
  )
  const voter = own !== undefined && !own.learner
  const healthy = voter && !facts.healthy.includes(host) ? [...facts.healthy, host] : facts.healthy
  const running = etcdNodes(cluster)
    .map(({ name }) => observed.hosts[name]?.member)
    .every((member) => member?.unit.active === 'active' || isKeptStopped(member))
  const leader = facts.leader ?? healthy[0]
  const versions = { ...facts.versions, [host]: installedVersion(observed, host) }
  const after = { ...facts, members, healthy, leader, versions }
  // With this one there may be a quorum again, and all that run are well with it.
  return { ...observed, cluster: endedDowngrade(running ? recovered(after) : after) }
}

function installedVersion({ hosts }: Observed, host: string): string {
  return hosts[host]?.member?.binaries['etcd']?.version ?? UNKNOWN_YET
}

/** With every member started there is a healthy cluster. */
function predictFormed(wanted: Cluster, observed: Observed): Observed {
  const cluster = peersForNow(wanted, observed)
  const nodes = etcdNodes(cluster)
  const state = (node: Node) => observed.hosts[node.name]?.member
  const running = nodes.filter((node) => state(node)?.unit.active === 'active')
  // One that was verified before comes back with those that have data; a new one with all.
  const pinned = nodes.some((node) => state(node)?.contents[PATHS.clusterId] !== undefined)
  const expected = pinned
    ? nodes.filter((node) => state(node)?.dataPresent === true && !isKeptStopped(state(node)))
    : nodes
  if (running.length < expected.length) return observed
  const pin = nodes
    .map((node) => observed.hosts[node.name]?.member?.contents[PATHS.clusterId])
    .find((text) => text !== undefined)
  // Whoever is asked will name all of its members, also those that are not back.
  const known = new Set(
    running.flatMap((node) => {
      const options = parseEnvironmentFile(state(node)?.contents[PATHS.environment] ?? '')
      return (options['ETCD_INITIAL_CLUSTER'] ?? '').split(',').map((peer) => peer.split('=')[0])
    }),
  )
  const listed = nodes.filter((node) => running.includes(node) || (pinned && known.has(etcdNameOf(node))))
  return {
    ...observed,
    cluster: {
      id: observed.cluster?.id ?? (pin === undefined ? undefined : parsePin(pin)?.clusterId) ?? UNKNOWN_YET,
      members: listed.map((node) => ({
        id: UNKNOWN_YET,
        name: node.name,
        peerUrls: [peerUrl(cluster, node)],
        clientUrls: clientUrls(cluster, node),
        learner: false,
      })),
      healthy: running.map((node) => node.name),
      leader: running[0]?.name,
      versions: Object.fromEntries(running.map(({ name }) => [name, installedVersion(observed, name)])),
      lag: Object.fromEntries(running.map(({ name }) => [name, 0])),
      alarms: observed.cluster?.alarms ?? {},
      problems: [],
      verified: observed.cluster?.verified ?? false,
    },
  }
}

/** Every member answers, and has caught up. */
function recovered(facts: ClusterFacts): ClusterFacts {
  const voters = facts.members.filter(({ name, learner }) => name !== '' && !learner)
  const names = [...Object.keys(facts.lag), ...voters.map(({ name }) => name)]
  const lag = Object.fromEntries(names.map((name) => [name, 0]))
  return { ...facts, problems: [], healthy: voters.map(({ name }) => name), lag }
}
