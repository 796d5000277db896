/** Checks that the load balancer's name resolves on the nodes that use it. */
import ipaddr from 'ipaddr.js'
import type { Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

/** The host of the load balancer's URL, without an IPv6 address's brackets; undefined: there is none. */
export function loadBalancerHost(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
}

/** No check where the cluster file has no load balancer. */
export function judgeLoadBalancer(node: Node, facts: HostFacts, host: string | undefined): Check[] {
  if (host === undefined) return []
  const check = judge(node.name, 'load-balancer', 'Load balancer')
  if (ipaddr.isValid(host)) return [check.ok({ found: `${host} is an address` })]
  const wanted = `${host} resolves`
  const { resolved } = facts
  if (resolved !== undefined && resolved.addresses.length > 0) {
    return [check.ok({ found: `${host} is ${resolved.addresses.join(', ')}`, wanted })]
  }
  const found = resolved?.exitCode === 124 ? `no answer for ${host} in 5 s` : `${host} does not resolve`
  const remedy = `add ${host} to DNS or to /etc/hosts on the node, or correct \`loadBalancer.url\` in the cluster file`
  return [check.failure({ found, wanted, remedy })]
}
