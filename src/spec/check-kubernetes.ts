/** Checks whether this cluster can run Kubernetes, if the file asks for it. */
import { isIP, isIPv6 } from 'node:net'
import { checkDays } from './check-choices.ts'
import { checkContainerd } from './check-containerd.ts'
import { checkNetworks } from './check-kubernetes-networks.ts'
import { checkKubernetesSettings } from './check-kubernetes-settings.ts'
import { checkNodeMarks } from './check-node-marks.ts'
import { checkRelease, oneOf } from './check-release.ts'
import type { Role } from './cluster.ts'
import { API_PORT, DEFAULTS } from './defaults.ts'
import { endpointOf } from './endpoint.ts'
import { checkEtcdForKubernetes } from './kubernetes-versions.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { checkHttpUrl, checkVersion } from './values.ts'

type File = Partly<ClusterFile>
type PartlyNode = NonNullable<NonNullable<File['nodes']>[number]>

export function checkKubernetes(file: File, report: Reporter): void {
  const { kubernetes, nodes } = file
  if (kubernetes === undefined) return
  checkSource(kubernetes.source, report)
  checkContainerd(kubernetes.containerd, report)
  checkFlannel(kubernetes, report)
  checkEndpoint(file, report)
  checkEtcdVersion(file, report)
  if (kubernetes.pki?.days !== undefined)
    checkDays(['kubernetes', 'pki', 'days'], kubernetes.pki.days, report)
  checkKubernetesSettings(kubernetes, report)
  // An invalid node may be the one that seems to be missing: don't report a wrong problem in addition to the right one.
  const known = (nodes ?? []).flatMap((node) => (hasRoles(node) ? [node] : []))
  if (nodes === undefined || known.length < nodes.length) return
  checkRoles(known, report)
  checkNodeNames(file, report)
  checkNodeAddresses(file, report)
  checkPorts(file, known, report)
  checkNetworks(file, kubernetes, report)
  checkNodeMarks(file, kubernetes, report)
}

function hasRoles(node: PartlyNode | undefined): node is PartlyNode {
  return node?.roles !== undefined && !node.roles.includes(undefined)
}

function checkSource(source: NonNullable<File['kubernetes']>['source'], report: Reporter): void {
  if (typeof source !== 'object') return
  const path = ['kubernetes', 'source']
  oneOf(path, source, ['release', 'modules', 'folder'], report)
  const { release, modules } = source
  if (release !== undefined) {
    const place = [...path, 'release']
    checkRelease(place, release, 'a program', report)
    for (const key of ['url', 'checksums'] as const) {
      if (release[key] === undefined || release[key].includes('{program}')) continue
      const message = `kubernetes.source.release.${key}: without {program} all programs would be the same file`
      report.error([...place, key], message, 'write {program} where the name of the program stands')
    }
    const plain = (['url', 'mirror'] as const).find((key) => /^http:/i.test(release[key] ?? ''))
    if (plain !== undefined) {
      const message = `kubernetes.source.release.${plain}: over http anyone on the network path can serve other programs together with their checksums, and they run as root on every node`
      report.warning([...place, plain], message, 'write https')
    }
  }
  if (modules?.checksumDatabase === false) {
    const message =
      'kubernetes.source.modules.checksumDatabase: without the checksum database the module proxy can serve any program as Kubernetes, and it runs as root on every node'
    report.warning([...path, 'modules', 'checksumDatabase'], message, 'remove the key')
  }
}

/** The flanneld program is only available from a local build, or from a bundle of one. */
function checkFlannel({ source, flannel }: NonNullable<File['kubernetes']>, report: Reporter): void {
  const released = typeof source === 'object' ? source.release !== undefined : source !== 'modules'
  if (flannel !== 'service' || !released) return
  const message =
    'kubernetes.flannel: as a service it needs the program flanneld, which is in no release of Kubernetes'
  report.error(['kubernetes', 'flannel'], message, 'write flannel: daemonset, or source: modules')
}

/** Certificates, kubeconfigs and kubeadm's configuration all contain it, so it is hard to change later. */
function checkEndpoint({ loadBalancer, nodes }: File, report: Reporter): void {
  const url = loadBalancer?.url
  if (loadBalancer === undefined || !Object.hasOwn(loadBalancer, 'url')) {
    const message =
      'kubernetes needs loadBalancer.url: nodes and clients find the API servers by that name from the first day, and it is hard to change later'
    report.error(['kubernetes'], message, 'write loadBalancer: { url: https://NAME:6443 }', 'key')
    return
  }
  if (url === undefined || checkHttpUrl(url) !== undefined) return
  const path = ['loadBalancer', 'url']
  const { host } = endpointOf(url)
  if (isIP(host) !== 0) {
    const message = `loadBalancer.url: ${host} is an address, and Kubernetes needs a name: it stands in every certificate and kubeconfig, and could not move to another node`
    report.error(path, message, 'write a DNS name that all nodes resolve to it')
  } else if (/^http:/i.test(url) && loadBalancer.managed !== true) {
    const message = 'loadBalancer.url: API servers speak TLS alone'
    report.error(path, message, `write ${url.replace(/^http:/i, 'https:')}`)
  }
  const namesake = nodes?.find((node) => node?.name === host)
  const role = (['master', 'etcd'] as const).find((one) => namesake?.roles?.includes(one))
  if (namesake === undefined || namesake.roles?.includes('service') === true || role === undefined) return
  const message = `loadBalancer.url: ${host} is ${role === 'master' ? 'a control-plane node' : 'an etcd node'}: without that node, clients can't reach the other API servers`
  report.warning(path, message, 'write the name of a load balancer, such as that of a service node')
}

