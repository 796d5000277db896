/** Do the etcd nodes reach each other, on both ports and in both directions? */
import type { Cluster, Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

export interface Dial {
  /** `address:port`, IPv6 in brackets. */
  readonly target: string
  /** `silent`: no answer at all within 10 s. */
  readonly outcome: 'open' | 'refused' | 'silent' | 'error'
  /** What openssl said, for `error`. */
  readonly reason: string
}

/** What is needed of an etcd node to judge the way to and from it. */
export interface Reach {
  readonly node: Node
  readonly facts: HostFacts
  readonly dials: readonly Dial[]
}

export function target(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** One check for each ordered pair and port. `reaches` holds the etcd nodes that could be looked at. */
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
  const firewall = `let TCP port ${port} from ${from.node.address} to ${to.node.address} pass the firewalls on both machines and between them`
  switch (dial?.outcome) {
    case 'open':
      return check.ok({ subject, found: 'reached', wanted })
    case 'silent':
      return check.failure({
        subject,
        found: 'no answer in 10 s: a firewall drops it, or there is no way',
        wanted,
        remedy: firewall,
      })
    case 'error':
      return check.failure({ subject, found: dial.reason, wanted, remedy: firewall })
    case 'refused':
      if (answered)
        return check.failure({
          subject,
          found: 'refused on the way: a firewall rejects it',
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
        : 'not known: the machine answers, but nothing could listen there to be reached',
    wanted,
    remedy:
      to.facts.lendingTrouble ?? `put right what else is said of ${to.node.name}, then run preflight again`,
  })
}
