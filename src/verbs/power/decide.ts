/** Decides how to restart, stop or start members by name, and when that would cost the quorum. */
import type { Cluster } from '../../spec/cluster.ts'
import type { Standing, MemberStanding } from '../../tiers/etcd/facts/standing.ts'
import { unitReasons } from '../../tiers/etcd/plan/foreign.ts'
import type { MoveLeaderStep } from '../../tiers/etcd/steps/leadership.ts'
import { type MaintenancePlan, refusal } from '../../tiers/etcd/steps/maintenance.ts'
import type { PowerStep, StartMemberStep, StopMemberStep } from '../../tiers/etcd/steps/power.ts'
import type { RestartStep } from '../../tiers/etcd/steps/unit.ts'
import { mayRestart, quorum } from '../../tiers/etcd/facts/quorum.ts'
import { bringingBack, howManyAnswer } from '../../tiers/etcd/plan/remedy.ts'
import type { BlockReason } from '../../engine/step.ts'
import { counted, plural } from '../../spec/units.ts'

export interface PowerIntent {
  readonly cluster: Cluster
  readonly verb: 'restart' | 'stop' | 'start'
  /** Names of etcd nodes. */
  readonly hosts: readonly string[]
  /** Allows the loss of the quorum: the operator has typed the cluster's name. */
  readonly force: boolean
  /** For a start: leaves out members that can't be started, instead of starting none. */
  readonly skipUnstartable?: boolean | undefined
}

/** What happens to one member. */
export type TurnStep = RestartStep | PowerStep

/** Followers first, so that leadership moves at most once. */
export function planPower(
  intent: PowerIntent,
  standing: Standing,
): MaintenancePlan<MoveLeaderStep | TurnStep> {
  const left = skipsUnstartable(intent) ? leftOut(intent, standing).map(({ host }) => host) : []
  const chosen = standing.members
    .filter(({ name }) => intent.hosts.includes(name) && !left.includes(name))
    .toSorted((a, b) => Number(a.leader) - Number(b.leader))
  const work = chosen.filter((member) => !isDone(intent.verb, member))
  const blocked = [
    ...chosen.flatMap((member) => unfit(intent, member)),
    ...(intent.force ? [] : quorumReasons(intent, standing, work)),
  ]
  if (blocked.length > 0) return refusal(blocked)
  const outage = losesQuorum(intent, standing, work)
  if (intent.verb === 'start') return { steps: work.map(startStep), blocked: [], risks: [], outage }
  return {
    steps: work.flatMap((member) => [
      ...moveLeader(intent, standing, member),
      intent.verb === 'stop' ? stopStep(member) : restartStep(member),
    ]),
    blocked: [],
    risks: work.length === 0 ? [] : risks(intent, standing, work),
    outage,
  }
}

/** Why members are not started although all were requested; each has its `host`. */
export function leftOut(intent: PowerIntent, standing: Standing): readonly BlockReason[] {
  const chosen = standing.members.filter(({ name }) => intent.hosts.includes(name))
  return chosen.flatMap((member) => unfit({ ...intent, verb: 'start' }, member))
}

function skipsUnstartable({ verb, skipUnstartable }: PowerIntent): boolean {
  return verb === 'start' && skipUnstartable === true
}

/** Number of voting members that would still answer without these. */
function leftWithout(standing: Standing, hosts: readonly string[]): number {
  const away = standing.members.filter(({ name, voter, healthy }) => hosts.includes(name) && voter && healthy)
  return standing.healthyVoters - away.length
}

function isDone(verb: PowerIntent['verb'], { unit, healthy, markedStopped }: MemberStanding): boolean {
  if (unit === undefined) return false
  const off = unit.active === 'inactive' || unit.active === 'failed'
  // A member that stopped by chance, or by hand, would be started by the next apply.
  if (verb === 'stop') return off && !unit.enabled && markedStopped
  return verb === 'start' && unit.active === 'active' && unit.enabled && healthy
}

