/** The lab that a cluster file describes: one machine for each node, at the addresses in the file. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import path from 'node:path'
import ipaddr from 'ipaddr.js'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { type Cluster, type Node, selectNodes } from '../spec/cluster.ts'
import { kubernetesNodes } from '../spec/kubernetes.ts'
import type { LabSpec, MachineSpec } from './spec.ts'
import { tool } from './tool.ts'

export function labFolder(cluster: Cluster): string {
  return path.join(cluster.stateDirectory, 'lab')
}

/**
 * The lab for a cluster. Its users log in with each node's `ssh.identityFile`, which is created if it doesn't exist
 * (ed25519, no passphrase). A user other than root gets sudo without a password. The load balancer's name resolves to
 * the first service node.
 *
 * @throws `lab` if a node has no identity file, or an SSH port other than 22.
 */
export async function labFromCluster(cluster: Cluster): Promise<LabSpec> {
  const networks = new Networks(cluster.nodes.flatMap((node) => [node.address, ...node.addresses]))
  const kubelets = new Set(cluster.kubernetes === undefined ? [] : kubernetesNodes(cluster))
  const machines: MachineSpec[] = []
  // Sequentially, because nodes share identity files.
  for (const node of cluster.nodes) {
    const machine = await machineOf(node, networks)
    machines.push(kubelets.has(node) ? { ...machine, containers: true } : machine)
  }
  return { name: cluster.name, folder: labFolder(cluster), machines, hosts: hostsOf(cluster) }
}

async function machineOf(node: Node, networks: Networks): Promise<MachineSpec> {
  const { identityFile, port, user = userInfo().username } = node.ssh
  if (identityFile === undefined) {
    throw new QuorateError('lab', 'no SSH key is configured, and the lab needs one', {
      host: node.name,
      hint: 'set ssh.identityFile in the cluster file; the lab creates the key if the file does not exist',
    })
  }
  if (port !== undefined && port !== 22) {
    throw new QuorateError(
      'lab',
      `the cluster file sets SSH port ${port}, but sshd in the lab listens on 22`,
      {
        host: node.name,
        hint: 'remove ssh.port from the cluster file of the lab',
      },
    )
  }
  return {
    name: node.name,
    addresses: [...new Set([node.address, ...node.addresses])].map((address) => networks.withPrefix(address)),
    authorizedKeys: [await publicKey(identityFile)],
    ...(user === 'root' ? {} : { users: [{ name: user, sudo: 'passwordless' as const }] }),
  }
}

function hostsOf(cluster: Cluster): Record<string, string> {
  const aliases = cluster.nodes.flatMap((node) =>
    node.names.filter((name) => name !== node.name).map((name) => [name, node.address] as const),
  )
  const balancer = selectNodes(cluster, 'service')[0]
  if (cluster.loadBalancerUrl !== undefined && balancer !== undefined) {
    const { hostname } = new URL(cluster.loadBalancerUrl)
    const known =
      cluster.nodes.some((node) => node.name === hostname) || aliases.some(([name]) => name === hostname)
    if (!known && !ipaddr.isValid(hostname.replace(/^\[|\]$/g, '')))
      aliases.push([hostname, balancer.address])
  }
  return Object.fromEntries(aliases)
}

/** The public half of a private key, which is created if it doesn't exist. */
async function publicKey(identityFile: string): Promise<string> {
  if (!existsSync(identityFile)) {
    await mkdir(path.dirname(identityFile), { recursive: true, mode: 0o700 })
    await tool(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'quorate lab', '-f', identityFile])
  }
  const beside = `${identityFile}.pub`
  if (existsSync(beside)) return (await readText(beside)).trim()
  return (await tool(['ssh-keygen', '-y', '-P', '', '-f', identityFile])).trim()
}

/**
 * A cluster file gives addresses without prefix lengths. All IPv4 addresses of one /16 share the smallest network that
 * contains them, at least a /24. Each IPv6 address is in its /64.
 */
class Networks {
  readonly #ipv4: readonly ipaddr.IPv4[]

  constructor(addresses: readonly string[]) {
    this.#ipv4 = addresses
      .map((address) => ipaddr.parse(address))
      .filter((address) => address instanceof ipaddr.IPv4)
  }

  withPrefix(address: string): string {
    const parsed = ipaddr.parse(address)
    if (!(parsed instanceof ipaddr.IPv4)) return `${parsed.toString()}/64`
    const near = this.#ipv4.filter((other) => other.match(parsed, 16))
    let prefix = 24
    while (prefix > 16 && !near.every((other) => other.match(parsed, prefix))) prefix--
    return `${parsed.toString()}/${prefix}`
  }
}
