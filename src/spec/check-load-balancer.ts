/** Checks whether HAProxy can run in front of these API servers, if the file asks quorate for it. */
import { isIP, isIPv6 } from 'node:net'
import { normalAddress } from './address.ts'
import { METRICS_PORT } from './check-listeners.ts'
import type { Role } from './cluster.ts'
import { API_PORT, DEFAULTS } from './defaults.ts'
import { endpointOf } from './endpoint.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { checkHttpUrl } from './values.ts'
import { counted } from './units.ts'

type File = Partly<ClusterFile>
type PartlyNode = NonNullable<NonNullable<File['nodes']>[number]>

export function checkLoadBalancer(file: File, report: Reporter): void {
  const { loadBalancer } = file
  if (loadBalancer === undefined) return
  const { url, address, managed = false } = loadBalancer
  if (!managed) {
    if (address === undefined) return
    const message = 'loadBalancer.address: it has an effect only where quorate manages the load balancer'
    report.warning(['loadBalancer', 'address'], message, 'add managed: true, or remove address')
    return
  }
  // An invalid node may be the one that seems to be missing: don't report a wrong problem in addition to the right one.
  const all = file.nodes ?? []
  if (all.some((node) => node?.roles === undefined || node.roles.includes(undefined))) return
  const service = all.filter((node): node is PartlyNode => node?.roles?.includes('service') === true)
  checkNodesBehind(all, service, report)
  if (url !== undefined && checkHttpUrl(url) === undefined) checkUrl(url, address, report)
  if (url !== undefined && checkHttpUrl(url) === undefined)
    checkPort(endpointOf(url).port, file, service, report)
  if (address !== undefined && isIP(address) !== 0) checkAddress(address, all, service, report)
  else if (address === undefined && service.length > 1) {
    const message = `${counted(service.length, 'service node')} and no virtual address: clients must find another one by themselves when one fails`
    report.warning(['loadBalancer', 'managed'], message, 'add loadBalancer.address, which they then share')
  }
}

function checkNodesBehind(
  all: File['nodes'] & object,
  service: readonly PartlyNode[],
  report: Reporter,
): void {
  const path = ['loadBalancer', 'managed']
  if (service.length === 0) {
    const message = 'loadBalancer.managed: no node has the role service, so HAProxy has no place'
    report.error(path, message, 'write roles: [service] on the nodes that carry it, or remove managed')
  }
  if (!all.some((node) => node?.roles?.includes('master'))) {
    const message =
      'loadBalancer.managed: no node has the role master, so HAProxy has no API server to forward to'
    report.warning(path, message, 'add the masters, then run quorate apply')
  }
}

function checkUrl(url: string, address: string | undefined, report: Reporter): void {
  const path = ['loadBalancer', 'url']
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:') {
    const message =
      'loadBalancer.url: HAProxy forwards TLS connections as they are, and API servers speak nothing else'
    report.error(path, message, `write ${url.replace(/^http:/i, 'https:')}`)
  }
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (address === undefined || isIP(host) === 0 || isIP(address) === 0) return
  if (normalAddress(host) === normalAddress(address)) return
  const message = `loadBalancer.url: it leads to ${host}, and the service nodes share ${address}`
  report.error(path, message, `write ${url.replace(hostname, isIPv6(address) ? `[${address}]` : address)}`)
}

/** What else listens at that port of a service node, according to the cluster file. */
function checkPort(port: number, file: File, service: readonly PartlyNode[], report: Reporter): void {
  const {
    clientPort = DEFAULTS.etcd.clientPort,
    peerPort = DEFAULTS.etcd.peerPort,
    metrics,
  } = file.etcd ?? {}
  const taken: readonly { port: number | undefined; role: Role; what: string }[] = [
    { port: API_PORT, role: 'master', what: 'its API server' },
    { port: clientPort, role: 'etcd', what: "etcd's client port" },
    { port: peerPort, role: 'etcd', what: "etcd's peer port" },
    { port: metrics === 'clients' ? undefined : METRICS_PORT, role: 'etcd', what: "etcd's metrics" },
  ]
  for (const { port: other, role, what } of taken) {
    const both = service.find(({ roles }) => roles?.includes(role))
    if (other !== port || both === undefined) continue
    const message = `loadBalancer.url: ${both.name ?? 'a node'} has the roles service and ${role}, and port ${port} there is ${what}`
    const hint = role === 'master' ? 'write another port, like 8443' : 'write another port, like 6443'
    report.error(['loadBalancer', 'url'], message, `${hint}, or give the role service to another node`)
  }
}

function checkAddress(
  address: string,
  all: File['nodes'] & object,
  service: readonly PartlyNode[],
  report: Reporter,
): void {
  const path = ['loadBalancer', 'address']
  const owner = all.find((node) => node !== undefined && addressesOf(node).includes(normalAddress(address)))
  if (owner !== undefined && !(service.length === 1 && service[0] === owner)) {
    const message = `loadBalancer.address: ${address} is the address of ${owner.name ?? 'a node'}, and a virtual address belongs to no single node`
    report.error(path, message, 'write an address of that network which no node has')
    return
  }
  if (owner !== undefined) return
  const [only, ...others] = service
  if (only !== undefined && others.length === 0) {
    const message = `loadBalancer.address: ${address} is not an address of ${only.name ?? 'the service node'}, the only service node`
    report.error(path, message, 'add a second service node, which takes it over, or remove address')
    return
  }
  for (const node of service) {
    const own = addressesOf(node)
    if (own.length === 0 || own.some((one) => isIPv6(one) === isIPv6(address))) continue
    const family = isIPv6(address) ? 'IPv6' : 'IPv4'
    const message = `loadBalancer.address: it is an ${family} address, and ${node.name ?? 'a service node'} has none`
    report.error(
      path,
      message,
      `add an ${family} address to the node's addresses, or write one of the other family`,
    )
  }
}

function addressesOf(node: PartlyNode): readonly string[] {
  return [node.address, ...(node.addresses ?? [])].flatMap((address) =>
    address === undefined || isIP(address) === 0 ? [] : [normalAddress(address)],
  )
}
