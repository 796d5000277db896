/** What quorate sees of the simulated world: the same `Observed` that looking at real machines gives. */
import { judgeFacts } from '../../src/run/judge-facts.ts'
import type { ClusterView, ReachableMember } from '../../src/etcd/view.ts'
import { type HostState, type MemberState, PATHS } from '../../src/host/state.ts'
import { certificateNames, requestConfiguration } from '../../src/plan/certificates.ts'
import type { CertificateFault, ClusterFacts, Observed } from '../../src/plan/observed.ts'
import type { CertificateName } from '../../src/plan/steps.ts'
import { type Cluster, type Node, etcdNodes } from '../../src/spec/cluster.ts'
import { type Disk, trustMarkOf } from './disk.ts'
import { hasQuorum, settle } from './etcd.ts'
import { type World, diskOf } from './world.ts'

export function observe(world: World, cluster: Cluster): Observed {
  settle(world, cluster)
  const hosts = cluster.nodes.map((node) => [node.name, lookAt(world, node)] as const)
  return judge(world, cluster, Object.fromEntries(hosts), false)
}

/** As run/observe.ts does: hosts may have been looked at earlier than now. */
export function judge(
  world: World,
  cluster: Cluster,
  hosts: Readonly<Record<string, HostState>>,
  verified: boolean,
): Observed {
  const certificates = etcdNodes(cluster).map((node) => {
    const faults = certificateNames(cluster).map(
      (name) => [name, faultsOf(world, cluster, node, name)] as const,
    )
    return [node.name, Object.fromEntries(faults)] as const
  })
  const running = etcdNodes(cluster).filter((node) =>
    ['active', 'activating'].includes(hosts[node.name]?.member?.unit.active ?? ''),
  )
  const facts = running.length === 0 ? undefined : clusterFacts(world, cluster, running, verified)
  const answers = facts !== undefined && facts.healthy.length > 0
  return {
    hosts,
    authority: { bundle: world.ca },
    certificates: Object.fromEntries(certificates),
    cluster: facts,
    network:
      cluster.network === undefined || !answers
        ? undefined
        : { v3: world.network, v2: undefined, leases: [] },
  }
}

export function lookAt(world: World, node: Node): HostState {
  const disk = diskOf(world, node.name)
  return {
    name: node.name,
    os: { id: 'debian', version: '12' },
    architecture: 'amd64',
    bootId: String(disk.boots),
    packages: [...disk.packages],
    member: node.roles.includes('etcd') ? memberState(disk, world.ca) : undefined,
  }
}

function memberState(disk: Disk, ca: string | undefined): MemberState {
  const { process, files } = disk
  const unitFile = files.get(PATHS.unit)
  return {
    userShell: disk.userShell,
    paths: Object.fromEntries(disk.paths),
    dataPresent: disk.data !== undefined,
    walPresent: disk.wal !== undefined,
    contents: Object.fromEntries(files),
    binaries: Object.fromEntries(disk.binaries),
    tls: {
      ca: disk.tls.ca,
      mark: trustMarkOf(disk, ca),
      certificates: Object.fromEntries(
        [...disk.tls.certificates].map(([name, { key }]) => [
          name,
          { pem: `certificate of ${publicPart(key)}` },
        ]),
      ),
      keys: Object.fromEntries([...disk.tls.keys].map(([name, key]) => [name, publicPart(key)])),
      pending: Object.fromEntries(
        [...disk.pending].map(([name, { key, configuration }]) => [
          name,
          { csr: requestOf(key), configuration },
        ]),
      ),
    },
    unit: {
      exists: unitFile !== undefined,
      active:
        process === undefined
          ? disk.retrying
            ? 'activating'
            : 'inactive'
          : process.ready
            ? 'active'
            : 'activating',
      enabled: disk.enabled && unitFile !== undefined,
      needsReload: disk.loadedUnit !== undefined && disk.loadedUnit !== unitFile,
      path: disk.loadedUnit === undefined && unitFile === undefined ? '' : PATHS.unit,
      dropIns: [],
      mainPid: process === undefined ? 0 : 42,
      environment: process?.environment,
      executable: process === undefined ? undefined : '/usr/local/bin/etcd',
    },
    listening: [],
  }
}

