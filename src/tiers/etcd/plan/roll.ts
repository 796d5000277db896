/**
 * Restarts, one member a stage: unhealthy members first, then followers, the leader last, after a move of leadership.
 * Between two stages all members must be healthy again; `next` ensures that.
 */
import { peerUrl } from '../../../etcd/configuration.ts'
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { CAUGHT_UP } from '../../../etcd/lag.ts'
import { PATHS } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import { descentOf } from '../facts/descent.ts'
import { descend } from './descend.ts'
import type { ClusterFacts, MemberFacts, Observed } from '../facts/observed.ts'
import { closedUrls, closesPeers, restartReasons } from './outdated.ts'
import { binarySteps, configurationSteps } from './prepare.ts'
import { memberFiles } from './member-files.ts'
import { mayRestart, quorum } from '../facts/quorum.ts'
import { type Roster, isNeverStarted, isReplaced } from '../facts/membership-map.ts'
import { alarmsOf } from '../facts/standing.ts'
import { type Scene, type Rule, type RuleAnswer, isBlocked } from './rule.ts'
import { foldersToChown, opening, startSteps } from './start.ts'
import { type HostStep, type Step, isHostStep } from '../steps/steps.ts'
import { versionReasons } from './upgrade.ts'
import { trustRestartReasons, trustsNobody } from './trust.ts'
import { counted } from '../../../spec/units.ts'
import { healthiestFollower } from '../../../etcd/voters.ts'

interface Candidate {
  readonly node: Node
  /** Why it must be restarted: what its process was not started with, or its new peer address. */
  readonly reasons: readonly string[]
}

/**
 * An unhealthy member with outdated settings: waiting for it first would never end.
 *
 * Unhealthy means only that it did not answer in time. If others answered, there is a quorum that it may be part of: the
 * others must be enough without it. If no client is served, each member may wait for the others: then all that certainly
 * serve no client restart together with those to start.
 */
export const heal: Rule = (scene) => {
  const { situation, roster, observed, intent } = scene
  const facts = observed.cluster
  // Another version isn't a fix: an unhealthy member during an upgrade is waited for, and then an operator decides.
  if (situation.kind === 'new' || intent.upgrade?.back === false) return []
  // It doesn't start with an older minor either, before its data is in the older format. It converts its data while it
  // runs.
  if (intent.upgrade !== undefined && descentOf(intent, observed).kind === 'downgrade') return []
  // A leader with followers is not unhealthy, even if it doesn't answer this client.
  const well = new Set([...(facts?.healthy ?? []), facts?.leader])
  const sick = candidates(scene).filter(({ node }) => !well.has(node.name))
  if (facts?.leader !== undefined || (facts?.healthy.length ?? 0) > 0) {
    const upToDate = (facts?.healthy ?? []).filter((name) => (facts?.lag[name] ?? 0) <= CAUGHT_UP)
    // While a cluster forms, its members are those that it was started with: the file's, or it is blocked.
    const voters = situation.kind === 'forming' ? etcdNodes(intent.cluster).length : roster?.voters
    const enough = voters !== undefined && upToDate.length >= quorum(voters)
    const [one] = sick
    if (!enough || one === undefined) return []
    return (roster && addressTaken(scene, roster, one.node)) ?? restartSteps(scene, one)
  }
  const restarts = sick
    .filter(({ node }) => servesNobody(scene, node) && !isUnannounced(scene, node))
    .flatMap((one) => restartSteps(scene, one).filter(isHostStep))
  return restarts.length > 0 ? [...restarts, ...startSteps(scene)] : []
}

/**
 * The member itself reports that it serves no client, or systemd does (not ready since its start), or it trusts only
 * expired CAs.
 */
function servesNobody({ observed }: Scene, { name }: Node): boolean {
  const answered = observed.cluster?.lag[name] !== undefined
  const state = observed.hosts[name]?.member
  return answered || state?.unit.active !== 'active' || trustsNobody(observed, state)
}

/** Its address will change, and that isn't announced yet: the others may still find it at its old address. */
function isUnannounced({ intent, observed, roster }: Scene, node: Node): boolean {
  const state = observed.hosts[node.name]?.member
  const file = parseEnvironmentFile(state?.contents[PATHS.environment] ?? '')
  // Between systemd's fork and etcd's exec, the process has none of its settings yet.
  const running = [state?.unit.environment, file].flatMap(
    (options) => options?.['ETCD_INITIAL_ADVERTISE_PEER_URLS'] ?? [],
  )
  const known = roster?.members.get(node.name)?.peerUrls ?? running.slice(0, 1)
  return !known.includes(peerUrl(intent.cluster, node))
}

