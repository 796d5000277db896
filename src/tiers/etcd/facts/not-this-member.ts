/** A member named by an ID that the cluster doesn't have. */
import { QuorateError } from '../../../errors.ts'
import type { ClusterFacts } from './observed.ts'

/**
 * Why the member with that ID is not replaced on that node. An unknown ID may be the result of an earlier run, which
 * isn't an error: it is reported, and nothing is done.
 *
 * @throws QuorateError `usage` for an invalid ID, or another member's
 */
export function notThisMember(
  node: string,
  named: string,
  id: string,
  { members }: Pick<ClusterFacts, 'members'>,
): string {
  const other = members.find((member) => member.id === named)
  const hint = `use the ID of one of the members: ${members.map((member) => `${member.name || '(not started)'} ${member.id}`).join(', ')}`
  if (other !== undefined)
    throw new QuorateError('usage', `${named} is the ID of ${other.name}, not of ${node}`, {
      id: 'id-of-another-member',
      hint,
    })
  if (!/^[0-9a-f]{1,16}$/.test(named))
    throw new QuorateError('usage', `'${named}' is not the ID of a member`, {
      id: 'not-a-member-id',
      hint,
    })
  return `no member has ID ${named}: it was already replaced, or is mistyped (${node} has ID ${id})`
}
