/** From one machine to the whole cluster: what runs there, who its members are, and what each member's machine shows. */
import { combineErrors } from '../errors.ts'
import { type MemberClient, connectMember } from '../etcd/client.ts'
import {
  type ClusterView,
  type ListedMember,
  type ReachableMember,
  formatId,
  readClusterView,
} from '../etcd/view.ts'
import { USAGE_OIDS } from '../pki/profile.ts'
import type { BlockReason } from '../plan/steps.ts'
import { onAll } from '../ssh/fleet.ts'
import type { Remote } from '../ssh/remote.ts'
import { type Bridge, type MemberDoor, openBridge } from './bridge.ts'
import { type Contents, readContents } from './contents.ts'
import { type MemberFiles, lookAtFiles, pathIn } from './files.ts'
import { type Destination, type Member, clientListeners, leafOf, servesLoopback } from './member.ts'
import { type NodeName, nodeNames, withNodeNames } from './node-names.ts'
import { type Settings, hostOf, settingsOf } from './settings.ts'
import { type EtcdProcess, type Sighting, lookForEtcd } from './sighting.ts'

export interface DiscoverOptions {
  readonly destinations: readonly Destination[]
  /** Makes sure that host keys are trusted, then connects to all of them. */
  readonly connect: (destinations: readonly Destination[]) => Promise<readonly Remote[]>
  /** For members that nobody named: how a machine with this address is reached. */
  readonly destinationOf: (address: string) => Destination
  readonly signal: AbortSignal
}

export interface Found {
  readonly destination: Destination
  readonly remote: Remote
  readonly sighting: Sighting
  readonly process: EtcdProcess
  readonly settings: Settings
  readonly files: MemberFiles
  readonly bridge: Bridge
  readonly client: MemberClient
}

export interface Discovery extends AsyncDisposable {
  readonly found: readonly Found[]
  readonly view: ClusterView
  /** Everyone whom the cluster knows, whether found or not. */
  readonly listed: readonly ListedMember[]
  /** Those that were found and belong to it. */
  readonly members: readonly Member[]
  /** undefined: no member answers. */
  readonly contents: Contents | undefined
  /** What kept it from being found out whole; empty: nothing. */
  readonly troubles: readonly BlockReason[]
}

/** How long a member may take to answer, in ms. */
const ANSWER_MS = 5_000

