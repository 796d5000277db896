/** Values by node, group, role or `all`: which one applies if two selectors match the same node. */
import { type Cluster, MASTER_ALIAS, ROLES } from './cluster.ts'

type Around = Pick<Cluster, 'nodes' | 'groups'>

/** How narrow a selector is, as `selectNodes` reads it: `all` or `common` 0, a role 1, a group 2, a node 3. */
export function specificity(selector: string, { nodes, groups }: Around): 0 | 1 | 2 | 3 {
  if (selector === 'common') return 0
  if ((ROLES as readonly string[]).includes(selector)) return 1
  if (Object.hasOwn(groups, selector)) return 2
  if (nodes.some(({ name }) => name === selector)) return 3
  if (selector === 'all') return 0
  return selector === MASTER_ALIAS ? 1 : 3
}

/** The widest first, so that later ones replace it. */
export function bySpecificity<Value>(
  values: Readonly<Record<string, Value>>,
  around: Around,
): readonly (readonly [selector: string, value: Value])[] {
  return Object.entries(values).toSorted(
    ([one], [other]) => specificity(one, around) - specificity(other, around),
  )
}
