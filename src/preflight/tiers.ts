/** Checks that the ports of products other than etcd are free. */
import type { NodePort } from '../host/needs.ts'
import type { Node } from '../spec/cluster.ts'
import { type Check, judge } from './checks.ts'
import type { HostFacts } from './facts.ts'

export function judgeTierPort(node: Node, { listeners }: HostFacts, wanted: NodePort): Check {
  const check = judge(node.name, wanted.id, wanted.title)
  const found = listeners.filter(({ port }) => port === wanted.port)
  const foreign = found.find(({ process }) => process !== wanted.program)
  const finding = { wanted: `free, or used by ${wanted.program}` }
  if (foreign === undefined)
    return check.ok({ ...finding, found: found.length === 0 ? 'free' : wanted.program })
  const { process = 'an unknown process', unit, pid } = foreign
  const stop = unit?.endsWith('.service') ? `systemctl disable --now ${unit}` : `kill ${pid ?? 'it'}`
  return check.failure({
    ...finding,
    found: `${process} listens on port ${wanted.port}`,
    remedy: `stop it (${stop}), or set \`${wanted.key}\` to another port`,
  })
}
