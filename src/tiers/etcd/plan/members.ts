/**
 * Adds and removes members: one at a time, through a learner, and never with a loss of quorum.
 *
 * Source of the rules: etcd's design of learners and its runtime reconfiguration. A dead member is removed before
 * another is added, because it counts in the quorum. A live one is removed only after the new member has its vote.
 */
import { peerUrl } from '../../../etcd/configuration.ts'
import { supportsLearners } from '../../../etcd/versions.ts'
import { type MemberState, PATHS } from '../../../host/state.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { withinOf } from './aside.ts'
import type { MemberFacts } from '../facts/observed.ts'
import { configurationSteps } from './prepare.ts'
import { joiningFiles } from './member-files.ts'
import { mayAdd, mayRemove, quorum } from '../facts/quorum.ts'
import { addressTaken, heirOf } from './roll.ts'
import { type Roster, initialCluster, isNeverStarted, isReplaced } from '../facts/membership-map.ts'
import type { Scene, Rule, RuleAnswer } from './rule.ts'
import { opening, startOf } from './start.ts'
import type { BlockReason } from '../../../engine/step.ts'
import type { HostStep, Step } from '../steps/steps.ts'
import { counted } from '../../../spec/units.ts'

/** Useless members: those that were added but never started, dead ones, and those to replace. */
export const depart: Rule = (scene) => {
  const { intent, observed, roster } = scene
  const facts = observed.cluster
  // Without a leader nothing can be changed, and without a linearizable read the list may be outdated; waiting comes
  // next.
  if (roster === undefined || facts?.leader === undefined || facts.healthy.length === 0) return []
  const ghost = roster.others.find((member) => isNeverStarted(member) || member.learner)
  if (ghost !== undefined)
    return removal(scene, roster, ghost, 'it was added, but no node of the cluster file matches it')
  for (const [host, member] of roster.members) {
    const state = observed.hosts[host]?.member
    if (state === undefined) continue
    const runs = state.unit.active !== 'inactive' && state.unit.active !== 'failed'
    if (isNeverStarted(member) && !runs && isUsed(state)) {
      return removal(scene, roster, member, `it never started, and ${host} holds data of an earlier member`)
    }
    if (!isReplaced(intent, host, member)) continue
    const why = 'its data is to be replaced'
    if (runs && !facts.healthy.includes(host)) return [stopStep(host, why)]
    return handedOver(scene, roster, host) ?? removal(scene, roster, member, why)
  }
  const dead = roster.others.find(({ name }) => !facts.healthy.includes(name))
  if (dead === undefined) return []
  return removal(scene, roster, dead, 'it is not in the cluster file and does not answer')
}

/**
 * An added member is started, whatever the others' state is. Before etcd 3.4 it votes from the first moment: a single
 * member that has added a second one serves no client until that one runs.
 */
export const arrive: Rule = (scene) => {
  const { intent, observed, roster } = scene
  for (const node of etcdNodes(intent.cluster)) {
    const member = roster?.members.get(node.name)
    const state = observed.hosts[node.name]?.member
    if (member === undefined || !isNeverStarted(member) || state === undefined) continue
    if (isUp(state) || !isUsed(state)) return joinSteps(scene, node)
    // It got as far as its first start, and without a leader it can't be removed and added again.
    const marked = state.contents[PATHS.clusterId] !== undefined
    if (observed.cluster?.leader === undefined && !marked) return joinSteps(scene, node)
  }
  if (roster === undefined || observed.cluster === undefined || observed.cluster.leader !== undefined)
    return []
  const ghost = roster.others.find((member) => isNeverStarted(member) && !member.learner)
  return ghost === undefined ? [] : { blocked: [awaitedGhost(roster, ghost)] }
}

/** It can't be removed without a quorum, and there is no quorum without it. */
function awaitedGhost({ voters }: Roster, { peerUrls }: MemberFacts): BlockReason {
  return {
    id: 'added-member-is-awaited',
    message: `no quorum: ${quorum(voters)} of ${counted(voters, 'voting member')} must agree, but the one added for ${peerUrls.join(', ')} never started`,
    hint: 'add the node with that address to the cluster file (roles: [etcd]) and run quorate apply; remove it again once there is a quorum',
  }
}

