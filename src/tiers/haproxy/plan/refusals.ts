/** Files that another tool, or an operator, has on a service node: they are never overwritten. */
import type { BlockReason } from '../../../engine/step.ts'
import type { Hosts } from '../../../engine/tier.ts'
import type { HostState } from '../../../host/state.ts'
import type { Cluster, Node } from '../../../spec/cluster.ts'
import { addressLike, balances, sharesAddress } from './desired.ts'
import { HAPROXY, KEEPALIVED, writtenFor } from './files.ts'

export function balancerRefusals(cluster: Cluster, hosts: Hosts): readonly BlockReason[] {
  return cluster.nodes.flatMap((node) => {
    const host = hosts[node.name]
    if (host === undefined || !balances(cluster, node)) return []
    const shares = sharesAddress(cluster, node)
    return [
      ...foreign(cluster, host, HAPROXY.unit, HAPROXY.configuration),
      ...portTaken(cluster, host),
      ...(shares ? foreign(cluster, host, KEEPALIVED.unit, KEEPALIVED.configuration) : []),
      ...(shares ? withoutDevice(cluster, node, host) : []),
    ]
  })
}

function foreign({ name }: Cluster, host: HostState, unit: string, path: string): BlockReason[] {
  const state = host.services?.units[unit]
  const masked: BlockReason[] =
    state?.masked === true
      ? [
          {
            host: host.name,
            message: `${unit} is masked, so it can't be started`,
            hint: `on ${host.name}: systemctl unmask ${unit}`,
          },
        ]
      : []
  const file = host.services?.files[path]
  if (file === undefined || file.untouched) return masked
  const owner = file.plain ? writtenFor(file.text) : undefined
  if (owner === name) return masked
  const hint = `if it is not needed any more, on ${host.name}: mv ${path} ${path}.old; otherwise remove managed from loadBalancer in the cluster file`
  const message =
    owner === undefined
      ? `${path} was not written by quorate, and quorate does not overwrite it`
      : `${path} is the load balancer of the cluster ${owner}, and one node balances for one cluster`
  return [...masked, { id: 'file-of-another-tool', host: host.name, message, hint }]
}

function portTaken({ loadBalancer }: Cluster, host: HostState): BlockReason[] {
  const port = loadBalancer?.port ?? 0
  const others = (host.services?.holders[port] ?? []).filter((program) => program !== 'haproxy')
  if (others.length === 0) return []
  return [
    {
      host: host.name,
      message: `${others.join(', ')} listens on port ${port}, where HAProxy is to listen`,
      hint: `stop it, or write another port into loadBalancer.url`,
    },
  ]
}

function withoutDevice({ loadBalancer }: Cluster, node: Node, host: HostState): BlockReason[] {
  const own = addressLike(node, loadBalancer?.virtualAddress ?? '')
  if (host.services === undefined || host.services.devices[own] !== undefined) return []
  return [
    {
      host: host.name,
      message: `no network interface has ${own}, so keepalived can't share an address`,
      hint: `set an address that ${host.name} has in the cluster file, or install iproute2 on ${host.name}`,
    },
  ]
}
