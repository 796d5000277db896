/** Checks nodes and groups against each other: unique names, an odd number of etcd nodes, groups of known nodes. */
import { isIP } from 'node:net'
import { normalAddress } from './address.ts'
import { ROLES } from './cluster.ts'
import { nearest } from './nearest.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { checkName } from './values.ts'
import { counted } from './units.ts'

/** Words with a special meaning in selectors. */
const RESERVED: readonly string[] = [...ROLES, 'common']

export const ONE_ETCD_NODE = 'one etcd node: when it is lost, so is the cluster'

export function checkNodes(file: Partly<ClusterFile>, report: Reporter): void {
  checkNames(file, report)
  checkEtcdNames(file, report)
  checkAddresses(file, report)
  checkFurtherNames(file, report)
  checkRoles(file, report)
  checkMembers(file, report)
  checkGroups(file, report)
}

function checkNames(file: Partly<ClusterFile>, report: Reporter): void {
  const first = new Map<string, number>()
  for (const [index, node] of (file.nodes ?? []).entries()) {
    const name = node?.name
    if (name === undefined) continue
    const path = ['nodes', index, 'name']
    const earlier = first.get(name)
    if (earlier === undefined) first.set(name, index)
    else {
      const line = report.lineOf(['nodes', earlier, 'name'])
      report.error(
        path,
        `a second node called ${name}${onLine(line, 'the first is on line')}`,
        'give every node a name of its own',
      )
    }
    if (RESERVED.includes(name)) {
      const what = name === 'common' ? 'the word for all nodes' : 'a role'
      report.error(path, `a node called ${name}, which is ${what}`, `write another name, like ${name}01`)
    }
  }
}

/** etcd knows members by these names: they must be unique, and must not be the name of another node. */
function checkEtcdNames(file: Partly<ClusterFile>, report: Reporter): void {
  const nodes = file.nodes ?? []
  for (const [index, node] of nodes.entries()) {
    const own = node?.etcdName
    if (own === undefined) continue
    const path = ['nodes', index, 'etcdName']
    const namesake = nodes.findIndex((other, at) => at !== index && other?.name === own)
    const earlier = nodes.findIndex((other, at) => at < index && other?.etcdName === own)
    if (namesake !== -1) {
      const line = report.lineOf(['nodes', namesake, 'name'])
      const hint = 'give that node another name, or remove etcdName'
      report.error(path, `${own} is the name of another node${onLine(line, 'line')}`, hint)
    } else if (earlier !== -1) {
      const line = report.lineOf(['nodes', earlier, 'etcdName'])
      const hint = "every member needs its own name in etcd: remove one, and the node's name is used"
      report.error(path, `a second member called ${own} in etcd${onLine(line, 'the first is on line')}`, hint)
    }
  }
}

function checkAddresses(file: Partly<ClusterFile>, report: Reporter): void {
  const first = new Map<
    string,
    { readonly path: (string | number)[]; readonly index: number; readonly name: string }
  >()
  for (const [index, node] of (file.nodes ?? []).entries()) {
    const places = [
      { address: node?.address, path: ['nodes', index, 'address'] },
      ...(node?.addresses ?? []).map((address, at) => ({ address, path: ['nodes', index, 'addresses', at] })),
    ]
    for (const { address, path } of places) {
      if (address === undefined || isIP(address) === 0) continue
      const key = normalAddress(address)
      const earlier = first.get(key)
      if (earlier === undefined) {
        first.set(key, { path, index, name: node?.name ?? `nodes[${index}]` })
        continue
      }
      const line = report.lineOf(earlier.path)
      if (earlier.index === index)
        report.error(path, `${address} appears twice${onLine(line, 'first on line')}`, 'keep one')
      else
        report.error(
          path,
          `${address} is the address of ${earlier.name} too${onLine(line, 'line')}`,
          'give every node an address of its own',
        )
    }
  }
}

function onLine(line: number | undefined, words: string): string {
  return line === undefined ? '' : ` (${words} ${line})`
}

