/** Checks that the networks of pods and Services are large enough, and overlap nothing that nodes must reach. */
import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { KUBERNETES_DEFAULTS } from './defaults.ts'
import { checkNetwork, isNetwork, networksOverlap, prefixOf } from './kubernetes-values.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { counted } from './units.ts'

type File = Partly<ClusterFile>
type Written = NonNullable<File['kubernetes']>

/** A network, and its key in the file. */
interface Place {
  readonly cidr: string
  readonly path: readonly string[]
  /** For the message: `kubernetes.serviceNetwork`. */
  readonly name: string
  readonly standard: boolean
}

/** Limits of kube-apiserver and kubeadm: the tenth address is that of DNS, and more than 2^20 are too many. */
const SERVICE_PREFIXES = { least: 12, most: 28 } as const
/** A smaller network may be too small for the Services, and it can't be changed later. */
const ROOMY_PREFIX = 24
/** kubeadm refuses a node's part if its prefix is longer than the whole network's by more than this many bits. */
const MOST_SHARE_BITS = 16
/** A node's part has its own address, its broadcast address, and the bridge's. */
const NOT_FOR_PODS = 3
/** kubelet's own maxPods. */
const USUAL_PODS = 110

export function checkNetworks(file: File, written: Written, report: Reporter): void {
  checkFlannel(file, written, report)
  const services = place(written, 'serviceNetwork', KUBERNETES_DEFAULTS.serviceNetwork)
  const pods = place(written, 'podNetwork', flannelNetwork(file) ?? KUBERNETES_DEFAULTS.podNetwork)
  if (services !== undefined) {
    checkServices(services, report)
    checkPublic(services, report)
    checkNodes(services, file, report)
  }
  if (pods !== undefined) {
    checkShares(pods, file, written, report)
    checkPublic(pods, report)
    // If it is flannel's network, flannel's own check reports the same at its own key.
    if (!pods.standard || flannelNetwork(file) === undefined) checkNodes(pods, file, report)
  }
  if (pods !== undefined && services !== undefined && networksOverlap(pods.cidr, services.cidr)) {
    const at = services.standard && !pods.standard ? pods : services
    const other = at === pods ? services : pods
    complain(at, `overlaps ${other.name}, ${other.cidr}`, report)
  }
}

/** undefined: the value is not a network, which is already reported. */
function place(written: Written, key: 'serviceNetwork' | 'podNetwork', standard: string): Place | undefined {
  const value = written[key]
  const name = `kubernetes.${key}`
  if (!Object.hasOwn(written, key)) return { cidr: standard, path: ['kubernetes'], name, standard: true }
  if (value === undefined || checkNetwork(value) !== undefined) return undefined
  return { cidr: value, path: ['kubernetes', key], name, standard: false }
}

function flannelNetwork({ network }: File): string | undefined {
  const cidr = network?.Network
  return cidr !== undefined && isNetwork(cidr) ? cidr : undefined
}

function complain({ cidr, path, name, standard }: Place, what: string, report: Reporter): void {
  if (standard) report.error(path, `${name}: its default, ${cidr}, ${what}`, `write ${name}`, 'key')
  else report.error(path, `${name}: ${cidr} ${what}`, 'write another network')
}

function checkFlannel(file: File, written: Written, report: Reporter): void {
  const { network } = file
  const { flannel = KUBERNETES_DEFAULTS.flannel, podNetwork } = written
  if (flannel === 'service' && network === undefined) {
    const message = 'kubernetes.flannel: as a service it reads its network from etcd, and this file has none'
    report.error(
      ['kubernetes', 'flannel'],
      message,
      'write network: { Network: …, Backend: { Type: vxlan } }',
    )
  }
  if (network?.EnableIPv6 === true) {
    const message = 'network.EnableIPv6: quorate sets up Kubernetes with IPv4 alone'
    report.error(['network', 'EnableIPv6'], message, 'remove it')
  }
  const flannels = flannelNetwork(file)
  if (flannel === 'none' || podNetwork === undefined || flannels === undefined || podNetwork === flannels)
    return
  const message = `kubernetes.podNetwork: flannel gives out ${flannels} (network.Network), and pods would have addresses that nothing leads to`
  report.error(['kubernetes', 'podNetwork'], message, 'remove it, or write the same')
}

