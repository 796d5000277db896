/** Checks that the etcd nodes reach each other on both ports and in both directions. */
import type { Cluster, Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

export interface Dial {
  /** `address:port`, IPv6 in brackets. */
  readonly target: string
  /** `silent`: no answer at all within 10 s. */
  readonly outcome: 'open' | 'refused' | 'silent' | 'error'
  /** The output of openssl, for `error`. */
  readonly reason: string
}

/** What the checks need to know of an etcd node to judge the connections to and from it. */
export interface Reach {
  readonly node: Node
  readonly facts: HostFacts
  readonly dials: readonly Dial[]
}

export function target(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** One check for each ordered pair and port. `reaches` holds the etcd nodes that could be inspected. */
export function judgePeers(cluster: Cluster, reaches: readonly Reach[]): Check[] {
  const ports = [
    { id: 'reach-client', title: `Client port ${cluster.etcd.clientPort}`, port: cluster.etcd.clientPort },
    { id: 'reach-peer', title: `Peer port ${cluster.etcd.peerPort}`, port: cluster.etcd.peerPort },
  ]
  return reaches.flatMap((from) =>
    reaches
      .filter((to) => to !== from)
      .flatMap((to) => ports.map(({ id, title, port }) => judgeWay(id, title, port, from, to))),
  )
}

function judgeWay(id: string, title: string, port: number, from: Reach, to: Reach): Check {
  const check = judge(from.node.name, id, title)
  const subject = `${from.node.name} -> ${to.node.name}`
  const there = target(to.node.address, port)
  const dial = from.dials.find((one) => one.target === there)
  const wanted = `reached from ${from.node.name}`
  const answered =
    to.facts.lent.includes(there) || to.facts.listeners.some((listener) => listener.port === port)
  const firewall = `allow TCP port ${port} from ${from.node.address} to ${to.node.address} in the firewalls on both nodes and between them`
  switch (dial?.outcome) {
    case 'open':
      return check.ok({ subject, found: 'reached', wanted })
    case 'silent':
      return check.failure({
        subject,
        found: 'no answer in 10 s: a firewall drops the packets, or there is no route',
        wanted,
        remedy: firewall,
      })
    case 'error':
      return check.failure({ subject, found: dial.reason, wanted, remedy: firewall })
    case 'refused':
      if (answered)
        return check.failure({
          subject,
          found: 'refused on the route: a firewall rejects the connection',
          wanted,
          remedy: firewall,
        })
      break
    case undefined:
      break
  }
  return check.warning({
    subject,
    found:
      dial === undefined
        ? 'not tried'
        : 'unknown: the node answers, but quorate could not start a listener on it',
    wanted,
    remedy:
      to.facts.lendingTrouble ?? `fix the other problems of ${to.node.name}, then rerun: quorate preflight`,
  })
}
