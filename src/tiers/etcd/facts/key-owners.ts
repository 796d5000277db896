/** Finds the owners of the nodes' keys: a cloned machine has another node's key. */
import type { HostState } from '../../../host/state.ts'
import { describe } from '../../../pki/certificate.ts'
import { firstCertificate } from '../../../pki/check-certificate.ts'
import { canonicalIp } from '../../../pki/names.ts'
import type { CertificateFault } from './observed.ts'
import type { CertificateName } from '../certificate-name.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'

type Hosts = Readonly<Record<string, HostState>>

/**
 * Why the key of a certificate counts as another node's:
 * - the certificate has neither name nor address of this node;
 * - another node has the same key. The one whose certificate names it keeps it; of several the first in the file.
 */
export function keyOwnerFaults(
  cluster: Cluster,
  hosts: Hosts,
  node: Node,
  name: CertificateName,
): readonly CertificateFault[] {
  const own = isNamed(node, hosts[node.name], name)
  const key = hosts[node.name]?.member?.tls.keys[name]
  if (key === undefined || own === undefined) return []
  const nodes = etcdNodes(cluster)
  const owner = nodes.find((other, index) => {
    if (other.name === node.name) return false
    const host = hosts[other.name]
    const names = Object.entries(host?.member?.tls.keys ?? {}).filter(([, text]) => text === key)
    const named = names.some(([one]) => isNamed(other, host, one))
    return named && (!own || index < nodes.findIndex((one) => one.name === node.name))
  })
  if (owner !== undefined)
    return [{ code: 'foreign-key', message: `has the same private key as ${owner.name}` }]
  if (own) return []
  return [{ code: 'foreign-key', message: 'has no name and no address of this node' }]
}

/** undefined: there is no certificate that can be read. Every certificate names the loopback: that says nothing. */
function isNamed(node: Node, host: HostState | undefined, name: string): boolean | undefined {
  const pem = host?.member?.tls.certificates[name]?.pem
  if (pem === undefined) return undefined
  const certificate = firstCertificate(pem)
  if (certificate === undefined) return undefined
  const { commonName, sans } = describe(certificate)
  const names = new Set([node.name, ...node.names].map((text) => text.toLowerCase()))
  const addresses = new Set(
    [node.address, ...node.addresses, ...(host?.member?.addresses ?? [])].map((ip) => canonicalIp(ip) ?? ip),
  )
  return (
    commonName === node.name ||
    sans.dns.some((text) => names.has(text.toLowerCase())) ||
    sans.ips.some((ip) => addresses.has(canonicalIp(ip) ?? ip))
  )
}
