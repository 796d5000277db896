/** What the cluster says of itself after a change of its membership or of its leader. */
import type { ClusterFacts, MemberFacts } from '../facts/observed.ts'
import type { MoveLeaderStep } from './leadership.ts'
import type { MembershipStep } from './steps.ts'
import { UNKNOWN_YET } from '../facts/unknown.ts'

export function predictMembership(facts: ClusterFacts, step: MembershipStep | MoveLeaderStep): ClusterFacts {
  const change = (changes: Partial<MemberFacts>) =>
    facts.members.map((member) => (isMeant(member, step) ? { ...member, ...changes } : member))
  switch (step.kind) {
    case 'move-leader':
      return { ...facts, leader: step.to ?? facts.healthy.find((name) => name !== step.from) }
    case 'member-add': {
      const { peerUrls, learner } = step
      const member = { id: UNKNOWN_YET, name: '', peerUrls, clientUrls: [], learner }
      return { ...facts, members: [...facts.members, member] }
    }
    case 'promote':
      return { ...facts, members: change({ learner: false }), healthy: [...facts.healthy, step.node] }
    case 'member-update':
      return { ...facts, members: change({ peerUrls: step.peerUrls }) }
    case 'member-remove': {
      const members = facts.members.filter((member) => !isMeant(member, step))
      const gone = facts.members.find((member) => isMeant(member, step))
      const left = facts.healthy.filter((name) => name !== gone?.name)
      const leader = facts.leader === gone?.name ? left[0] : facts.leader
      return { ...facts, members, healthy: left, leader }
    }
  }
}

/** IDs of members that do not exist yet are not known, and all alike. */
function isMeant(member: MemberFacts, step: Exclude<MembershipStep, { kind: 'member-add' }>): boolean
function isMeant(member: MemberFacts, step: { readonly kind: string }): boolean
function isMeant(
  member: MemberFacts,
  step: { readonly kind: string; readonly memberId?: string; readonly name?: string; readonly node?: string },
): boolean {
  if (member.id !== step.memberId) return false
  return member.id !== UNKNOWN_YET || member.name === (step.name ?? step.node)
}
