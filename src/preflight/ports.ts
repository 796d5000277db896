/** Checks that etcd's address, ports, directories and unit name are free on the node. */
import ipaddr from 'ipaddr.js'
import { type FurtherListener, furtherListeners } from '../etcd/configuration.ts'
import { foreignTroubles, keptDropIns } from '../etcd/foreign-member.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import { OWN_ADDRESS, isWildcard } from '../spec/listen-urls.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts, Listener } from './facts.ts'

export function judgeEtcdPlace(cluster: Cluster, node: Node, facts: HostFacts): Check[] {
  const { clientPort, peerPort } = cluster.etcd
  return [
    judgeOwnAddress(node, facts),
    judgePort(node, facts, clientPort, 'client-port', `Client port ${clientPort}`, 'etcd.clientPort'),
    judgePort(node, facts, peerPort, 'peer-port', `Peer port ${peerPort}`, 'etcd.peerPort'),
    ...furtherListeners(cluster).map((url) => judgeFurther(node, facts, url)),
    judgeLeftovers(cluster, node, facts),
    judgeUnit(cluster, node, facts),
  ]
}

/** etcd binds to the node's address, so the node itself must have it, not a router in front of it. */
function judgeOwnAddress(node: Node, { addresses }: HostFacts): Check {
  const check = judge(node.name, 'own-address', 'Own address')
  const wanted = node.address
  if (addresses === undefined) {
    return check.warning({ found: 'could not be read', wanted, remedy: 'check by hand: ip address' })
  }
  if (addresses.some(({ address }) => sameAddress(address, node.address)))
    return check.ok({ found: node.address, wanted })
  const others = addresses.map(({ address }) => address).filter((address) => !isLocal(address))
  return check.failure({
    found: `the node has ${others.join(', ') || 'none'}`,
    wanted,
    remedy: `give the node ${node.address}, or set the node's \`address\` to one that it has`,
  })
}

function judgePort(
  node: Node,
  facts: HostFacts,
  port: number,
  id: string,
  title: string,
  key: string,
  inTheWayOf: (listener: Listener) => boolean = (listener) => conflicts(listener, node),
): Check {
  const check = judge(node.name, id, title)
  const wanted = 'no listener, or the etcd that quorate set up'
  const inTheWay = facts.listeners.filter((listener) => listener.port === port && inTheWayOf(listener))
  const foreign = inTheWay.find((listener) => !isOurEtcd(listener, facts))
  if (foreign === undefined) return check.ok({ found: inTheWay.length === 0 ? 'free' : 'our etcd', wanted })
  return check.failure({ found: describe(foreign), wanted, remedy: remedyFor(foreign, key) })
}

/** Metrics, or HTTP on a port separate from gRPC. */
function judgeFurther(node: Node, facts: HostFacts, url: FurtherListener): Check {
  const [id, name] = url.use === 'metrics' ? ['metrics-port', 'Metrics port'] : ['http-port', 'HTTP port']
  const own = url.host === OWN_ADDRESS ? node.address : url.host
  return judgePort(node, facts, url.port, id, `${name} ${url.port}`, url.key, ({ address }) => {
    const all = ['*', '0.0.0.0', '::'].includes(address)
    return all || isWildcard(url) || sameAddress(address, own)
  })
}

export function isOurEtcd(listener: Listener, { unit }: HostFacts): boolean {
  return unit.ours && listener.pid !== undefined && listener.pid === unit.mainPid
}

/** Binding to an address fails if a process uses it or the wildcard address; etcd binds to loopback as well. */
function conflicts({ address }: Listener, node: Node): boolean {
  return ['*', '0.0.0.0', '::'].includes(address) || isLoopback(address) || sameAddress(address, node.address)
}

function describe({ address, port, process, pid, unit }: Listener): string {
  const who = process === 'etcd' ? 'a foreign etcd' : (process ?? 'an unknown process')
  const details = [pid === undefined ? '' : `pid ${pid}`, unit ?? ''].filter((detail) => detail !== '')
  const at = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  return `${who}${details.length > 0 ? ` (${details.join(', ')})` : ''} listens on ${at}`
}

function remedyFor({ process, unit, pid }: Listener, key: string): string {
  const stop = unit?.endsWith('.service') ? `systemctl disable --now ${unit}` : `kill ${pid ?? 'it'}`
  if (process === 'etcd')
    return `if that etcd is no longer needed, stop it (${stop}); else set \`${key}\` to another port`
  return `stop it (${stop}), or set \`${key}\` to another port`
}

/** What is found in the directories of a member that quorate set up. */
export const OWN_DATA = 'in use by the etcd of this cluster'

function judgeLeftovers(cluster: Cluster, node: Node, facts: HostFacts): Check {
  const check = judge(node.name, 'leftovers', 'Data directories')
  const { dataDirectory, walDirectory } = cluster.etcd
  const wanted = 'empty, or those of the etcd that quorate set up'
  const taken = [
    ...(facts.dataEntries.length > 0 ? [dataDirectory] : []),
    ...(facts.walEntries.length > 0 ? [walDirectory] : []),
  ]
  if (taken.length === 0) return check.ok({ found: 'empty', wanted })
  if (facts.unit.ours) return check.ok({ found: OWN_DATA, wanted })
  return check.failure({
    found: `${taken.join(' and ')} ${taken.length > 1 ? 'hold' : 'holds'} data that is not from quorate`,
    wanted,
    remedy: `if it is no longer needed, rename it (${taken.map((path) => moveAway(path, facts)).join('; ')}), or set \`etcd.dataDirectory\` and \`etcd.walDirectory\``,
  })
}

/** A mount point can't be renamed. */
function moveAway(path: string, { dataDisk, walDisk }: HostFacts): string {
  const isMount = [dataDisk, walDisk].some((disk) => disk?.mountedOn === path)
  return isMount
    ? `move the contents of the mount point ${path} to another filesystem`
    : `mv ${path} ${path}.old`
}

function judgeUnit(cluster: Cluster, node: Node, { unit }: HostFacts): Check {
  const check = judge(node.name, 'unit', 'etcd.service')
  const wanted = 'none, or the one that quorate wrote'
  if (unit.masked === true) {
    return check.failure({
      found: "masked: it can't be started",
      wanted,
      remedy: 'allow etcd to run on the node: systemctl unmask etcd.service',
    })
  }
  const foreign = { cluster, host: node.name, surroundings: unit.surroundings, unitPath: unit.path }
  const troubles = foreignTroubles(foreign)
  if (troubles.length > 0) {
    return check.failure({
      found: troubles.map(({ message }) => message).join('; '),
      wanted,
      remedy: troubles.map(({ hint }) => hint).join('; '),
    })
  }
  const drops = keptDropIns(foreign)
  const kept = drops.length === 0 ? '' : `; drop-ins that stay: ${drops.join(', ')}`
  if (unit.path === '') return check.ok({ found: `none${kept}`, wanted })
  if (unit.ours) return check.ok({ found: `ours, ${unit.active}${kept}`, wanted })
  return check.warning({
    found: `${unit.path}, ${unit.active}${kept}`,
    wanted,
    remedy:
      'remove this node from the cluster file if that etcd is still used; otherwise quorate replaces its unit',
  })
}

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

function isLocal(address: string): boolean {
  return ipaddr.isValid(address) && ['loopback', 'linkLocal'].includes(ipaddr.process(address).range())
}

function sameAddress(one: string, other: string): boolean {
  if (!ipaddr.isValid(one) || !ipaddr.isValid(other)) return false
  return ipaddr.process(one).toNormalizedString() === ipaddr.process(other).toNormalizedString()
}
