/** Adds nodes to the text of a cluster file, or only their etcd role, and removes them. */
import { QuorateError } from '../errors.ts'
import type { Path } from './document.ts'
import { type List, keysAt, listAt } from './edit-list.ts'

export type NodeEdit =
  | { readonly kind: 'add-node'; readonly node: NewNode }
  /** Removes it from `nodes`, and from every group. */
  | { readonly kind: 'remove-node'; readonly name: string }
  | { readonly kind: 'add-role'; readonly name: string; readonly role: string }
  | { readonly kind: 'remove-role'; readonly name: string; readonly role: string }

/** With the cluster file's own keys. Undefined ones are not written. */
export interface NewNode {
  readonly name: string
  readonly address: string
  readonly roles: readonly string[]
  readonly ssh?:
    | {
        readonly host?: string | undefined
        readonly user?: string | undefined
        readonly port?: number | undefined
        readonly identityFile?: string | undefined
        readonly jump?: string | undefined
      }
    | undefined
}

/** @throws QuorateError `cluster-file` if the text can't be edited in place, with what to do by hand. */
export function editNodes(text: string, edits: readonly NodeEdit[]): string {
  return edits.reduce(editOne, text)
}

/** A short description of the edit: `etcd04 added (198.18.9.14)`. */
export function describeEdit(edit: NodeEdit): string {
  switch (edit.kind) {
    case 'add-node':
      return `the node ${edit.node.name} (${edit.node.address}) added`
    case 'remove-node':
      return `the node ${edit.name} removed`
    case 'add-role':
      return `the role ${edit.role} given to ${edit.name}`
    case 'remove-role':
      return `the role ${edit.role} taken from ${edit.name}`
  }
}

function editOne(text: string, edit: NodeEdit): string {
  const nodes = listOf(text, ['nodes'], edit)
  if (edit.kind === 'add-node') return nodes.with(written(edit.node))
  const index = nodes.items.findIndex((node) => (node as { readonly name?: unknown }).name === edit.name)
  if (index === -1) throw byHand(edit, `there is no node ${edit.name}`)
  if (edit.kind === 'remove-node') return withoutInGroups(nodes.without(index), edit)
  const roles = listOf(text, ['nodes', index, 'roles'], edit)
  if (edit.kind === 'add-role') return roles.with(edit.role)
  return roles.without(roles.items.indexOf(edit.role))
}

function withoutInGroups(text: string, edit: NodeEdit & { readonly name: string }): string {
  const groups = keysAt(text, 'groups')
  return groups.reduce((all, group) => {
    const members = listAt(all, ['groups', group])
    const index = members?.items.indexOf(edit.name) ?? -1
    if (members === undefined || index === -1) return all
    if (members.items.length === 1) throw byHand(edit, `it is the only node of the group ${group}`)
    return members.without(index)
  }, text)
}

function written({ ssh, ...node }: NewNode): Readonly<Record<string, unknown>> {
  const given = Object.fromEntries(Object.entries(ssh ?? {}).filter(([, value]) => value !== undefined))
  return Object.keys(given).length === 0 ? node : { ...node, ssh: given }
}

function listOf(text: string, path: Path, edit: NodeEdit): List {
  const list = listAt(text, path)
  if (list === undefined) throw byHand(edit, `${path.join('.')} is not a plain list in the file`)
  return list
}

function byHand(edit: NodeEdit, why: string): QuorateError {
  return new QuorateError('cluster-file', `the cluster file can't be edited: ${why}`, {
    id: 'cannot-be-edited',
    hint: `edit it by hand (${describeEdit(edit)}), then: quorate apply`,
  })
}
