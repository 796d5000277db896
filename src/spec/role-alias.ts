/** Accepts Kubernetes' name `control-plane` for the role `master`. */
import { MASTER_ALIAS } from './cluster.ts'

/**
 * A cluster file's data with `master` in its place in the roles of nodes; everything else, valid or not, stays
 * unchanged.
 */
export function withRoles(data: unknown): unknown {
  if (!isMapping(data) || !Array.isArray(data['nodes'])) return data
  return { ...data, nodes: data['nodes'].map((node: unknown) => withOwnRoles(node)) }
}

function withOwnRoles(node: unknown): unknown {
  if (!isMapping(node) || !Array.isArray(node['roles']) || !node['roles'].includes(MASTER_ALIAS)) return node
  return { ...node, roles: node['roles'].map((role: unknown) => (role === MASTER_ALIAS ? 'master' : role)) }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
