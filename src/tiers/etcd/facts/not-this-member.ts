/** A member that was named by its ID and is not there. */
import { QuorateError } from '../../../errors.ts'
import type { ClusterFacts } from './observed.ts'

/**
 * Why the member with that ID is not made anew on that node. One that nobody has may be gone since an earlier run, which
 * is no fault: it is said, and nothing is done.
 *
 * @throws QuorateError `usage` for what is no ID, or another member's
 */
export function notThisMember(
  node: string,
  named: string,
  id: string,
  { members }: Pick<ClusterFacts, 'members'>,
): string {
  const other = members.find((member) => member.id === named)
  const there = `members: ${members.map((member) => `${member.name || '(not started)'} ${member.id}`).join(', ')}`
  if (other !== undefined)
    throw new QuorateError('usage', `${named} is the ID of ${other.name}, not of ${node}`, { hint: there })
  if (!/^[0-9a-f]{1,16}$/.test(named))
    throw new QuorateError('usage', `'${named}' is not the ID of a member`, { hint: there })
  return `no member has the ID ${named}: it was replaced before, or is mistyped; ${node} is ${id}`
}
