/** Changes of the cluster's membership: one in each stage, and never two within five seconds. */
import type { StepCommon } from '../../../engine/step.ts'
import type { ClusterFacts, MemberFacts } from '../facts/observed.ts'
import { UNKNOWN_YET } from '../facts/unknown.ts'
import { type ClusterKind, type ClusterKinds, ofCluster } from './kind.ts'

interface Common extends StepCommon {
  readonly danger: 'membership'
}

export interface MemberAddStep extends Common {
  readonly kind: 'member-add'
  readonly node: string
  readonly peerUrls: readonly string[]
  readonly learner: boolean
  /** IDs of the expected members; any difference stops the run. */
  readonly members: readonly string[]
}

/** Makes a learner a voting member, once it really has caught up. */
export interface PromoteStep extends Common {
  readonly kind: 'promote'
  readonly node: string
  readonly memberId: string
}

export interface MemberRemoveStep extends Common {
  readonly kind: 'member-remove'
  /** As in the member list; empty: it never started. */
  readonly name: string
  readonly memberId: string
}

/** Announces its new address to the other members. */
export interface MemberUpdateStep extends Common {
  readonly kind: 'member-update'
  readonly node: string
  readonly memberId: string
  readonly peerUrls: readonly string[]
}

export type MembershipStep = MemberAddStep | PromoteStep | MemberRemoveStep | MemberUpdateStep

/** Carries out all of them. */
const perform: ClusterKind<MembershipStep>['perform'] = async (session, observed, step) => {
  const { changeMembership } = await import('../perform/membership.ts')
  await changeMembership(session, observed, step)
}

export const MEMBERSHIP: ClusterKinds<MembershipStep> = {
  'member-add': {
    action: 'create',
    distinguishes: ({ node }) => [node],
    ofCluster: true,
    predict: ofCluster((facts, { peerUrls, learner }) => {
      const member = { id: UNKNOWN_YET, name: '', peerUrls, clientUrls: [], learner }
      return { ...facts, members: [...facts.members, member] }
    }),
    perform,
    simulate: (cluster, { node, peerUrls: [url = ''], learner, members }) =>
      cluster.addMember(node, url, learner, members),
  },

  promote: {
    action: 'change',
    distinguishes: ({ node }) => [node],
    ofCluster: true,
    predict: ofCluster((facts, step) => ({
      ...changed(facts, step, { learner: false }),
      healthy: [...facts.healthy, step.node],
    })),
    perform,
    simulate: (cluster, { memberId }) => cluster.promoteMember(memberId),
  },

  'member-remove': {
    action: 'remove',
    distinguishes: ({ memberId }) => [memberId],
    ofCluster: true,
    predict: ofCluster((facts, step) => {
      const gone = facts.members.find((member) => isMeant(member, step))
      const healthy = facts.healthy.filter((name) => name !== gone?.name)
      const members = facts.members.filter((member) => member !== gone)
      const leader = facts.leader === gone?.name ? healthy[0] : facts.leader
      const leading = facts.leading === gone?.name ? leader : facts.leading
      return { ...facts, members, healthy, leader, leading }
    }),
    perform,
    simulate: (cluster, { memberId }) => cluster.removeMember(memberId),
  },

  'member-update': {
    action: 'change',
    distinguishes: ({ node }) => [node],
    predict: ofCluster((facts, step) => changed(facts, step, { peerUrls: step.peerUrls })),
    perform,
    simulate: (cluster, { memberId, peerUrls: [url = ''] }) => cluster.updateMember(memberId, url),
  },
}

type ExistingStep = Exclude<MembershipStep, MemberAddStep>

function changed(facts: ClusterFacts, step: ExistingStep, changes: Partial<MemberFacts>): ClusterFacts {
  const members = facts.members.map((member) => (isMeant(member, step) ? { ...member, ...changes } : member))
  return { ...facts, members }
}

/** IDs of members that don't exist yet are unknown: all are the same placeholder. */
function isMeant(member: MemberFacts, step: ExistingStep): boolean {
  if (member.id !== step.memberId) return false
  return member.id !== UNKNOWN_YET || member.name === ('name' in step ? step.name : step.node)
}