/** New members: an unfinished addition is completed first. */
export const join: Rule = (scene) => {
  const { intent, observed, roster } = scene
  const facts = observed.cluster
  if (roster === undefined || facts?.leader === undefined) return []
  const nodes = etcdNodes(intent.cluster)
  for (const node of nodes) {
    const member = roster.members.get(node.name)
    if (member === undefined) continue
    if (member.learner) return promotion(scene, roster, node, member)
  }
  const newcomer = nodes.find((node) => !roster.members.has(node.name))
  if (newcomer === undefined) return []
  const state = observed.hosts[newcomer.name]?.member
  if (state === undefined) throw new TypeError(`${newcomer.name} was not observed`)
  const taken = addressTaken(scene, roster, newcomer)
  if (taken !== undefined) return taken
  return isUsed(state) ? clearing(scene, newcomer.name, state) : addition(scene, roster, newcomer)
}

/** Live members that the file no longer lists: only after all others have their votes. */
export const leave: Rule = (scene) => {
  const { observed, roster } = scene
  const leader = observed.cluster?.leader
  if (roster === undefined || leader === undefined) return []
  const member = roster.others.find(({ name }) => name !== leader) ?? roster.others[0]
  if (member === undefined) return []
  const why = 'the cluster file does not list it as an etcd node'
  return handedOver(scene, roster, member.name) ?? removal(scene, roster, member, why)
}

/** Moves leadership away from a member that is about to leave: an election would delay all clients. */
function handedOver(scene: Scene, roster: Roster, name: string): Step[] | undefined {
  const facts = scene.observed.cluster
  if (facts?.leader !== name) return undefined
  const to = heirOf(scene, roster, facts)
  if (to === undefined) return undefined
  const why = `${name} is the leader and leaves the cluster`
  return [{ kind: 'move-leader', from: name, to, what: `make ${to} the leader`, why, danger: 'none' }]
}

function removal(scene: Scene, roster: Roster, member: MemberFacts, why: string): RuleAnswer {
  const healthy = scene.observed.cluster?.healthy ?? []
  const node = [...roster.members].find(([, { id }]) => id === member.id)?.[0]
  const isHealthy = healthy.includes(node ?? member.name)
  const who = member.name === '' ? `member ${member.peerUrls.join(', ')}` : (node ?? member.name)
  if (!member.learner && !mayRemove(roster.voters, roster.healthy, isHealthy)) {
    const rest = isHealthy ? roster.healthy - 1 : roster.healthy
    return {
      blocked: [
        {
          id: 'quorum-would-be-lost',
          message: `can't remove ${who}: that would leave ${counted(rest, 'healthy member')} of ${roster.voters - 1}, ${quorum(Math.max(1, roster.voters - 1))} needed`,
          hint: 'bring the other members back first; see quorate status',
          putsOff: true,
        },
      ],
    }
  }
  return [
    {
      kind: 'member-remove',
      name: member.name,
      memberId: member.id,
      what: `remove ${who} from the cluster`,
      why,
      danger: 'membership',
    },
  ]
}

function addition({ intent, observed }: Scene, roster: Roster, node: Node): RuleAnswer {
  const { cluster } = intent
  const learner = supportsLearners(cluster.etcd.version)
  // Before etcd 3.4 a new member has its vote at once, running or not. A single member allows nothing else.
  if (!learner && roster.voters > 1 && !mayAdd(roster.voters, roster.healthy)) {
    return {
      blocked: [
        {
          id: 'quorum-would-be-lost',
          host: node.name,
          message: `can't add the member: ${roster.healthy} of ${counted(roster.voters + 1, 'member')} would be healthy, ${quorum(roster.voters + 1)} needed`,
          hint: 'bring the other members back first; see quorate status',
          putsOff: true,
        },
      ],
    }
  }
  return [
    {
      kind: 'member-add',
      node: node.name,
      peerUrls: [peerUrl(cluster, node)],
      learner,
      members: (observed.cluster?.members ?? []).map(({ id }) => id),
      what: `add ${node.name} to the cluster${learner ? ' as a learner, without a vote' : ''}`,
      why: 'the cluster file lists it, and it is not a member yet',
      danger: 'membership',
    },
  ]
}