/** @throws QuorateError of machines that can't be reached or looked at, all at once */
export async function discover(options: DiscoverOptions): Promise<Discovery> {
  const found: Found[] = []
  const troubles: BlockReason[] = []
  const add = async (destinations: readonly Destination[]) => {
    const visited = await visitAll(destinations, options)
    found.push(...visited.found)
    troubles.push(...visited.troubles)
  }
  const close = async () => {
    for (const { client } of found) client.close()
    await Promise.allSettled(found.map(async ({ bridge }) => await bridge[Symbol.asyncDispose]()))
  }
  try {
    await add(options.destinations)
    let view = await readClusterView(clientsOf(found), options.signal)
    const listed = memberList(view)
    const known = new Set(view.members.flatMap((member) => (member.reachable ? [member.memberId] : [])))
    const others = oneCluster(view)
      ? listed.filter(({ id, name }) => !known.has(id) && name !== '').flatMap(addressOf)
      : []
    const before = new Set(options.destinations.map(({ host }) => host))
    const unvisited = [...new Set(others)].filter((address) => !before.has(address))
    if (unvisited.length > 0) {
      await add(unvisited.map(options.destinationOf))
      view = await readClusterView(clientsOf(found), options.signal)
    }
    const contents = await contentsOf(found, view, options.signal)
    if (!oneCluster(view)) troubles.push(...severalClusters(found, view))
    const names = nodeNames(listed)
    const renamed = withNodeNames(listed, names)
    return {
      found,
      view: named(view, names),
      listed: renamed,
      members: membersOf(found, view, renamed, names),
      contents,
      troubles,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function contentsOf(
  found: readonly Found[],
  view: ClusterView,
  signal: AbortSignal,
): Promise<Contents | undefined> {
  const index = view.members.findIndex((member) => member.reachable)
  const [own, said] = [found[index], view.members[index]]
  if (own === undefined || said?.reachable !== true) return undefined
  return await readContents({ ...own, version: said.version }, signal)
}

function clientsOf(found: readonly Found[]): readonly MemberClient[] {
  return found.map(({ client }) => client)
}

interface Visited {
  readonly found: readonly Found[]
  readonly troubles: readonly BlockReason[]
}

async function visitAll(destinations: readonly Destination[], options: DiscoverOptions): Promise<Visited> {
  const remotes = await options.connect(destinations)
  const visits = destinations.map((destination, index) => ({
    name: destination.host,
    destination,
    remote: remotes[index],
  }))
  const { results, errors } = await onAll(visits, async ({ destination, remote }) => {
    if (remote === undefined) throw new TypeError(`${destination.host} was not connected to`)
    return await visit(destination, remote, options.signal)
  })
  if (errors.length > 0) {
    await Promise.allSettled(
      results.flatMap(({ value }) => ('bridge' in value ? [value.bridge[Symbol.asyncDispose]()] : [])),
    )
    throw combineErrors(errors)
  }
  const outcomes = results.map(({ value }) => value)
  return {
    found: outcomes.filter((outcome) => 'bridge' in outcome),
    troubles: outcomes.filter((outcome) => 'message' in outcome),
  }
}

async function visit(
  destination: Destination,
  remote: Remote,
  signal: AbortSignal,
): Promise<Found | BlockReason> {
  const { host } = destination
  const sighting = await lookForEtcd(remote, signal)
  const [process, ...more] = sighting.processes
  if (process === undefined)
    return {
      host,
      message: 'no etcd runs there',
      hint: 'name machines whose etcd runs: adopt reads what runs',
    }
  if (more.length > 0) {
    const list = sighting.processes.map(
      (one) => `${one.pid}: ${settingsOf(one)['data-dir'] ?? one.directory}`,
    )
    const message = `${sighting.processes.length} etcd processes run there (${list.join('; ')}), and quorate looks after one on a machine`
    return { host, message, hint: 'give the others machines of their own first' }
  }
  const settings = settingsOf(process)
  const files = await lookAtFiles(remote, process, settings, signal)
  const bridge = await openBridge(remote, doorOf(process, settings, files), signal)
  const client = connectMember({
    name: host,
    target: { socketPath: bridge.grpc },
    identity: '127.0.0.1',
    tls: undefined,
    timeoutMs: ANSWER_MS,
    signal,
  })
  return { destination, remote, sighting, process, settings, files, bridge, client }
}

/** With TLS where there is a choice: what is served without it may be something else altogether. */
function doorOf(process: EtcdProcess, settings: Settings, files: MemberFiles): MemberDoor {
  const listeners = clientListeners(settings)
  // One for servers alone opens no door; the one for peers is always for both ends.
  const role = isForClients(files.server) ? '' : 'peer-'
  const certificate = pathIn(process, settings[`${role}cert-file`])
  const key = pathIn(process, settings[`${role}key-file`])
  const listener =
    listeners.find(({ tls }) => tls && certificate !== undefined) ?? listeners.find(({ tls }) => !tls)
  const { address = '127.0.0.1', port = 2379, tls = false } = listener ?? {}
  const dialled = servesLoopback({ tls, address, port }) ? '127.0.0.1' : address
  if (!tls || certificate === undefined || key === undefined)
    return { address: dialled, port, tls: undefined }
  const ca = pathIn(process, settings['trusted-ca-file'])
  return { address: dialled, port, tls: { pid: process.pid, ca, certificate, key } }
}

function isForClients(file: MemberFiles['server']): boolean {
  const usages = leafOf(file)?.keyUsage
  return usages === undefined || usages.includes(USAGE_OIDS.clientAuth)
}

function memberList(view: ClusterView): readonly ListedMember[] {
  const lists = reachableOf(view).flatMap(({ list }) => list ?? [])
  return (lists.find(({ linearizable }) => linearizable) ?? lists[0])?.members ?? []
}

function addressOf({ peerUrls }: ListedMember): readonly string[] {
  const [url] = peerUrls
  return url !== undefined && URL.canParse(url) ? [hostOf(new URL(url))] : []
}

function reachableOf(view: ClusterView): readonly ReachableMember[] {
  return view.members.filter((member) => member.reachable)
}

function oneCluster(view: ClusterView): boolean {
  return new Set(reachableOf(view).map(({ clusterId }) => clusterId)).size <= 1
}

function severalClusters(found: readonly Found[], view: ClusterView): BlockReason[] {
  return found.flatMap(({ destination: { host } }, index): BlockReason[] => {
    const member = view.members[index]
    if (member?.reachable !== true) return []
    const message = `it is a member of the cluster ${formatId(member.clusterId)}, and the machines named belong to several`
    return [
      { host, message, hint: 'name machines of one cluster, and adopt each cluster with a file of its own' },
    ]
  })
}

/** Found by the ID that its process says, never by its name or address alone. */
function membersOf(
  found: readonly Found[],
  view: ClusterView,
  listed: readonly ListedMember[],
  names: ReadonlyMap<bigint, NodeName>,
): readonly Member[] {
  // In an order of their own: the list's is by ID, which says nothing to people.
  const byName = listed.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  return byName.flatMap((one): Member[] => {
    const index = view.members.findIndex((member) => member.reachable && member.memberId === one.id)
    const own = found[index]
    const said = view.members[index]
    if (own === undefined || said?.reachable !== true) return []
    const { destination, sighting, process, settings, files } = own
    const { version } = said
    const nameLost = names.get(one.id)?.lost
    return [
      { name: one.name, nameLost, destination, sighting, process, settings, files, listed: one, version },
    ]
  })
}

/** With each member's name in the cluster file in place of that of the machine it was found on. */
function named(view: ClusterView, names: ReadonlyMap<bigint, NodeName>): ClusterView {
  return {
    members: view.members.map((member) => {
      if (!member.reachable) return member
      const list = member.list && { ...member.list, members: withNodeNames(member.list.members, names) }
      return { ...member, name: names.get(member.memberId)?.name ?? member.name, list }
    }),
  }
}
