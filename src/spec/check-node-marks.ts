/** Checks labels and taints: their nodes must exist and run pods, and get only one value for each. */
import { type Cluster, type Node, MASTER_ALIAS, ROLES, selectNodes } from './cluster.ts'
import { kubernetesNodes } from './kubernetes.ts'
import { checkQualifiedName } from './kubernetes-values.ts'
import { nearest } from './nearest.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { specificity } from './selectors.ts'

type File = Partly<ClusterFile>
type Written = NonNullable<File['kubernetes']>
type Around = Pick<Cluster, 'nodes' | 'groups'>

/** Labels that kubelets and controllers set, and would set again. */
const THEIR_LABELS =
  /^((beta\.)?kubernetes\.io\/(hostname|os|arch)|node-role\.kubernetes\.io\/(control-plane|master))$/
const THEIR_TAINTS = /^(node\.kubernetes\.io|node\.cloudprovider\.kubernetes\.io)\//
const MASTER_TAINT = 'node-role.kubernetes.io/control-plane'

export function checkNodeMarks(file: File, { nodeLabels, taints }: Written, report: Reporter): void {
  const around = aroundOf(file)
  const label = onePerNode('nodeLabels', around, report)
  for (const [selector, wanted] of Object.entries(nodeLabels ?? {})) {
    const path = ['kubernetes', 'nodeLabels', selector]
    const nodes = checkSelector(selector, path, around, report)
    for (const [key, value] of Object.entries(wanted ?? {})) {
      checkKey(key, [...path, key], report)
      label(selector, nodes, key, value, [...path, key])
    }
  }
  const taintOnce = onePerNode('taints', around, report)
  for (const [selector, wanted] of Object.entries(taints ?? {})) {
    const path = ['kubernetes', 'taints', selector]
    const nodes = checkSelector(selector, path, around, report)
    for (const [index, taint] of (wanted ?? []).entries()) {
      if (taint?.key === undefined || taint.effect === undefined) continue
      if (THEIR_TAINTS.test(taint.key)) {
        const message = `kubernetes.taints: ${taint.key} is set and removed by Kubernetes, as the node is`
        report.error([...path, index, 'key'], message, 'remove it, or write another key')
      }
      taintOnce(selector, nodes, `${taint.key}:${taint.effect}`, taint.value ?? '', [...path, index])
    }
    warnOfMasters(nodes, wanted, path, report)
  }
}

function checkKey(key: string, path: readonly string[], report: Reporter): void {
  const complaint = checkQualifiedName(key)
  if (complaint !== undefined)
    report.error(path, `kubernetes.nodeLabels: ${complaint.message}`, complaint.hint, 'key')
  else if (THEIR_LABELS.test(key))
    report.error(path, `kubernetes.nodeLabels: ${key} is set by Kubernetes itself`, 'remove it', 'key')
}

/** The selected nodes, without those that run no pods. */
function checkSelector(
  selector: string,
  path: readonly string[],
  around: Around,
  report: Reporter,
): readonly Node[] {
  const all = selectNodes(around, selector)
  const nodes = kubernetesNodes({ nodes: all })
  const words = path.slice(0, 2).join('.')
  const shown = selector.length > 60 ? `${selector.slice(0, 57)}…` : selector
  if (nodes.length > 0) return nodes
  if (all.length > 0) {
    const message = `${words}: ${shown} has neither master nor worker, so it is not a Kubernetes node`
    report.error(path, message, 'name masters or workers', 'key')
  } else if ((ROLES as readonly string[]).includes(selector) || selector === MASTER_ALIAS)
    report.error(path, `${words}: no node has the role ${selector}`, 'remove it', 'key')
  else {
    const known = [...around.nodes.map(({ name }) => name), ...Object.keys(around.groups), ...ROLES, 'all']
    const close = selector.length > 100 ? undefined : nearest(selector, known)
    const hint =
      close === undefined
        ? 'name a node, a group, a role, or all'
        : `check the spelling: the closest match is ${close}`
    report.error(path, `${words}: ${shown} is not a node, group or role of this file`, hint, 'key')
  }
  return []
}

/** A taint in the file for control-plane nodes replaces the taint that keeps pods off them. */
function warnOfMasters(
  nodes: readonly Node[],
  wanted: readonly ({ readonly key?: string | undefined } | undefined)[] | undefined,
  path: readonly string[],
  report: Reporter,
): void {
  const master = nodes.find(({ roles }) => roles.includes('master') && !roles.includes('worker'))
  if (master === undefined || wanted === undefined || wanted.length === 0) return
  if (wanted.some((taint) => taint?.key === MASTER_TAINT)) return
  const message = `kubernetes.taints: ${master.name} is a master, and these stand in place of ${MASTER_TAINT}, which keeps pods off it`
  report.warning(path, message, `add { key: ${MASTER_TAINT}, effect: NoSchedule }`, 'key')
}

type Add = (
  selector: string,
  nodes: readonly Node[],
  key: string,
  value: string | undefined,
  path: readonly (string | number)[],
) => void

/** Finds conflicting values from two selectors of the same kind: two roles or two groups have equal precedence. */
function onePerNode(name: string, around: Around, report: Reporter): Add {
  const seen = new Map<string, { readonly value: string | undefined; readonly selector: string }>()
  return (selector, nodes, key, value, path) => {
    const rank = specificity(selector, around)
    for (const node of nodes) {
      const place = JSON.stringify([rank, node.name, key])
      const earlier = seen.get(place)
      if (earlier === undefined) {
        seen.set(place, { value, selector })
        continue
      }
      if (earlier.selector === selector) {
        report.error(path, `kubernetes.${name}: ${key} appears twice`, 'keep one')
        return
      }
      if (earlier.value === value) continue
      const message = `kubernetes.${name}: ${node.name} gets ${key} from ${earlier.selector} and from ${selector}, with two values`
      report.error(path, message, `write it for ${node.name} by name, or in one of them alone`)
      return
    }
  }
}

/** The part of the cluster that the file describes without faults. */
function aroundOf({ nodes, groups }: File): Around {
  return {
    nodes: (nodes ?? []).flatMap((node) =>
      node?.name === undefined || node.roles === undefined ? [] : [node as unknown as Node],
    ),
    groups: Object.fromEntries(
      Object.entries(groups ?? {}).map(([name, members]) => [
        name,
        (members ?? []).filter((member) => member !== undefined),
      ]),
    ),
  }
}
