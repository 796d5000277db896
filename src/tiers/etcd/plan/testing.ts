/** Observed states for tests: an empty one, a settled one, and functions that change what the test is about. */
import { parseEnvironmentFile, renderEnvironmentFile } from '../../../etcd/environment-file.ts'
import { sampleCluster } from '../../../etcd/sample.ts'
import { peerUrl } from '../../../etcd/configuration.ts'
import { trustMarkFile } from '../../../pki/trust-mark.ts'
import { UNIT_MARK, unitMark } from '../../../etcd/unit-file.ts'
import { type HostState, type MemberState, PATHS, type PathState } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { memberName } from '../../../spec/member-name.ts'
import { accountMade } from '../steps/machine.ts'
import { certificateNames } from './certificates.ts'
import { tlsOwner } from '../steps/certificates.ts'
import type { ApplyIntent } from './intent.ts'
import type { ClusterFacts, Observed } from '../facts/observed.ts'
import type { OpenSituation } from '../facts/situation.ts'
import { memberFiles } from './member-files.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { Next, Step } from '../steps/steps.ts'

export const TOKEN = 'sample-0011223344556677'
export const FRESH_TOKEN = 'sample-8899aabbccddeeff'
export const CLUSTER_ID = 'cdf818194e3a8c32'
export const BUNDLE = 'the trust bundle'

/** Three members, `etcd01` to `etcd03`, with changes for the test. */
export function testCluster(changes: Partial<Cluster> = {}, etcd: Partial<Cluster['etcd']> = {}): Cluster {
  return { ...sampleCluster(etcd), ...changes }
}

export function testIntent(cluster: Cluster, until: ApplyIntent['until'] = 'done'): ApplyIntent {
  return { kind: 'apply', cluster, freshToken: FRESH_TOKEN, stamp: '20260730T101112Z', until }
}

/** Nodes on which nothing was ever set up, and no CA yet. */
export function bareWorld(cluster: Cluster): Observed {
  const hosts = cluster.nodes.map((node) => [node.name, bareHost(node)] as const)
  const missing = [{ code: 'missing', message: 'is missing' }] as const
  const faults = Object.fromEntries(certificateNames(cluster).map((name) => [name, missing]))
  return {
    hosts: Object.fromEntries(hosts),
    authority: { bundle: undefined },
    certificates: Object.fromEntries(etcdNodes(cluster).map((node) => [node.name, faults])),
    cluster: undefined,
    network: undefined,
  }
}

/** Everything matches the cluster file: members running, verified, with cluster ID files. */
export function settledWorld(cluster: Cluster): Observed {
  return worldIn(cluster, { kind: 'established', token: TOKEN, clusterId: CLUSTER_ID, settled: true })
}

/** The node's final state once every member has the members' name. */
export function demanding({ name }: Cluster, node: Node): Node {
  return { ...node, demands: memberName(name) }
}

/** Members running and healthy, but neither verified nor with cluster ID files. */
export function formingWorld(cluster: Cluster): Observed {
  return worldIn(cluster, { kind: 'forming', token: TOKEN })
}

function worldIn(cluster: Cluster, situation: OpenSituation): Observed {
  const members = etcdNodes(cluster)
  const fine = Object.fromEntries(certificateNames(cluster).map((name) => [name, []]))
  const hosts = cluster.nodes.map((node): [string, HostState] => {
    const host = { ...bareHost(node), packages: cluster.packages }
    if (host.member === undefined) return [node.name, host]
    return [node.name, { ...host, member: runningMember(cluster, node, situation) }]
  })
  return {
    hosts: Object.fromEntries(hosts),
    authority: { bundle: BUNDLE },
    certificates: Object.fromEntries(members.map((node) => [node.name, fine])),
    cluster: healthyCluster(cluster),
    network: undefined,
  }
}

export function healthyCluster(cluster: Cluster, changes: Partial<ClusterFacts> = {}): ClusterFacts {
  const members = etcdNodes(cluster)
  return {
    id: CLUSTER_ID,
    members: members.map((node, index) => ({
      id: `${index + 1}`,
      name: node.name,
      peerUrls: [peerUrl(cluster, node)],
      clientUrls: [`https://${node.address}:2379`],
      learner: false,
    })),
    healthy: members.map((node) => node.name),
    leader: members[0]?.name,
    leading: members[0]?.name,
    ids: Object.fromEntries(members.map(({ name }, index) => [name, `${index + 1}`])),
    space: {},
    revision: 1,
    versions: Object.fromEntries(members.map(({ name }) => [name, cluster.etcd.version])),
    lag: Object.fromEntries(members.map(({ name }) => [name, 0])),
    alarms: [],
    problems: [],
    verified: false,
    ...changes,
  }
}

/** The same state with one member changed. */
export function withMember(
  observed: Observed,
  host: string,
  change: Partial<MemberState> | ((member: MemberState) => Partial<MemberState>),
): Observed {
  const state = observed.hosts[host]
  if (state?.member === undefined) throw new TypeError(`${host} is no member`)
  const changes = typeof change === 'function' ? change(state.member) : change
  return {
    ...observed,
    hosts: { ...observed.hosts, [host]: { ...state, member: { ...state.member, ...changes } } },
  }
}

/** The same state with every member changed. */
export function withMembers(observed: Observed, change: Parameters<typeof withMember>[2]): Observed {
  const hosts = Object.keys(observed.hosts).filter((host) => observed.hosts[host]?.member !== undefined)
  return hosts.reduce((world, host) => withMember(world, host, change), observed)
}

