/** What quorate observes of the simulated world: an `Observed`, as from real machines. */
import { type HostState, type MemberState, PATHS } from '../../src/host/state.ts'
import { accountMade } from '../../src/tiers/etcd/steps/machine.ts'
import { certificateNames, requestConfiguration } from '../../src/tiers/etcd/plan/certificates.ts'
import type { CertificateFault, Observed } from '../../src/tiers/etcd/facts/observed.ts'
import type { CertificateName } from '../../src/tiers/etcd/certificate-name.ts'
import { type Cluster, type Node, etcdNodes } from '../../src/spec/cluster.ts'
import { type Disk, isNamed, trustMarkOf, unnamed } from './disk.ts'
import { settle } from './etcd.ts'
import { kubernetesFacts } from './kubernetes/facts.ts'
import { clusterFacts } from './view.ts'
import { Failure } from './failure.ts'
import { type World, diskOf } from './world.ts'

/** @throws Failure if a machine can't be inspected: quorate never plans with partial facts. */
export function observe(world: World, cluster: Cluster): Observed {
  settle(world, cluster)
  reach(world, cluster.nodes)
  const hosts = cluster.nodes.map((node) => [node.name, lookAt(world, node)] as const)
  return judge(world, cluster, Object.fromEntries(hosts), false)
}

/** @throws Failure naming the machines that refuse a login. */
export function reach(world: World, nodes: readonly Node[]): void {
  const silent = nodes.filter(({ name }) => {
    const { off, unreachable } = diskOf(world, name)
    return off || unreachable
  })
  if (silent.length > 0) throw new Failure(`can't connect to ${silent.map(({ name }) => name).join(', ')}`)
}

/** Like tiers/etcd/facts/observe.ts: hosts may have been inspected earlier. */
export function judge(
  world: World,
  cluster: Cluster,
  hosts: Readonly<Record<string, HostState>>,
  verified: boolean,
): Observed {
  const certificates = etcdNodes(cluster).map((node) => {
    const faults = certificateNames(cluster).map(
      (name) => [name, faultsOf(world, cluster, node, name, hosts[node.name])] as const,
    )
    return [node.name, Object.fromEntries(faults)] as const
  })
  const running = etcdNodes(cluster).filter((node) =>
    ['active', 'activating'].includes(hosts[node.name]?.member?.unit.active ?? ''),
  )
  const facts = running.length === 0 ? undefined : clusterFacts(world, cluster, running, verified)
  const answers = facts !== undefined && facts.healthy.length > 0
  const beside = kubernetesFacts(world, cluster, hosts)
  return {
    ...(beside === undefined ? {} : { beside: { kubernetes: beside } }),
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

const NOBODY = { user: undefined, group: undefined }

export function lookAt(world: World, node: Node): HostState {
  const disk = diskOf(world, node.name)
  const state = {
    name: node.name,
    os: { id: 'debian', version: '12' },
    architecture: 'amd64',
    bootId: String(disk.boots),
    packages: [...disk.packages],
    services: disk.services,
    underway: disk.underway,
    restore: disk.restore,
    formerClusterIds: disk.formerIds,
    member: node.roles.includes('etcd') ? memberState(disk, world.ca) : undefined,
  } as const
  world.watch.looked?.(node.name)
  return state
}

function memberState(disk: Disk, ca: string | undefined): MemberState {
  const { process, files } = disk
  const unitFile = files.get(PATHS.unit)
  return {
    packagedBy: [],
    account: disk.userShell === undefined ? NOBODY : accountMade(NOBODY, disk.userShell),
    paths: Object.fromEntries(disk.paths),
    dataPresent: disk.data !== undefined,
    walPresent: disk.wal !== undefined,
    stoppedByOperator: files.has(PATHS.stopped) ? { since: undefined } : undefined,
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
    },
    listening: [],
    addresses: [],
    sources: [],
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
  host: HostState | undefined,
): readonly CertificateFault[] {
  const { certificates, keys } = diskOf(world, node.name).tls
  const certificate = certificates.get(name)
  const key = keys.get(name)
  if (certificate === undefined || key === undefined) return [{ code: 'missing', message: 'is missing' }]
  const faults: CertificateFault[] = []
  if (certificate.ca !== world.ca)
    faults.push({ code: 'issuer', message: 'was not issued by the current CA' })
  if (certificate.key !== key) faults.push({ code: 'key', message: "doesn't match its key" })
  if (certificate.expired) faults.push({ code: 'expired', message: 'expired' })
  const wanted = wantedRequest(world, cluster, node, name, host)
  if (isNamed(wanted) && !isNamed(certificate.request))
    faults.push({ code: 'member-name', message: 'lacks the peer name' })
  if (unnamed(certificate.request) !== unnamed(wanted))
    faults.push({ code: 'missing-name', message: 'lacks names' })
  return faults
}

function wantedRequest(
  world: World,
  cluster: Cluster,
  node: Node,
  name: CertificateName,
  host: HostState | undefined,
): string {
  const known = world.requests.get(cluster) ?? new Map<string, string>()
  world.requests.set(cluster, known)
  // A member that will move keeps its old address in the certificate until it has moved.
  const key = `${node.name} ${name} ${host?.member?.unit.environment?.['ETCD_LISTEN_PEER_URLS']}`
  const request =
    known.get(key) ??
    requestConfiguration(cluster, node, name, {
      hosts: host === undefined ? {} : { [node.name]: host },
      authority: { bundle: world.ca },
    })
  known.set(key, request)
  return request
}
