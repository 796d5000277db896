/**
 * Members come and go: one at a time, through a learner, and never so that a quorum would be lost.
 *
 * Source of the rules: etcd's design of learners and its runtime reconfiguration. A dead member is removed before another
 * is added, because its place counts in the quorum; a living one only after the newcomer has its vote.
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

/** Those that are no use to anybody: ghosts that were added and never started, dead ones, and what is to be made anew. */
export const depart: Rule = (scene) => {
  const { intent, observed, roster } = scene
  const facts = observed.cluster
  // Without a leader nothing can be changed, and with nobody who reads through it the list may be an old one; waiting
  // comes next.
  if (roster === undefined || facts?.leader === undefined || facts.healthy.length === 0) return []
  const ghost = roster.others.find((member) => isNeverStarted(member) || member.learner)
  if (ghost !== undefined) return removal(scene, roster, ghost, 'it was added, but is of no node in the file')
  for (const [host, member] of roster.members) {
    const state = observed.hosts[host]?.member
    if (state === undefined) continue
    const runs = state.unit.active !== 'inactive' && state.unit.active !== 'failed'
    if (isNeverStarted(member) && !runs && isUsed(state)) {
      return removal(scene, roster, member, `it never started, and ${host} holds data of an earlier member`)
    }
    if (!isReplaced(intent, host, member)) continue
    const why = 'it is to be made anew'
    if (runs && !facts.healthy.includes(host)) return [stopStep(host, why)]
    return handedOver(scene, roster, host) ?? removal(scene, roster, member, why)
  }
  const dead = roster.others.find(({ name }) => !facts.healthy.includes(name))
  if (dead === undefined) return []
  return removal(scene, roster, dead, 'it is not in the cluster file, and does not answer')
}

/**
 * One that was added is started, whatever the others are like: before etcd 3.4 it has a vote from the first moment, and a
 * single member that was given a second one serves nobody until that is there.
 */
export const arrive: Rule = (scene) => {
  const { intent, observed, roster } = scene
  for (const node of etcdNodes(intent.cluster)) {
    const member = roster?.members.get(node.name)
    const state = observed.hosts[node.name]?.member
    if (member === undefined || !isNeverStarted(member) || state === undefined) continue
    if (isUp(state) || !isUsed(state)) return joinSteps(scene, node)
    // It got as far as its first start, and can't be removed and added again with nobody leading.
    const marked = state.contents[PATHS.clusterId] !== undefined
    if (observed.cluster?.leader === undefined && !marked) return joinSteps(scene, node)
  }
  if (roster === undefined || observed.cluster === undefined || observed.cluster.leader !== undefined)
    return []
  const ghost = roster.others.find((member) => isNeverStarted(member) && !member.learner)
  return ghost === undefined ? [] : { blocked: [awaitedGhost(roster, ghost)] }
}

/** Nobody can remove it without a quorum, and a quorum there is not without it. */
function awaitedGhost({ voters }: Roster, { peerUrls }: MemberFacts): BlockReason {
  return {
    message: `no quorum: ${counted(voters, 'member')} have a vote, ${quorum(voters)} must agree, and the one added for ${peerUrls.join(', ')} never started`,
    hint: 'put the node with that address into the cluster file (roles: [etcd]) and apply: it can be removed once there is a quorum',
  }
}

/** Newcomers: what has begun is finished first. */
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

/** Members that the file no longer names and that still work: only now that all others have their votes. */
export const leave: Rule = (scene) => {
  const { observed, roster } = scene
  const leader = observed.cluster?.leader
  if (roster === undefined || leader === undefined) return []
  const member = roster.others.find(({ name }) => name !== leader) ?? roster.others[0]
  if (member === undefined) return []
  const why = 'the cluster file does not name it as an etcd node'
  return handedOver(scene, roster, member.name) ?? removal(scene, roster, member, why)
}

/** Leadership, moved away from a member that is about to go: an election would keep everybody waiting. */
function handedOver(scene: Scene, roster: Roster, name: string): Step[] | undefined {
  const facts = scene.observed.cluster
  if (facts?.leader !== name) return undefined
  const to = heirOf(scene, roster, facts)
  if (to === undefined) return undefined
  const why = `${name} leads, and leaves the cluster`
  return [{ kind: 'move-leader', from: name, to, what: `make ${to} the leader`, why, danger: 'none' }]
}