/** Replaces a file's text; undefined removes the file. */
export function withFile(
  path: string,
  content: string | undefined,
): (member: MemberState) => Partial<MemberState> {
  return ({ contents, paths }) => {
    const { [path]: _before, ...others } = contents
    const { [path]: state, ...otherPaths } = paths
    if (content === undefined) return { contents: others, paths: otherPaths }
    const stat = state ?? { type: 'file', owner: 'root', group: 'root', mode: '644' }
    return { contents: { ...others, [path]: content }, paths: { ...otherPaths, [path]: stat } }
  }
}

/** Replaces variables of the options file. */
export function withEnvironment(
  changes: Readonly<Record<string, string>>,
): (member: MemberState) => Partial<MemberState> {
  return (member) => {
    const before = parseEnvironmentFile(member.contents[PATHS.environment] ?? '')
    return withFile(PATHS.environment, renderEnvironmentFile({ ...before, ...changes }))(member)
  }
}

/** The member's process is gone; its data stays. */
export function stopped({ unit }: MemberState): Partial<MemberState> {
  return { unit: { ...unit, active: 'inactive', mainPid: 0, environment: undefined } }
}

/** The next steps. @throws TypeError if there are none. */
export function stepsOf(answer: Next): readonly Step[] {
  if (answer.kind !== 'steps') throw new TypeError(`expected steps, got ${JSON.stringify(answer)}`)
  return answer.steps
}

/** Why nothing may be done. @throws TypeError if something may. */
export function reasonsOf(answer: {
  kind: string
  reasons?: readonly BlockReason[]
}): readonly BlockReason[] {
  if (answer.reasons === undefined) throw new TypeError(`expected reasons, got ${JSON.stringify(answer)}`)
  return answer.reasons
}

/** `host kind` of each step, or `kind path`: a summary of a stage. */
export function glance(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    const object = step.kind === 'file' || step.kind === 'directory' ? ` ${step.path}` : ''
    return `${step.host === undefined ? '' : `${step.host} `}${step.kind}${object}`
  })
}

function bareHost(node: Node): HostState {
  return {
    name: node.name,
    os: { id: 'debian', version: '12' },
    architecture: 'amd64',
    bootId: `boot of ${node.name}`,
    packages: [],
    member: node.roles.includes('etcd') ? BARE_MEMBER : undefined,
  }
}

export const BARE_MEMBER: MemberState = {
  account: { user: undefined, group: undefined },
  packagedBy: [],
  paths: {},
  dataPresent: false,
  walPresent: false,
  contents: {},
  binaries: {},
  tls: { certificates: {}, keys: {}, ca: undefined, mark: undefined, pending: {} },
  unit: {
    exists: false,
    active: 'inactive',
    enabled: false,
    needsReload: false,
    path: '',
    dropIns: [],
    mainPid: 0,
    environment: undefined,
  },
  listening: [],
  addresses: [],
  sources: [],
}

function runningMember(cluster: Cluster, node: Node, situation: OpenSituation): MemberState {
  const files = memberFiles(cluster, demanding(cluster, node), situation, undefined)
  const { dataDirectory, walDirectory, version } = cluster.etcd
  const names = certificateNames(cluster)
  const binary = { sha256: 'aa', version }
  const environment = files.find(({ path }) => path === PATHS.environment)?.content ?? ''
  const tls = names.flatMap((name): [string, PathState][] => [
    [`${PATHS.tls}/${name}.crt`, { type: 'file', ...tlsOwner('.crt') }],
    [`${PATHS.tls}/${name}.key`, { type: 'file', ...tlsOwner('.key') }],
  ])
  return {
    ...BARE_MEMBER,
    account: accountMade(BARE_MEMBER.account, '/bin/false'),
    dataPresent: true,
    walPresent: true,
    contents: Object.fromEntries(files.map(({ path, content }) => [path, content])),
    paths: {
      '/etc/etcd': { ...owned('directory', 'root', '750'), group: 'etcd' },
      [walDirectory.slice(0, walDirectory.lastIndexOf('/'))]: owned('directory', 'root', '755'),
      [dataDirectory]: owned('directory', 'etcd', '700'),
      [walDirectory]: owned('directory', 'etcd', '700'),
      [`${PATHS.tls}/`]: owned('directory', 'root', '755'),
      [`${PATHS.tls}/ca.crt`]: owned('file', 'root', '644'),
      ...Object.fromEntries(tls),
      ...Object.fromEntries(
        files.map(({ path, owner, group, mode }) => [path, { type: 'file', owner, group, mode }] as const),
      ),
    },
    binaries: { etcd: binary, etcdctl: binary },
    tls: {
      ca: BUNDLE,
      mark: trustMarkFile(BUNDLE),
      pending: {},
      certificates: Object.fromEntries(names.map((name) => [name, { pem: `certificate ${name}` }])),
      keys: Object.fromEntries(names.map((name) => [name, `key ${name}`])),
    },
    unit: {
      ...BARE_MEMBER.unit,
      exists: true,
      active: 'active',
      enabled: true,
      path: PATHS.unit,
      mainPid: 42,
      environment: {
        ...parseEnvironmentFile(environment),
        ...parseEnvironmentFile(trustMarkFile(BUNDLE)),
        [UNIT_MARK]: unitMark({ cluster }),
      },
    },
  }
}

function owned(type: PathState['type'], owner: string, mode: string): PathState {
  return { type, owner, group: owner, mode }
}