/** Its files list the current members: etcd compares them. */
function joinSteps({ intent, observed, situation }: Scene, node: Node): Step[] {
  const { cluster } = intent
  const state = observed.hosts[node.name]?.member
  if (state === undefined || observed.cluster === undefined)
    throw new TypeError(`${node.name} was not observed`)
  const host = node.name
  const files = joiningFiles(cluster, node, situation.token, initialCluster(cluster, observed.cluster, node))
  const writes = configurationSteps(host, files, state)
  if (!isUp(state)) return [...writes, ...startOf(cluster, node, 0, state)]
  const why = 'it was added and starts now'
  const opens = opening(cluster, state)
  if (writes.length === 0) {
    return [{ kind: 'ready', host, ...opens, what: 'wait until etcd.service is ready', why, danger: 'none' }]
  }
  // An earlier member's unit that systemd keeps restarting, with obsolete options.
  const what = 'restart etcd.service'
  return [
    ...writes,
    { kind: 'restart', host, ...opens, what, why: `${why} with other options`, danger: 'restart' },
  ]
}

function promotion({ observed }: Scene, roster: Roster, node: Node, member: MemberFacts): RuleAnswer {
  const healthy = observed.cluster?.healthy.length ?? 0
  if (healthy + 1 < quorum(roster.voters + 1)) {
    return {
      blocked: [
        {
          id: 'quorum-would-be-lost',
          host: node.name,
          message: `can't promote the learner: ${healthy + 1} of ${counted(roster.voters + 1, 'voting member')} would be healthy, ${quorum(roster.voters + 1)} needed`,
          hint: 'bring the other members back first; see quorate status',
          putsOff: true,
        },
      ],
    }
  }
  return [
    {
      kind: 'promote',
      node: node.name,
      memberId: member.id,
      what: `promote ${node.name} to a voting member, once it has caught up`,
      why: 'it is a learner',
      danger: 'membership',
    },
  ]
}

/** Leftovers of an earlier member: useless to this cluster, which doesn't list it, but not quorate's to delete. */
function clearing({ intent }: Scene, host: string, state: MemberState): HostStep[] {
  const { dataDirectory, walDirectory } = intent.cluster.etcd
  const runs = state.unit.active !== 'inactive' && state.unit.active !== 'failed'
  const why = 'it belongs to a member that is no longer in the cluster'
  // Also an empty WAL directory: etcd would fail on it.
  const paths = [
    ...(state.walPresent || state.paths[walDirectory] !== undefined ? [walDirectory] : []),
    ...(state.dataPresent || state.paths[dataDirectory] !== undefined ? [dataDirectory] : []),
    ...(state.contents[PATHS.clusterId] === undefined ? [] : [PATHS.clusterId]),
  ]
  return [
    // Also a stopped one: a reboot may start it.
    ...(runs || state.unit.enabled ? [stopStep(host, why)] : []),
    {
      kind: 'aside',
      host,
      suffix: `before-join-${intent.stamp}`,
      paths,
      within: withinOf(state, paths),
      what: 'rename the data of an earlier member',
      why,
      danger: 'none',
    },
  ]
}

/** Something of a member is left on this node. */
function isUsed(state: MemberState): boolean {
  return state.dataPresent || state.walPresent || state.contents[PATHS.clusterId] !== undefined
}

function isUp({ unit }: MemberState): boolean {
  return unit.active !== 'inactive' && unit.active !== 'failed'
}

function stopStep(host: string, why: string): HostStep {
  return { kind: 'stop', host, unit: 'etcd.service', what: 'stop etcd.service', why, danger: 'restart' }
}