function unfit({ cluster, verb }: PowerIntent, member: MemberStanding): BlockReason[] {
  const { name: host, unit, pinnedTo } = member
  if (unit === undefined) {
    const hint = `find out why: quorate run ${host} -- uptime`
    return [{ id: 'unreachable-node', host, message: 'node is unreachable', hint }]
  }
  if (pinnedTo !== undefined && pinnedTo !== cluster.name) {
    const message = `node belongs to cluster '${pinnedTo}', not to '${cluster.name}'`
    const hint = "use that cluster's file: quorate -f FILE"
    return [{ id: 'node-of-another-cluster', host, message, hint }]
  }
  // On an adopted cluster before its first apply, these settings belong to the unit that it already has, and the member
  // started with them.
  const theirs = member.ownUnit === false && unit.masked !== true
  const foreign = verb === 'stop' || theirs ? [] : unitReasons(cluster, host, unit)
  if (foreign.length > 0) return [...foreign]
  if (!unit.exists) {
    const hint = 'set up the member first: quorate apply'
    return [{ id: 'member-is-not-set-up', host, message: 'etcd.service does not exist', hint }]
  }
  if (verb === 'start') return unfitToStart(member)
  if (verb === 'restart' && (unit.active === 'inactive' || unit.active === 'failed')) {
    const hint = `start it: quorate start ${host}`
    return [{ id: 'member-is-stopped', host, message: `etcd is ${unit.active}`, hint }]
  }
  return []
}

function unfitToStart({
  name: host,
  hasLog,
  whole,
  strayLog,
  pinnedTo,
  listed,
}: MemberStanding): BlockReason[] {
  if (strayLog === true) {
    const message =
      'the data belongs to another member, or another node has the same data: started, it would vote twice'
    const hint = 'check whether its disk was cloned or swapped: quorate plan'
    return [{ id: 'data-of-another-member', host, message, hint }]
  }
  if (hasLog === false && pinnedTo !== undefined) {
    return [
      {
        id: 'log-is-missing',
        host,
        message:
          'the Raft log (WAL) is missing: started without it, the member could vote twice or start a second cluster',
        hint: `put the WAL back; or see how to fix the member: quorate status`,
      },
    ]
  }
  if (hasLog === true && whole === false) {
    const message = 'the data directory is missing or empty, and the WAL may not contain all of it'
    return [
      {
        id: 'data-is-missing',
        host,
        message,
        hint: 'put the directory back; or see how to fix the member: quorate status',
      },
    ]
  }
  if (hasLog === false) {
    const message = 'the member has no WAL: it never ran, or its reset was interrupted'
    return [
      {
        id: 'member-never-ran',
        host,
        message,
        hint: 'see what quorate apply would do with it: quorate plan',
      },
    ]
  }
  if (listed === false) {
    const message = 'the node is not a member of the running cluster'
    return [
      { id: 'not-a-member', host, message, hint: 'see what quorate apply would do with it: quorate plan' },
    ]
  }
  return []
}

function quorumReasons(
  { verb, hosts }: PowerIntent,
  standing: Standing,
  work: readonly MemberStanding[],
): BlockReason[] {
  const { voters, healthyVoters } = standing
  const needed = quorum(voters)
  const costly = work.filter((member) => member.voter && (member.healthy || isNeeded(standing, member)))
  if (verb === 'start' || costly.length === 0) return []
  const state = howManyAnswer(standing)
  const back = bringingBack(standing)
  const force = `if an outage of writes is acceptable: quorate ${verb} ${hosts.join(' ')} --force`
  if (verb === 'restart') {
    if (mayRestart(voters, healthyVoters)) return []
    const why =
      voters === 1
        ? 'this is the only voting member: etcd is unavailable while it restarts'
        : `${state}: writes fail while one more restarts`
    const hint = [...back, force].join('; ')
    return [{ host: costly.map(({ name }) => name).join(', '), message: why, hint, id: 'writes-would-fail' }]
  }
  const left = healthyVoters - costly.filter(({ healthy }) => healthy).length
  if (left >= needed) return []
  return [
    {
      id: 'quorum-would-be-lost',
      host: costly.map(({ name }) => name).join(', '),
      message: `${state}: with ${left} left, writes and linearizable reads fail`,
      hint: [...back, 'or choose fewer members at once', force].join('; '),
    },
  ]
}

