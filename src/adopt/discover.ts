/** From one node to the whole cluster: what runs on it, its members, and what each member's node shows. */
import { combineErrors } from '../errors.ts'
import {
  type ClusterView,
  type MemberView,
  type ReachableMember,
  formatId,
  readClusterView,
} from '../etcd/view.ts'
import type { ListedMember } from '../etcd/listed-member.ts'
import type { BlockReason } from '../engine/step.ts'
import { onAll } from '../ssh/fleet.ts'
import type { Remote } from '../ssh/remote.ts'
import type { FailureKind } from '../etcd/failure.ts'
import { atPort, choose, evidentCluster } from './choose.ts'
import { type Contents, readContents } from './contents.ts'
import type { Destination, Member } from './member.ts'
import { type NodeName, nodeNames, withNodeNames } from './node-names.ts'
import { hostOf, readingOf, settingsOf } from './settings.ts'
import { type Found, type Visit, closeFound, visit } from './visit.ts'

export interface DiscoverOptions {
  readonly destinations: readonly Destination[]
  /** If several etcd processes run on a node, the one that serves clients at this port. */
  readonly clientPort: number | undefined
  /** Makes sure that host keys are trusted, then connects to all of them. */
  readonly connect: (destinations: readonly Destination[]) => Promise<readonly Remote[]>
  /** For members that the operator didn't name: how a node with this address is reached. */
  readonly destinationOf: (address: string) => Destination
  readonly signal: AbortSignal
}

export interface Discovery extends AsyncDisposable {
  /** At most one for each node. */
  readonly found: readonly Found[]
  readonly view: ClusterView
  /** All members in the cluster's list, whether found or not. */
  readonly listed: readonly ListedMember[]
  /** The members that were found and belong to the cluster. */
  readonly members: readonly Member[]
  /** undefined: no member answers. */
  readonly contents: Contents | undefined
  /** Why the discovery is incomplete; empty: it is complete. */
  readonly troubles: readonly BlockReason[]
}

/** How a request fails that waits for a missing leader. */
const WITHOUT_LEADER: ReadonlySet<FailureKind> = new Set(['unavailable', 'deadline'])