export function publicPart(key: string): string {
  return key.replace('PRIVATE KEY', 'public key')
}

export function requestOf(key: string): string {
  return `request of ${publicPart(key)}`
}

function faultsOf(
  world: World,
  cluster: Cluster,
  node: Node,
  name: CertificateName,
): readonly CertificateFault[] {
  const { certificates, keys } = diskOf(world, node.name).tls
  const certificate = certificates.get(name)
  const key = keys.get(name)
  if (certificate === undefined || key === undefined) return [{ code: 'missing', message: 'is missing' }]
  const faults: CertificateFault[] = []
  if (certificate.ca !== world.ca)
    faults.push({ code: 'issuer', message: 'was not issued by the present CA' })
  if (certificate.key !== key) faults.push({ code: 'key', message: 'does not belong to the key beside it' })
  if (certificate.expired) faults.push({ code: 'expired', message: 'expired' })
  if (certificate.request !== wantedRequest(world, cluster, node, name)) {
    faults.push({ code: 'missing-name', message: 'lacks names' })
  }
  return faults
}

function wantedRequest(world: World, cluster: Cluster, node: Node, name: CertificateName): string {
  const known = world.requests.get(cluster) ?? new Map<string, string>()
  world.requests.set(cluster, known)
  const key = `${node.name} ${name}`
  const request = known.get(key) ?? requestConfiguration(cluster, node, name, undefined)
  known.set(key, request)
  return request
}

function clusterFacts(
  world: World,
  cluster: Cluster,
  running: readonly Node[],
  verified: boolean,
): ClusterFacts | undefined {
  const own: ClusterView = { members: running.map((node) => memberView(world, node)) }
  return judgeFacts(cluster, { own, others: { members: [] }, running, verified })
}

/** Whom leadership was handed to, if that one is still there; otherwise the first that is. */
function leaderOf(world: World, clusterId: string, peers: readonly string[]): bigint {
  const up = (name: string) => {
    const process = world.disks.get(name)?.process
    return process?.ready === true && process.data.clusterId === clusterId
  }
  const names = peers.map((peer) => peer.slice(0, peer.indexOf('=')))
  const chosen = names.findIndex((name) => name === world.leader && up(name))
  return BigInt((chosen === -1 ? names.findIndex(up) : chosen) + 1)
}

function memberView(world: World, node: Node): ClusterView['members'][number] {
  const { process, binaries } = diskOf(world, node.name)
  const silent = { kind: 'deadline', message: 'no answer in time', hint: undefined } as const
  if (process === undefined || !process.ready) return { reachable: false, name: node.name, reason: silent }
  const { clusterId, peers } = process.data
  const led = hasQuorum(world, clusterId)
  const view: ReachableMember = {
    reachable: true,
    name: node.name,
    clusterId: BigInt(`0x${clusterId}`),
    memberId: BigInt(peers.findIndex((peer) => peer.startsWith(`${node.name}=`)) + 1),
    leaderId: led ? leaderOf(world, clusterId, peers) : undefined,
    learner: false,
    version: binaries.get('etcd')?.version ?? '3.5.16',
    dbSizeBytes: 20480,
    dbSizeInUseBytes: 20480,
    raftTerm: 2n,
    raftIndex: 8n,
    raftAppliedIndex: 8n,
    errors: [],
    read: led ? { answered: true, revision: 1n } : { answered: false, reason: silent },
    alarms: [],
    list: {
      linearizable: led,
      members: peers.map((peer, index) => {
        const [name = '', url = ''] = peer.split('=')
        const started = world.truth.published.has(`${clusterId}/${name}`)
        const clientUrls = started ? [url.replace(/2380$/, '2379')] : []
        return { id: BigInt(index + 1), name, peerUrls: [url], clientUrls, learner: false }
      }),
    },
  }
  return view
}
