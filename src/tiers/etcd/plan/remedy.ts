/**
 * The next command to run for a problem, given the state of the voting members. The only place that names such
 * commands. A command that would refuse at the present quorum doesn't help, so `remedy.test.ts` asks each command's own
 * planner.
 */
import type { Standing, MemberStanding } from '../facts/standing.ts'
import { quorum } from '../facts/quorum.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { counted, plural } from '../../../spec/units.ts'

export interface Voter {
  readonly name: string
  /**
   * `serving`: it answered a linearizable read. `running`: its unit is up, but it didn't answer. `stopped`: its data is
   * intact. `lost`: its data is missing or damaged. `unreached`: its node is unreachable from the workstation.
   */
  readonly state: 'serving' | 'running' | 'stopped' | 'lost' | 'unreached'
  /** It serves, but its files were deleted: it won't start again after its next stop. */
  readonly unfounded?: boolean | undefined
}

export type Trouble =
  /** Too few voting members answer, or that is the cause. */
  | { readonly kind: 'no-quorum' }
  /** A member doesn't answer. */
  | { readonly kind: 'silent'; readonly member: string }
  /** A member's data is missing, or damaged. */
  | { readonly kind: 'lost'; readonly member: string }
  /** The alarm CORRUPT is raised. */
  | { readonly kind: 'corrupt' }
  /** The alarm NOSPACE is raised. */
  | { readonly kind: 'full' }

export interface Remedy {
  /** The arguments after `quorate`. */
  readonly command: readonly string[]
  /** As shown to the operator, with the command. */
  readonly text: string
}

/**
 * `serving`: a quorum answers. `startable`: enough members have their data. `open`: unreachable nodes may form one.
 * `lost`: no quorum is possible. This is what `recover` assumes before it has read the Raft logs.
 */
export type QuorumOutlook = 'serving' | 'startable' | 'open' | 'lost'

/** @param all the number of voting members, if not all of them are in `voters` */
export function quorumOutlook(voters: readonly Voter[], all = voters.length): QuorumOutlook {
  const needed = quorum(all)
  const count = (...states: Voter['state'][]) => voters.filter(({ state }) => states.includes(state)).length
  if (count('serving') >= needed) return 'serving'
  if (count('serving', 'running', 'stopped') >= needed) return 'startable'
  const unseen = all - voters.length
  return count('serving', 'running', 'stopped', 'unreached') + unseen >= needed ? 'open' : 'lost'
}

/** Without a quorum, fix that first: nothing else works then. */
export function remedyFor(trouble: Trouble, voters: readonly Voter[], all = voters.length): Remedy {
  const outlook = quorumOutlook(voters, all)
  return outlook === 'serving' ? withQuorum(trouble, voters, all) : withoutQuorum(outlook, voters)
}

function withQuorum(trouble: Trouble, voters: readonly Voter[], all: number): Remedy {
  switch (trouble.kind) {
    case 'no-quorum':
      return remedy(['status'], 'a quorum answers again; check the cluster')
    case 'corrupt':
      return remedy(['repair'], 'find the member that differs')
    case 'full':
      return remedy(['space', 'reclaim'], 'free space and disarm the alarm')
    case 'lost':
      return lost(trouble.member, voters, all)
    case 'silent': {
      const { member } = trouble
      const state = voters.find(({ name }) => name === member)?.state
      return state === 'lost' ? lost(member, voters, all) : silent(member, state)
    }
  }
}

function lost(member: string, voters: readonly Voter[], all: number): Remedy {
  const sound = voters.filter(({ state, unfounded }) => state === 'serving' && unfounded !== true)
  if (sound.length >= quorum(all)) {
    const why =
      'if its data was moved, move it back and run quorate apply; if it is lost, recreate the member from the others'
    return remedy(['repair', member], why)
  }
  const from = (sound[0] ?? voters.find(({ state }) => state === 'serving'))?.name ?? member
  const why = 'do not stop any member: they still serve from deleted files. First save their data'
  return remedy(['etcdctl', from, '--', 'snapshot', 'save', 'FILE'], why)
}