function checkEtcdVersion({ etcd }: File, report: Reporter): void {
  const version = etcd?.version
  if (version === undefined || checkVersion(version) !== undefined) return
  const complaint = checkEtcdForKubernetes(version)
  if (complaint !== undefined)
    report.error(['etcd', 'version'], `etcd.version: ${complaint.message}`, complaint.hint)
}

function checkRoles(nodes: readonly PartlyNode[], report: Reporter): void {
  const count = (role: Role) => nodes.filter(({ roles }) => roles?.includes(role)).length
  const masters = count('master')
  if (masters === 0) {
    const message = 'kubernetes: no node has the role master, so its control plane has no place'
    report.error(['kubernetes'], message, 'write roles: [master] on two or more nodes', 'key')
  } else if (masters === 1) {
    const message = 'kubernetes: one master: while it is away, nothing in the cluster can be changed'
    report.warning(['kubernetes'], message, 'give a second node the role master', 'key')
  }
  if (count('worker') > 0) return
  const message = 'kubernetes: no node has the role worker: no pod of yours will run'
  report.warning(
    ['kubernetes'],
    message,
    'write roles: [worker], on a master too if it is to run pods',
    'key',
  )
}

/** X.509 limits common names to 64 characters (RFC 5280, ub-common-name), and a kubelet's is `system:node:NAME`. */
const LONGEST_NODE_NAME = 64 - 'system:node:'.length

function checkNodeNames({ nodes }: File, report: Reporter): void {
  for (const [index, node] of (nodes ?? []).entries()) {
    if (node?.name === undefined || node.name.length <= LONGEST_NODE_NAME || !isKubernetes(node)) continue
    const message = `node ${node.name}: its name is longer than ${LONGEST_NODE_NAME} characters, for which a kubelet's certificate has room`
    report.error(['nodes', index, 'name'], message, 'write a shorter name')
  }
}

/** IPv6 only and dual stack were never tested, so they are refused. */
function checkNodeAddresses({ nodes }: File, report: Reporter): void {
  for (const [index, node] of (nodes ?? []).entries()) {
    if (node?.address === undefined || !isIPv6(node.address) || !isKubernetes(node)) continue
    const message = `node ${node.name ?? index}, address: quorate sets up Kubernetes with IPv4 alone`
    report.error(['nodes', index, 'address'], message, 'write its IPv4 address, and this one under addresses')
  }
}

function isKubernetes({ roles }: PartlyNode): boolean {
  return roles?.includes('master') === true || roles?.includes('worker') === true
}

/** Ports of Kubernetes' programs on every node, and of the control plane on its nodes. */
const NODE_PORTS: Readonly<Record<number, string>> = {
  10248: "the kubelet's health",
  10249: "kube-proxy's metrics",
  10250: 'the kubelet',
  10256: "kube-proxy's health",
}
const MASTER_PORTS: Readonly<Record<number, string>> = {
  ...NODE_PORTS,
  [API_PORT]: 'the API server',
  10257: 'the controller-manager',
  10259: 'the scheduler',
}

function checkPorts({ etcd, loadBalancer }: File, nodes: readonly PartlyNode[], report: Reporter): void {
  const { clientPort = DEFAULTS.etcd.clientPort, peerPort = DEFAULTS.etcd.peerPort } = etcd ?? {}
  const { url, managed = false } = loadBalancer ?? {}
  checkPort('etcd', ['etcd', 'clientPort'], clientPort, nodes, report)
  checkPort('etcd', ['etcd', 'peerPort'], peerPort, nodes, report)
  if (!managed || url === undefined || checkHttpUrl(url) !== undefined) return
  const { port } = endpointOf(url)
  // The load balancer's own check covers the API server.
  if (port !== API_PORT) checkPort('service', ['loadBalancer', 'url'], port, nodes, report)
}

/** Whether a node that listens at this port for another role also runs Kubernetes. */
function checkPort(
  role: Role,
  path: readonly string[],
  port: number,
  nodes: readonly PartlyNode[],
  report: Reporter,
): void {
  for (const node of nodes) {
    if (!isKubernetes(node) || node.roles?.includes(role) !== true) continue
    const what = (node.roles.includes('master') ? MASTER_PORTS : NODE_PORTS)[port]
    if (what === undefined) continue
    const message = `${path.join('.')}: on ${node.name ?? 'a node'} port ${port} belongs to ${what}`
    return report.error(path, message, 'write another port')
  }
}