function checkServices(services: Place, report: Reporter): void {
  const prefix = prefixOf(services.cidr)
  const { least, most } = SERVICE_PREFIXES
  if (prefix < least) complain(services, `is larger than /${least}, which API servers refuse`, report)
  else if (prefix > most)
    complain(services, `is smaller than /${most}: DNS has the tenth of its addresses`, report)
  else if (prefix > ROOMY_PREFIX) {
    const message = `${services.name}: ${services.cidr} has room for ${2 ** (32 - prefix) - 2} Services, and it can't be changed later`
    report.warning(services.path, message, `write a /${ROOMY_PREFIX} or larger`)
  }
}

/**
 * The size of each node's part of the pods' network. With flannel as a service, flannel divides it by its own rules.
 */
function checkShares(pods: Place, file: File, written: Written, report: Reporter): void {
  if (written.flannel === 'service') return
  const key = 'node-cidr-mask-size'
  const path = ['kubernetes', 'controllerManager', 'arguments', key]
  const given = Number(written.controllerManager?.arguments?.[key])
  const asked = file.network?.SubnetLen
  const prefix = prefixOf(pods.cidr)
  const share = Number.isInteger(given) ? given : (asked ?? Math.max(24, prefix + 2))
  if (Number.isInteger(given) && asked !== undefined && asked !== given) {
    const message = `kubernetes.controllerManager.arguments.${key}: ${given}, and network.SubnetLen is ${asked}: both are a node's share of the pods' network`
    report.error(path, message, 'remove one of them')
    return
  }
  const nodes = (file.nodes ?? []).filter((node) =>
    node?.roles?.some((role) => role === 'master' || role === 'worker'),
  ).length
  if (share > 30 || share <= prefix || share - prefix > MOST_SHARE_BITS)
    complain(pods, `can't be divided into a /${share} for each node`, report)
  else if (2 ** (share - prefix) < nodes) {
    const message = `has room for ${counted(2 ** (share - prefix), 'node')} with a /${share} each, and ${nodes} want one`
    complain(pods, message, report)
  } else checkPods(share, written, pods, report)
}

function checkPods(share: number, written: Written, pods: Place, report: Reporter): void {
  const room = 2 ** (32 - share) - NOT_FOR_PODS
  const given = written.kubelet?.configuration?.['maxPods']
  const most = typeof given === 'number' ? given : USUAL_PODS
  if (most <= room) return
  const message = `kubernetes: a node may run ${most} pods, and its /${share} has addresses for ${room}`
  const path = typeof given === 'number' ? ['kubernetes', 'kubelet', 'configuration', 'maxPods'] : pods.path
  report.warning(path, message, `write kubelet: { configuration: { maxPods: ${room} } }, or a larger network`)
}

function checkNodes(network: Place, { nodes, loadBalancer }: File, report: Reporter): void {
  const taken = (nodes ?? []).flatMap((node) =>
    [node?.address, ...(node?.addresses ?? [])].map((address) => ({
      address,
      what: `the address of ${node?.name ?? 'a node'}`,
    })),
  )
  const all = [...taken, { address: loadBalancer?.address, what: 'the virtual address' }]
  const found = all.find(
    ({ address }) =>
      address !== undefined && isIPv4(address) && networksOverlap(network.cidr, `${address}/32`),
  )
  if (found !== undefined) complain(network, `holds ${found.address}, ${found.what}`, report)
}

/** Public addresses that pods could no longer reach. */
function checkPublic({ cidr, path, name }: Place, report: Reporter): void {
  if (ipaddr.IPv4.parse(cidr.split('/')[0] ?? '').range() !== 'unicast') return
  const message = `${name}: ${cidr} are public addresses, and nothing in the cluster could reach their owners`
  report.warning(path, message, 'write a private network, like 10.244.0.0/16')
}