function checkFurtherNames(file: Partly<ClusterFile>, report: Reporter): void {
  const owners = new Map(
    (file.nodes ?? []).flatMap((node, index) =>
      node?.name === undefined ? [] : [[node.name, index] as const],
    ),
  )
  for (const [index, node] of (file.nodes ?? []).entries()) {
    for (const [at, name] of (node?.names ?? []).entries()) {
      const owner = name === undefined ? undefined : owners.get(name.toLowerCase())
      if (owner === undefined || owner === index) continue
      const message = `${name} is another node: with it in its certificate, one could pass for the other`
      report.error(['nodes', index, 'names', at], message, 'remove it')
    }
  }
}

function checkRoles(file: Partly<ClusterFile>, report: Reporter): void {
  for (const [index, node] of (file.nodes ?? []).entries()) {
    for (const [at, role] of (node?.roles ?? []).entries()) {
      if (role !== undefined && node?.roles?.indexOf(role) !== at) {
        report.error(['nodes', index, 'roles', at], `the role ${role} appears twice`, 'keep one')
      }
    }
  }
}

function checkMembers(file: Partly<ClusterFile>, report: Reporter): void {
  const nodes = file.nodes
  if (nodes === undefined) return
  // An invalid list of roles may have been intended to contain etcd: don't report a wrong problem in addition to the
  // right one.
  if (nodes.some((node) => node?.roles === undefined || node.roles.includes(undefined))) return
  const count = nodes.filter((node) => node?.roles?.includes('etcd')).length
  const path = ['nodes']
  if (count === 0) {
    report.error(
      path,
      'no node has the role etcd',
      'write roles: [etcd] on an odd number of nodes, best three',
      'key',
    )
  } else if (count === 1) {
    report.warning(path, ONE_ETCD_NODE, 'three survive the loss of one', 'key')
  } else if (count % 2 === 0) {
    const lost = count / 2 - 1
    const survives = lost === 0 ? 'the loss of none' : `the loss of ${lost}`
    const message = `${counted(count, 'etcd node')} survive ${survives}, no more than ${count - 1} would, and one more can fail`
    report.warning(path, message, `use ${count - 1} or ${count + 1}`, 'key')
  } else if (count > 7) {
    report.warning(
      path,
      `${counted(count, 'etcd node')}: every write waits for ${(count + 1) / 2} of them`,
      'use 3, 5 or 7',
      'key',
    )
  }
}

function checkGroups(file: Partly<ClusterFile>, report: Reporter): void {
  const names = new Set((file.nodes ?? []).flatMap((node) => (node?.name === undefined ? [] : [node.name])))
  const groups = file.groups ?? {}
  for (const [group, members] of Object.entries(groups)) {
    const path = ['groups', group]
    const complaint = checkName(group)
    if (complaint !== undefined) report.error(path, `group ${complaint.message}`, complaint.hint, 'key')
    if (RESERVED.includes(group)) {
      const what = group === 'common' ? 'the word for all nodes' : 'a role'
      report.error(path, `a group called ${group}, which is ${what}`, 'write another name', 'key')
    } else if (names.has(group)) {
      report.error(path, `a group called ${group}, which is a node`, 'write another name', 'key')
    }
    for (const [at, member] of (members ?? []).entries()) {
      if (member === undefined) continue
      if (!names.has(member)) report.error([...path, at], ...unknownMember(group, member, names, groups))
      else if (members?.indexOf(member) !== at)
        report.error([...path, at], `${member} appears twice`, 'keep one')
    }
  }
}

function unknownMember(
  group: string,
  member: string,
  names: ReadonlySet<string>,
  groups: object,
): [string, string] {
  const message = `group ${group} names ${member}, and there is no such node`
  if (RESERVED.includes(member) || Object.hasOwn(groups, member)) {
    return [message, `groups list nodes, not roles or groups: write the nodes of ${member}`]
  }
  const close = nearest(member, names)
  return [
    message,
    close === undefined
      ? `known are ${[...names].join(', ')}`
      : `check the spelling: the closest match is ${close}`,
  ]
}