/**
 * It runs but doesn't answer quorate. Some members answer reads, although they are fewer than a quorum: this member may
 * be part of their quorum.
 */
function isNeeded({ healthyVoters, voters }: Standing, { unit }: MemberStanding): boolean {
  return healthyVoters > 0 && healthyVoters < quorum(voters) && unit?.active === 'active'
}

/** Also true if there is no quorum already. */
function losesQuorum(
  { verb, hosts }: PowerIntent,
  standing: Standing,
  work: readonly MemberStanding[],
): boolean {
  const { voters, healthyVoters } = standing
  if (healthyVoters < quorum(voters)) return true
  if (verb === 'start') return false
  if (verb === 'stop') return leftWithout(standing, hosts) < quorum(voters)
  return work.some(({ voter, healthy }) => voter && healthy) && !mayRestart(voters, healthyVoters)
}

function moveLeader({ hosts }: PowerIntent, standing: Standing, member: MemberStanding): MoveLeaderStep[] {
  if (!member.leader) return []
  // One that answers linearizable reads has a quorum, even if quorate can't reach all of it. Without a quorum none does.
  const others = standing.members.filter(
    ({ name, voter, healthy }) => name !== member.name && voter && healthy,
  )
  if (others.length === 0) return []
  const staying = others.filter(({ name }) => !hosts.includes(name))
  return [
    {
      kind: 'move-leader',
      from: member.name,
      to: undefined,
      what: `move leadership from ${member.name} to ${oneOf(staying.length > 0 ? staying : others)}`,
      why: 'then writes do not wait for an election',
      danger: 'none',
    },
  ]
}

function oneOf(members: readonly MemberStanding[]): string {
  const [only] = members
  return members.length === 1 && only !== undefined ? only.name : 'the healthiest follower'
}

function stopStep({ name: host, unit }: MemberStanding): StopMemberStep {
  const why =
    unit?.active === 'active' ? 'it runs' : `it is ${unit?.active}${unit?.enabled ? ', enabled' : ''}`
  return { kind: 'stop-member', host, what: 'stop and disable etcd.service', why, danger: 'restart' }
}

function restartStep({ name: host }: MemberStanding): RestartStep {
  const why = 'requested'
  return { kind: 'restart', host, what: 'restart etcd.service', why, danger: 'restart' }
}

function startStep({ name: host, unit, trouble }: MemberStanding): StartMemberStep {
  const why = unit?.active === 'active' ? (trouble ?? 'it is not enabled') : `it is ${unit?.active}`
  return { kind: 'start-member', host, what: 'enable and start etcd.service', why, danger: 'none' }
}

function risks({ verb, hosts }: PowerIntent, standing: Standing, work: readonly MemberStanding[]): string[] {
  const { voters } = standing
  const names = work.map(({ name }) => name).join(', ')
  if (verb === 'restart') {
    const costs = work.some(({ voter, healthy }) => voter && healthy) ? 1 : 0
    const spare = standing.healthyVoters - costs - quorum(voters)
    const first =
      work.length === 1
        ? `${names} serves no client while it restarts.`
        : `${names}: one at a time, each only after all healthy members are healthy again.`
    return [first, `During each restart, ${tolerates(spare)}.`]
  }
  const left = leftWithout(standing, hosts)
  return [
    `${names}: stopped until quorate start, also after reboots. quorate apply does not start it.`,
    `${left} of ${counted(voters, 'voting member')} ${plural(left, 'remains', 'remain')}, ${quorum(voters)} needed: ${tolerates(left - quorum(voters))}.`,
  ]
}

/** @param spare voting members that may fail; below 0: the quorum is lost. */
export function tolerates(spare: number): string {
  if (spare < 0) return 'the quorum is lost, and writes and linearizable reads fail'
  if (spare === 0) return 'no further member may fail'
  return `${spare} more ${spare === 1 ? 'member' : 'members'} may fail`
}