/** @throws QuorateError of all nodes that can't be reached or inspected, at once */
export async function discover(options: DiscoverOptions): Promise<Discovery> {
  const visits: Visit[] = []
  const close = async () => await closeFound(visits.flatMap(({ found }) => found))
  try {
    await visitAll(options.destinations, visits, options)
    let { found, view, troubles } = await chosenAmong(visits, options)
    const listed = memberList(view)
    const known = new Set(reachableOf(view).map(({ memberId }) => memberId))
    const others = oneCluster(view)
      ? listed.filter(({ id, name }) => !known.has(id) && name !== '').flatMap(addressOf)
      : []
    const before = new Set(options.destinations.map(({ host }) => host))
    const unvisited = [...new Set(others)].filter((address) => !before.has(address))
    if (unvisited.length > 0) {
      await visitAll(unvisited.map(options.destinationOf), visits, options)
      ;({ found, view, troubles } = await chosenAmong(visits, options, reachableOf(view)[0]?.clusterId))
    }
    const contents = await contentsOf(found, view, options.signal)
    const more = oneCluster(view) ? sameMember(found, view) : severalClusters(found, view)
    const names = nodeNames(listed)
    const renamed = withNodeNames(listed, names)
    return {
      found,
      view: named(view, names),
      listed: renamed,
      members: membersOf(found, view, renamed, names),
      contents,
      troubles: [...troubles, ...more],
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Chosen {
  readonly found: readonly Found[]
  /** Of these members, in the same order. */
  readonly view: ClusterView
  readonly troubles: readonly BlockReason[]
}

/** Asks every etcd process that was found, and chooses one on each node. */
async function chosenAmong(
  visits: readonly Visit[],
  { clientPort, signal }: DiscoverOptions,
  clusterId?: bigint,
): Promise<Chosen> {
  const all = visits.flatMap(({ found }) => found)
  const asked = await readClusterView(
    all.map(({ client }) => client),
    signal,
  )
  const seen = all.flatMap((found, index) => {
    const view = asked.members[index]
    return view === undefined ? [] : [{ ...found, found, view }]
  })
  const machines = visits.map((visited) => {
    const own = seen.filter(({ found }) => visited.found.includes(found))
    return { ...visited, port: atPort(visited.destination.host, own, clientPort) }
  })
  const wanted = clusterId ?? evidentCluster(machines.map(({ port }) => port.chosen))
  const choices = machines.map(({ destination, facts, port }) =>
    choose(destination.host, facts, port.chosen, wanted),
  )
  const chosen = choices.flatMap((choice) => choice.chosen)
  return {
    found: chosen.map(({ found }) => found),
    view: { members: chosen.map(({ view }): MemberView => view) },
    troubles: [
      // A process that can't be read could be the one to adopt, unless its port rules that out.
      ...machines.flatMap((one) =>
        clientPort === undefined || one.port.chosen.length === 0 ? one.troubles : [],
      ),
      ...machines.flatMap(({ port }) => port.troubles),
      ...choices.flatMap((choice) => choice.troubles),
    ],
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
  // Without a leader, these requests would time out one after the other, and the missing leader alone is an obstacle.
  if (!said.read.answered && WITHOUT_LEADER.has(said.read.reason.kind)) return undefined
  return await readContents({ ...own, version: said.version }, signal)
}

/** Adds what it finds to `visits`. Doesn't visit a node twice, whatever its name. */
async function visitAll(
  destinations: readonly Destination[],
  visits: Visit[],
  options: DiscoverOptions,
): Promise<void> {
  const each = [...new Map(destinations.map((one) => [one.host, one])).values()]
  const remotes = await options.connect(each)
  const work = each.map((destination, index) => ({
    name: destination.host,
    destination,
    remote: remotes[index],
  }))
  const { results, errors } = await onAll(work, async ({ destination, remote }) => {
    if (remote === undefined) throw new TypeError(`${destination.host} is not connected`)
    return await visit(destination, remote, options.signal)
  })
  const twice: Visit[] = []
  for (const { value } of results) {
    const { machine } = value.facts
    const before = machine !== '' && visits.some(({ facts }) => facts.machine === machine)
    ;(before ? twice : visits).push(value)
  }
  await closeFound(twice.flatMap(({ found }) => found))
  if (errors.length > 0) throw combineErrors(errors)
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
    const message = `the member belongs to the cluster ${formatId(member.clusterId)}, and the given nodes belong to several clusters`
    return [
      {
        id: 'several-clusters',
        host,
        message,
        hint: 'name nodes of one cluster, and adopt each cluster with a separate file',
      },
    ]
  })
}

/** The etcd processes of two nodes claim to be the same member: at most one of them is. */
function sameMember(found: readonly Found[], view: ClusterView): BlockReason[] {
  const by = Map.groupBy(reachableOf(view), ({ memberId }) => memberId)
  return [...by].flatMap(([id, same]): BlockReason[] => {
    if (same.length === 1) return []
    const hosts = found.flatMap(({ destination: { host } }, index) => {
      const member = view.members[index]
      return member?.reachable === true && member.memberId === id ? [host] : []
    })
    const message = `${hosts.join(' and ')} show the same member, ${formatId(id)}: one may be a copy of the other`
    return [{ message, hint: 'stop etcd on the copy and disable it: a member must run only once' }]
  })
}

/** Identified by the ID that its process reports, never only by name or address. */
function membersOf(
  found: readonly Found[],
  view: ClusterView,
  listed: readonly ListedMember[],
  names: ReadonlyMap<bigint, NodeName>,
): readonly Member[] {
  // Sorted by name, because the list's order by ID has no meaning for operators.
  const byName = listed.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  return byName.flatMap((one): Member[] => {
    const index = view.members.findIndex((member) => member.reachable && member.memberId === one.id)
    const own = found[index]
    const said = view.members[index]
    if (own === undefined || said?.reachable !== true) return []
    const { destination, facts, process, files } = own
    const { version } = said
    const nameLost = names.get(one.id)?.lost
    // Read again with the rules of this version, which was not known before the process answered.
    const settings = settingsOf(process, version)
    const { passedOver } = readingOf(process, version)
    const read = { process, settings, passedOver, files }
    return [{ name: one.name, nameLost, destination, facts, ...read, listed: one, version }]
  })
}

/** The view with each member's name in the cluster file instead of the node that it was found on. */
function named(view: ClusterView, names: ReadonlyMap<bigint, NodeName>): ClusterView {
  return {
    members: view.members.map((member) => {
      if (!member.reachable) return member
      const list = member.list && { ...member.list, members: withNodeNames(member.list.members, names) }
      return { ...member, name: names.get(member.memberId)?.name ?? member.name, list }
    }),
  }
}
