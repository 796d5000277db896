/** What Kubernetes leaves on a node. Only `reset` asks for it. */
import type { ReplyLines } from './node-parts.ts'

export interface RemainsState {
  /** How many pods run, static ones among them. */
  readonly pods: number
  /** How many of pods' volumes are mounted. */
  readonly volumes: number
  /** How many network namespaces pods have. */
  readonly namespaces: number
  /** How many routes lead to other nodes' pods without an interface of flannel. */
  readonly routes: number
  /** Names of network interfaces: `cni0`, `flannel.1`. */
  readonly links: readonly string[]
  /** Where Kubernetes has firewall rules: `ip kube-proxy` of nftables, `iptables-nft`. */
  readonly rules: readonly string[]
  /** Those of the given paths that exist. */
  readonly paths: readonly string[]
}

/** undefined: not asked. */
export function parseRemains(reply: ReplyLines): RemainsState | undefined {
  const lines = reply.all('remains')
  if (lines.length === 0) return undefined
  const of = (what: string) =>
    lines.flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []))
  const count = (what: string) => Number(of(what)[0] ?? 0) || 0
  return {
    pods: count('pods'),
    volumes: count('volumes'),
    namespaces: count('namespaces'),
    routes: count('routes'),
    links: of('link'),
    rules: of('rules'),
    paths: of('path'),
  }
}
