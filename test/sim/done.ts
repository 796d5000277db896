/** Whether a run that reports done is right: not by the planner's own logic, but by what a person would check. */
import { PATHS } from '../../src/host/state.ts'
import { TIERS } from '../../src/tiers/tiers.ts'
import { renderConfig } from '../../src/flannel/config.ts'
import { type Cluster, etcdNodes } from '../../src/spec/cluster.ts'
import { aboveLog, environmentOf } from './disk.ts'
import { isRead, outdated } from './harm.ts'
import { checkKubernetes } from './kubernetes/done.ts'
import { judge, lookAt } from './look.ts'
import { Violation } from './violation.ts'
import { type World, diskOf } from './world.ts'

export function checkDone(world: World, cluster: Cluster): void {
  // Not one of quorate's observations, during which something could happen.
  world.watch.looked = undefined
  for (const node of cluster.nodes) {
    const { packages } = diskOf(world, node.name)
    if (!cluster.packages.every((wanted) => packages.has(wanted)))
      throw broken(`${node.name} lacks a package`)
  }
  const hosts = Object.fromEntries(cluster.nodes.map((node) => [node.name, lookAt(world, node)]))
  const { beside } = judge(world, cluster, hosts, true)
  for (const tier of TIERS)
    if (!tier.settled(cluster, hosts, beside?.[tier.name])) throw broken(`${tier.name} is not settled`)
  checkKubernetes(world, cluster)
  const ids = new Set(etcdNodes(cluster).map((node) => checkMember(world, cluster, node.name)))
  const [id = ''] = ids
  if (ids.size > 1) throw broken(`the members are in ${ids.size} clusters`)
  checkMembership(world, cluster, id)
  const raft = world.rafts.get(id)
  if (raft?.downgrade !== undefined) throw broken(`a downgrade to ${raft.downgrade} is enabled`)
  const { network } = cluster
  if (network !== undefined && world.network !== renderConfig(network.config))
    throw broken('flannel has no network')
}

/** @returns the ID of its cluster. */
function checkMember(world: World, cluster: Cluster, name: string): string {
  const disk = diskOf(world, name)
  const { process, tls } = disk
  if (process?.ready !== true) throw broken(`${name} does not run`)
  const { clusterId } = process.data
  if (!(disk.files.get(PATHS.clusterId) ?? '').includes(`cluster-id=${clusterId}\n`)) {
    throw broken(`${name} is not pinned to the cluster that it is in`)
  }
  const options = environmentOf(disk)
  if (options['ETCD_INITIAL_CLUSTER_STATE'] !== 'existing') throw broken(`${name} is not 'existing'`)
  const differing = outdated(world, cluster, disk)
  if (differing.length > 0) throw broken(`${name} runs with another ${differing.join(', ')}`)
  const changed = Object.keys(process.environment).find(
    (variable) =>
      /^ETCD_(?!INITIAL_CLUSTER)/.test(variable) &&
      isRead(cluster, variable) &&
      options[variable] !== process.environment[variable],
  )
  if (changed !== undefined) throw broken(`${name} would start with another ${changed}`)
  if (!disk.enabled) throw broken(`${name} would not start at boot`)
  if (disk.binaries.get('etcd')?.version !== cluster.etcd.version) throw broken(`${name} has another etcd`)
  if (tls.ca !== world.ca || tls.certificates.size === 0)
    throw broken(`${name} has no certificates of the CA`)
  for (const certificate of tls.certificates.values()) {
    if (certificate.expired) throw broken(`${name} has an expired certificate`)
  }
  for (const [path, { owner, mode }] of disk.paths) {
    if (path.endsWith('.key') && mode !== '640') throw broken(`${name}: ${path} has the mode ${mode}`)
    if (path.startsWith(`${PATHS.tls}/`) && owner !== 'root')
      throw broken(`${name}: ${path} belongs to ${owner}`)
  }
  const above = disk.paths.get(aboveLog(cluster))
  if (above?.mode !== '755') throw broken(`${name}: etcd can write above its log (${above?.mode})`)
  return clusterId
}

/** Exactly the file's members, each with its vote. */
function checkMembership(world: World, cluster: Cluster, id: string): void {
  const members = world.rafts.get(id)?.members ?? []
  const wanted = etcdNodes(cluster).map(({ name }) => name)
  const names = members.map(({ name }) => name)
  if (names.toSorted().join() !== wanted.toSorted().join())
    throw broken(`the members are ${names.join(', ')}`)
  for (const member of members) {
    if (member.learner) throw broken(`${member.name} has no vote`)
    const node = etcdNodes(cluster).find(({ name }) => name === member.name)
    if (member.peerUrl !== `https://${node?.address}:${cluster.etcd.peerPort}`)
      throw broken(`${member.name} is known at ${member.peerUrl}`)
  }
}

function broken(what: string): Violation {
  return new Violation('done-is-done', what)
}