/** All members are healthy. */
export const roll: Rule = (scene) => {
  const { roster, observed } = scene
  const facts = observed.cluster
  if (roster === undefined || facts === undefined) return []
  const outdated = candidates(scene)
  // A member that moves to another's address waits until that one has moved.
  const free = outdated.filter(({ node }) => addressTaken(scene, roster, node) === undefined)
  const [first] = outdated
  if (first === undefined) return []
  const before = descend(scene)
  if (isBlocked(before) || before.length > 0) return before
  const next = free.find(({ node }) => node.name !== facts.leader) ?? free[0]
  if (next === undefined) return addressTaken(scene, roster, first.node) ?? []
  // With one or two voting members, every restart is visible to clients.
  if (roster.voters > 2 && !mayRestart(roster.voters, roster.healthy)) {
    const needed = quorum(roster.voters)
    return {
      blocked: [
        {
          id: 'quorum-would-be-lost',
          host: next.node.name,
          message: `can't restart this member: that would leave ${counted(roster.healthy - 1, 'healthy member')} of ${roster.voters}, ${needed} needed`,
          hint: 'bring the other members back first; see quorate status',
          putsOff: true,
        },
      ],
    }
  }
  const compare: Step = {
    kind: 'compare',
    what: 'compare the keyspaces of all members',
    why: 'a member may be down only if the others have all data',
    danger: 'none',
  }
  const heir = next.node.name === facts.leader ? heirOf(scene, roster, facts) : undefined
  if (heir !== undefined) {
    const why = `${next.node.name} is the leader and must be restarted`
    const from = next.node.name
    const what = `make ${heir} the leader`
    return [compare, { kind: 'move-leader', from, to: heir, what, why, danger: 'none' }]
  }
  return [...(roster.voters > 1 ? [compare] : []), ...restartSteps(scene, next)]
}

/** Members with an outdated process, in the file's order. */
function candidates(scene: Scene): readonly Candidate[] {
  const { intent, observed, situation, roster } = scene
  return etcdNodes(intent.cluster).flatMap((node): Candidate[] => {
    const state = observed.hosts[node.name]?.member
    const member = roster?.members.get(node.name)
    if (state === undefined || (roster !== undefined && member === undefined)) return []
    if (member !== undefined && isReplaced(intent, node.name, member)) return []
    const files = memberFiles(intent.cluster, node, situation, state)
    const reasons = [
      ...versionReasons(scene, node.name),
      ...restartReasons(intent.cluster, state, files),
      ...trustRestartReasons(observed.authority.bundle, state),
    ]
    const moves = member !== undefined && !member.peerUrls.includes(peerUrl(intent.cluster, node))
    return reasons.length > 0 || moves ? [{ node, reasons }] : []
  })
}

function restartSteps({ intent, observed, situation, roster }: Scene, { node, reasons }: Candidate): Step[] {
  const { cluster } = intent
  const host = node.name
  const state = observed.hosts[host]?.member
  if (state === undefined) throw new TypeError(`${host} was not observed`)
  const member = roster?.members.get(host)
  const update = updateStep(cluster, node, member)
  const binaries = binarySteps(cluster, host, observed.hosts[host]?.architecture ?? 'other', state)
  const files = memberFiles(cluster, node, situation, state)
  const folders = foldersToChown(cluster, state)
  const closes = closedUrls(state, files)
  const outage = outageOf(roster)
  // Only their owner can remove these settings: a restart doesn't.
  const dropIns = state.unit.dropIns.map((path) => `and its unit has the drop-in ${path}`)
  const restart: HostStep[] =
    reasons.length === 0
      ? []
      : [
          {
            kind: 'restart',
            host,
            ...(folders.length === 0 ? {} : { chown: folders }),
            ...(closes.length === 0 ? {} : { closes }),
            ...(outage === undefined ? {} : { outage }),
            ...opening(cluster, state),
            what: [
              `restart etcd.service${outage === undefined ? '' : `: ${outage}`}`,
              ...(folders.length === 0
                ? []
                : [`changing the owner of ${folders.join(' and ')} to user etcd`]),
              ...(closes.length === 0 ? [] : [`closing the client URL ${closes.join(' and ')}`]),
              ...(closesPeers(state, files) ? ['accepting Raft only from members'] : []),
            ].join(', '),
            why: `it was started ${[...reasons, ...dropIns].join('; ')}`,
            danger: 'restart',
          },
        ]
  return [
    ...update,
    ...(reasons.length === 0 ? [] : binaries),
    ...configurationSteps(host, files, state),
    ...restart,
  ]
}

