/** What would be done on which machine so that one node takes the backups, or none does. Pure. */
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

/** @param seen of all nodes that could be looked at @param there of the chosen one */
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

/** This cluster's goes wherever it is. */
export function removalsFor(cluster: Named, seen: readonly ScheduleThere[]): readonly ScheduleChange[] {
  return seen.filter((there) => isOurs(cluster, there)).flatMap((there) => removeChanges(there, 'requested'))
}
