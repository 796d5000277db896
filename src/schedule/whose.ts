/** Which cluster a node's schedule belongs to. */
import { outlineOf } from './config.ts'
import { type ScheduleThere, isThere } from './look.ts'

/** Whether it is this cluster's schedule, or a remainder that names no cluster. */
export function isOurs({ name }: { readonly name: string }, there: ScheduleThere): boolean {
  return isThere(there) && (clusterOf(there) ?? name) === name
}

/** undefined: there is no schedule, or it names no cluster. */
export function clusterOf({ config }: ScheduleThere): string | undefined {
  return config === undefined ? undefined : outlineOf(config).cluster
}
