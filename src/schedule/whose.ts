/** Whose schedule lies on a machine. */
import { outlineOf } from './config.ts'
import { type ScheduleThere, isThere } from './look.ts'

/** Whether it is this cluster's, or what is left of one that does not say whose it is. */
export function isOurs({ name }: { readonly name: string }, there: ScheduleThere): boolean {
  return isThere(there) && (clusterOf(there) ?? name) === name
}

/** undefined: there is none, or it does not say. */
export function clusterOf({ config }: ScheduleThere): string | undefined {
  return config === undefined ? undefined : outlineOf(config).cluster
}