function silent(member: string, state: Voter['state'] | undefined): Remedy {
  switch (state) {
    case 'stopped':
      return remedy(['start', member], 'start the member')
    case 'unreached':
      return remedy(['status'], `make ${member} reachable from this workstation, then check the cluster`)
    case 'serving':
      return remedy(['status'], 'the member answers again; check the cluster')
    default:
      return remedy(
        ['run', member, '--root', '--', 'journalctl', '-u', 'etcd', '-n', '50'],
        'read its journal',
      )
  }
}

function withoutQuorum(outlook: Exclude<QuorumOutlook, 'serving'>, voters: readonly Voter[]): Remedy {
  const named = (state: Voter['state']) =>
    voters.filter((voter) => voter.state === state).map(({ name }) => name)
  if (outlook === 'startable') {
    const stopped = named('stopped')
    if (stopped.length > 0)
      return remedy(
        ['start', '--all'],
        `no quorum answers, but ${stopped.join(', ')} ${stopped.length === 1 ? 'is' : 'are'} stopped with intact data; start all members`,
      )
    return remedy(
      ['run', 'etcd', '--root', '--', 'journalctl', '-u', 'etcd', '-n', '30'],
      'the members run, but no quorum answers; read their journals (network, certificates, clocks)',
    )
  }
  if (outlook === 'open') {
    const away = named('unreached')
    const reach =
      away.length === 0
        ? ''
        : `make ${away.join(', ')} reachable from this workstation first: the state of ${away.length === 1 ? 'its' : 'their'} data is unknown. `
    return remedy(['recover'], `${reach}To see what can be recovered, without any change`)
  }
  return remedy(
    ['recover'],
    'if data was only moved, move it back and run quorate apply; otherwise change nothing by hand: too few members have their data for a quorum. To see what can be recovered, without any change',
  )
}

function remedy(command: readonly string[], why: string): Remedy {
  return { command, text: `${why}: quorate ${command.join(' ')}` }
}

/** The voting members of the cluster file. */
export function votersOf({ members }: Standing): readonly Voter[] {
  return members
    .filter(({ voter }) => voter)
    .map((member) => ({
      name: member.name,
      state: stateOf(member),
      unfounded: member.healthy && member.whole === false,
    }))
}

function stateOf({ healthy, unit, whole, hasLog, strayLog }: MemberStanding): Voter['state'] {
  if (healthy) return 'serving'
  if (unit === undefined) return 'unreached'
  if (whole === false || hasLog === false || strayLog === true) return 'lost'
  // It can't be started; only its state can be looked up.
  if (!unit.exists) return 'running'
  return unit.active === 'active' || unit.active === 'activating' ? 'running' : 'stopped'
}

/** `1 of 3 voting members answers, 1 could not be asked, 2 must`: the distance to a quorum. */
export function howManyAnswer({ voters, healthyVoters, members }: Standing): string {
  const unknown = members.filter((member) => member.voter && member.unknown === true).length
  const unasked = unknown === 0 ? '' : `, ${unknown} could not be asked`
  return `${healthyVoters} of ${counted(voters, 'voting member')} ${plural(healthyVoters, 'answers', 'answer')}${unasked}, ${quorum(voters)} must`
}

/** Why nothing that needs a quorum is done; empty: there is a quorum. */
export function noQuorum(standing: Standing): readonly BlockReason[] {
  if (standing.healthyVoters >= quorum(standing.voters)) return []
  const { text } = remedyFor({ kind: 'no-quorum' }, votersOf(standing), standing.voters)
  return [{ message: howManyAnswer(standing), hint: text }]
}

/** How to bring back the voting members that don't answer, one hint for each; empty: all answer. */
export function bringingBack(standing: Standing): readonly string[] {
  const voters = votersOf(standing)
  const away = voters.filter(({ state }) => state !== 'serving')
  return [
    ...new Set(
      away.map(({ name: member }) => remedyFor({ kind: 'silent', member }, voters, standing.voters).text),
    ),
  ]
}