/**
 * A member that is not ready and changes its address: the new address is announced to its peers before it starts.
 * A member that answers has become ready since its node was observed, and is needed at its old address.
 */
export const relocate: Rule = ({ intent, observed, roster }) => {
  if (roster === undefined || observed.cluster?.leader === undefined) return []
  const { cluster } = intent
  const { healthy } = observed.cluster
  for (const node of etcdNodes(cluster)) {
    const member = roster.members.get(node.name)
    const runs = observed.hosts[node.name]?.member?.unit.active === 'active'
    if (member === undefined || isNeverStarted(member)) continue
    if ((runs || healthy.includes(node.name)) && !isThere(cluster, observed, roster, node)) continue
    if (isReplaced(intent, node.name, member)) continue
    const update = updateStep(cluster, node, member)
    if (update.length === 0) continue
    return addressTaken({ intent, observed }, roster, node) ?? update
  }
  return []
}

/** It already runs at its new address, with all others up, and a new member would look for it at the old one. */
function isThere(cluster: Cluster, { hosts }: Observed, { voters, healthy }: Roster, node: Node): boolean {
  if (healthy < voters) return false
  const running = hosts[node.name]?.member?.unit.environment
  return running?.['ETCD_INITIAL_ADVERTISE_PEER_URLS'] === peerUrl(cluster, node)
}

function updateStep(cluster: Cluster, node: Node, member: MemberFacts | undefined): readonly Step[] {
  const url = peerUrl(cluster, node)
  if (member === undefined || member.peerUrls.includes(url)) return []
  return [
    {
      kind: 'member-update',
      node: node.name,
      memberId: member.id,
      peerUrls: [url],
      what: `change the peer URL of ${node.name} to ${url}`,
      why: `the members know it as ${member.peerUrls.join(', ')}`,
      danger: 'membership',
    },
  ]
}

/** The outage while a member restarts, by the number of voting members; more of them have none. */
export const OUTAGES: readonly (string | undefined)[] = [
  undefined,
  'the only member, so no client is served until it is back',
  'one of two members, so writes fail until it is back',
]

function outageOf(roster: Roster | undefined): string | undefined {
  return roster === undefined ? undefined : OUTAGES[roster.voters]
}

/** The next leader, by the rule of `healthiestFollower`; preferably one that needs no restart itself. */
export function heirOf(scene: Scene, roster: Roster, facts: ClusterFacts): string | undefined {
  const outdated = new Set(candidates(scene).map(({ node }) => node.name))
  return healthiestFollower(
    [...roster.members]
      .filter(([name, { learner }]) => !learner && name !== facts.leader && facts.healthy.includes(name))
      .map(([name]) => ({
        name,
        lag: facts.lag[name],
        alarms: alarmsOf(facts, name),
        leaving: outdated.has(name),
      })),
  )
}

/** In a predicted list, IDs are unknown. */
function isSame({ id, name }: MemberFacts, other: MemberFacts | undefined): boolean {
  return id === other?.id && name === other.name
}

/** Two members can't have one address, not even during a swap. A new node has no member yet. */
export function addressTaken(
  { intent, observed }: Pick<Scene, 'intent' | 'observed'>,
  roster: Roster,
  node: Node,
): RuleAnswer | undefined {
  const own = roster.members.get(node.name)
  const url = peerUrl(intent.cluster, node)
  const other = observed.cluster?.members.find((one) => !isSame(one, own) && one.peerUrls.includes(url))
  if (other === undefined) return undefined
  return {
    blocked: [
      {
        id: 'address-is-taken',
        host: node.name,
        message: `the cluster file gives it ${url}, the present address of ${other.name || `member ${other.id}`}`,
        hint: "move one of the two members to a third address first, and run quorate apply: members can't swap addresses at once",
      },
    ],
  }
}
