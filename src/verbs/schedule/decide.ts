/** Decides what to change on which nodes so that exactly one node takes the backups, or none. Pure. */
import {
  type ScheduleChange,
  type WantedSchedule,
  installChanges,
  removeChanges,
} from '../../schedule/changes.ts'
import type { ScheduleThere } from '../../schedule/look.ts'
import { isOurs } from '../../schedule/whose.ts'

interface Named {
  readonly name: string
}

/** @param seen all nodes that could be inspected @param there the chosen node */
export function changesFor(
  cluster: Named,
  seen: readonly ScheduleThere[],
  { there, wanted }: { readonly there: ScheduleThere; readonly wanted: WantedSchedule },
): readonly ScheduleChange[] {
  const others = seen.filter(({ host }) => host !== there.host).filter((one) => isOurs(cluster, one))
  return [
    ...others.flatMap((one) => removeChanges(one, `${there.host} takes the backups from now on`)),
    ...installChanges(there, wanted),
  ]
}

/** Removes this cluster's schedule from every node that has it. */
export function removalsFor(cluster: Named, seen: readonly ScheduleThere[]): readonly ScheduleChange[] {
  return seen.filter((there) => isOurs(cluster, there)).flatMap((there) => removeChanges(there, 'requested'))
}
