/**
 * Restarts, one member a wave: what is sick first, then followers, the leader last and with its leadership handed on.
 * Between two waves everybody has to be healthy again; `next` sees to that.
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
  /** What its process should have been started with, and was not; or where its peers should look for it. */
  readonly reasons: readonly string[]
}

/**
 * A member that is sick and runs with what it should not: waiting for it first would be waiting for ever.
 *
 * Sick means no more than that it did not answer in time. Where others answered there is a quorum, and it may be part of
 * it: they must be enough without it. Where nobody is served, each may be waiting for the others: then all of which it is
 * certain that they serve nobody, together with those that have to be started.
 */
export const heal: Rule = (scene) => {
  const { situation, roster, observed, intent } = scene
  const facts = observed.cluster
  // Another version is no cure: who is sick on the way to it is waited for, and what is done then is for a person to say.
  if (situation.kind === 'new' || intent.upgrade?.back === false) return []
  // Nor does it start with an older minor before its data is in the format of that, which it converts while it runs.
  if (intent.upgrade !== undefined && descentOf(intent, observed).kind === 'downgrade') return []
  // Whom others follow is not sick, though it may not answer us.
  const well = new Set([...(facts?.healthy ?? []), facts?.leader])
  const sick = candidates(scene).filter(({ node }) => !well.has(node.name))
  if (facts?.leader !== undefined || (facts?.healthy.length ?? 0) > 0) {
    const upToDate = (facts?.healthy ?? []).filter((name) => (facts?.lag[name] ?? 0) <= CAUGHT_UP)
    // While a cluster forms its members are those that it was begun with: the file's, or it is blocked.
    const voters = situation.kind === 'forming' ? etcdNodes(intent.cluster).length : roster?.voters
    const enough = voters !== undefined && upToDate.length >= quorum(voters)
    const [one] = sick
    if (!enough || one === undefined) return []
    return (roster && addressTaken(scene, roster, one.node)) ?? restartSteps(scene, one)
  }
  const restarts = sick
    .filter(({ node }) => servesNobody(scene, node) && !isUntold(scene, node))
    .flatMap((one) => restartSteps(scene, one).filter(isHostStep))
  return restarts.length > 0 ? [...restarts, ...startSteps(scene)] : []
}

/** It says so itself, or systemd does (it has not become ready since it was started), or it trusts expired CAs alone. */
function servesNobody({ observed }: Scene, { name }: Node): boolean {
  const answered = observed.cluster?.lag[name] !== undefined
  const state = observed.hosts[name]?.member
  return answered || state?.unit.active !== 'active' || trustsNobody(observed, state)
}

/** It is to be elsewhere, and nobody has been told yet: at its old address the others may still find it. */
function isUntold({ intent, observed, roster }: Scene, node: Node): boolean {
  const state = observed.hosts[node.name]?.member
  const file = parseEnvironmentFile(state?.contents[PATHS.environment] ?? '')
  // Between the moments in which systemd makes a process and etcd takes it over that has none of its settings yet.
  const running = [state?.unit.environment, file].flatMap(
    (options) => options?.['ETCD_INITIAL_ADVERTISE_PEER_URLS'] ?? [],
  )
  const known = roster?.members.get(node.name)?.peerUrls ?? running.slice(0, 1)
  return !known.includes(peerUrl(intent.cluster, node))
}

/** Everybody is healthy. */
export const roll: Rule = (scene) => {
  const { roster, observed } = scene
  const facts = observed.cluster
  if (roster === undefined || facts === undefined) return []
  const outdated = candidates(scene)
  // One that moves to where another is waits until that one has moved.
  const free = outdated.filter(({ node }) => addressTaken(scene, roster, node) === undefined)
  const [first] = outdated
  if (first === undefined) return []
  const before = descend(scene)
  if (isBlocked(before) || before.length > 0) return before
  const next = free.find(({ node }) => node.name !== facts.leader) ?? free[0]
  if (next === undefined) return addressTaken(scene, roster, first.node) ?? []
  // With one or two voters there is no restart that nobody notices.
  if (roster.voters > 2 && !mayRestart(roster.voters, roster.healthy)) {
    const needed = quorum(roster.voters)
    return {
      blocked: [
        {
          host: next.node.name,
          message: `its member has to be restarted, which would leave ${counted(roster.healthy - 1, 'healthy member')} of ${roster.voters}; ${needed} must stay`,
          hint: 'bring the others back first: quorate status',
          putsOff: true,
        },
      ],
    }
  }
  const compare: Step = {
    kind: 'compare',
    what: 'compare the contents of all members',
    why: 'none may be taken away for a moment unless the others hold everything',
    danger: 'none',
  }
  const heir = next.node.name === facts.leader ? heirOf(scene, roster, facts) : undefined
  if (heir !== undefined) {
    const why = `${next.node.name} leads, and has to be restarted`
    const from = next.node.name
    const what = `make ${heir} the leader`
    return [compare, { kind: 'move-leader', from, to: heir, what, why, danger: 'none' }]
  }
  return [...(roster.voters > 1 ? [compare] : []), ...restartSteps(scene, next)]
}

/** Members whose process is not what it should be, in the file's order. */
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
  // What they set is theirs to take back: no restart does.
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
              ...(folders.length === 0 ? [] : [`handing ${folders.join(' and ')} over to the user etcd`]),
              ...(closes.length === 0 ? [] : [`serving clients no more at ${closes.join(' and ')}`]),
              ...(closesPeers(state, files) ? ['taking Raft from members alone'] : []),
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
 * A member that is not ready and is to be elsewhere: its peers, who look for it where it was, are told before it starts.
 * One that answers has become ready since its machine was looked at, and is needed where it is.
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

/** It runs at its new address already, with all others there, and a newcomer would look for it where it was. */
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
      what: `tell the members that ${node.name} is at ${url} from now on`,
      why: `they know it as ${member.peerUrls.join(', ')}`,
      danger: 'membership',
    },
  ]
}

/** What stands still while a member of one or two restarts. */
function outageOf(roster: Roster | undefined): string | undefined {
  if (roster === undefined || roster.voters > 2) return undefined
  return roster.voters === 1
    ? 'the only member, so nobody is served meanwhile'
    : 'one of two, so nothing can be written meanwhile'
}

/** Who is to lead, by the rule of `healthiestFollower`; rather one that needs no restart itself. */
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

/** Two members can't be at one address, not even while they swap. A newcomer has no member yet. */
export function addressTaken(
  { intent, observed }: Pick<Scene, 'intent' | 'observed'>,
  roster: Roster,
  node: Node,
): RuleAnswer | undefined {
  const own = roster.members.get(node.name)
  const url = peerUrl(intent.cluster, node)
  const other = observed.cluster?.members.find(({ id, peerUrls }) => id !== own?.id && peerUrls.includes(url))
  if (other === undefined) return undefined
  return {
    blocked: [
      {
        host: node.name,
        message: `the cluster file gives it ${url}, where the cluster knows ${other.name || `member ${other.id}`}`,
        hint: 'two members can not swap addresses at once: move one of them to a third address first, and apply',
      },
    ],
  }
}