function removal(scene: Scene, roster: Roster, member: MemberFacts, why: string): RuleAnswer {
  const healthy = scene.observed.cluster?.healthy ?? []
  const node = [...roster.members].find(([, { id }]) => id === member.id)?.[0]
  const isHealthy = healthy.includes(node ?? member.name)
  const who = member.name === '' ? `the member at ${member.peerUrls.join(', ')}` : (node ?? member.name)
  if (!member.learner && !mayRemove(roster.voters, roster.healthy, isHealthy)) {
    const rest = isHealthy ? roster.healthy - 1 : roster.healthy
    return {
      blocked: [
        {
          message: `removing ${who} would leave ${counted(rest, 'healthy member')} of ${roster.voters - 1}; ${quorum(Math.max(1, roster.voters - 1))} must stay`,
          hint: 'bring the other members back first: quorate status',
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
  // Before etcd 3.4 a newcomer has its vote at once, running or not. Of a single member nothing else can be had.
  if (!learner && roster.voters > 1 && !mayAdd(roster.voters, roster.healthy)) {
    return {
      blocked: [
        {
          host: node.name,
          message: `adding it would make ${counted(roster.voters + 1, 'member')}, ${roster.healthy} of them healthy; ${quorum(roster.voters + 1)} must be`,
          hint: 'bring the other members back first: quorate status',
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
      why: 'the cluster file names it, and it is no member',
      danger: 'membership',
    },
  ]
}

/** Its files say who the others are at this moment: etcd compares. */
function joinSteps({ intent, observed, situation }: Scene, node: Node): Step[] {
  const { cluster } = intent
  const state = observed.hosts[node.name]?.member
  if (state === undefined || observed.cluster === undefined)
    throw new TypeError(`${node.name} was not observed`)
  const host = node.name
  const files = joiningFiles(cluster, node, situation.token, initialCluster(cluster, observed.cluster, node))
  const writes = configurationSteps(host, files, state)
  if (!isUp(state)) return [...writes, ...startOf(cluster, node, 0, state)]
  const why = 'it was added, and starts'
  const opens = opening(cluster, state)
  if (writes.length === 0) {
    return [{ kind: 'ready', host, ...opens, what: 'wait until etcd.service is ready', why, danger: 'none' }]
  }
  // An earlier member's unit that systemd goes on trying, with options that lead nowhere.
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
          host: node.name,
          message: `with its vote there would be ${counted(roster.voters + 1, 'voter')}, ${healthy + 1} of them healthy; ${quorum(roster.voters + 1)} must be`,
          hint: 'bring the other members back first: quorate status',
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
      what: `give ${node.name} its vote, once it has caught up`,
      why: 'it is a learner',
      danger: 'membership',
    },
  ]
}

/** What an earlier member left: useless to this cluster, which does not list it, but not ours to delete. */
function clearing({ intent }: Scene, host: string, state: MemberState): HostStep[] {
  const { dataDirectory, walDirectory } = intent.cluster.etcd
  const runs = state.unit.active !== 'inactive' && state.unit.active !== 'failed'
  const why = 'it is of a member that is no longer in the cluster'
  // Also an empty directory for the log: etcd would stumble over it.
  const paths = [
    ...(state.walPresent || state.paths[walDirectory] !== undefined ? [walDirectory] : []),
    ...(state.dataPresent || state.paths[dataDirectory] !== undefined ? [dataDirectory] : []),
    ...(state.contents[PATHS.clusterId] === undefined ? [] : [PATHS.clusterId]),
  ]
  return [
    // Also one that is off: it may be started meanwhile, by a reboot.
    ...(runs || state.unit.enabled ? [stopStep(host, why)] : []),
    {
      kind: 'aside',
      host,
      suffix: `before-join-${intent.stamp}`,
      paths,
      within: withinOf(state, paths),
      what: 'move the data of an earlier member aside',
      why,
      danger: 'none',
    },
  ]
}

/** Something of a member is left here. */
function isUsed(state: MemberState): boolean {
  return state.dataPresent || state.walPresent || state.contents[PATHS.clusterId] !== undefined
}

function isUp({ unit }: MemberState): boolean {
  return unit.active !== 'inactive' && unit.active !== 'failed'
}

function stopStep(host: string, why: string): HostStep {
  return { kind: 'stop', host, unit: 'etcd.service', what: 'stop etcd.service', why, danger: 'restart' }
}
