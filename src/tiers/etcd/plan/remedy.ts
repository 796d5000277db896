/**
 * What to type next about a trouble, given what the voting members are able to do: the one place that names a command for
 * it. A command that the present quorum would have refuse is no help, so `remedy.test.ts` asks each one's own planner.
 */
import type { Standing, MemberStanding } from '../facts/standing.ts'
import { quorum } from '../facts/quorum.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { counted, plural } from '../../../spec/units.ts'

export interface Voter {
  readonly name: string
  /**
   * `serving`: it answered a linearizable read; `running`: its unit is up, and it did not; `stopped`: its data is whole;
   * `lost`: its data is missing or damaged; `unreached`: its machine can't be looked at from this host.
   */
  readonly state: 'serving' | 'running' | 'stopped' | 'lost' | 'unreached'
  /** Of one that serves: its files are gone all the same, and it will not come back from its next stop. */
  readonly unfounded?: boolean | undefined
}

export type Trouble =
  /** Too few voting members answer, or that is what is behind it. */
  | { readonly kind: 'no-quorum' }
  /** A member does not answer. */
  | { readonly kind: 'silent'; readonly member: string }
  /** A member's data is missing, or damaged. */
  | { readonly kind: 'lost'; readonly member: string }
  /** The alarm CORRUPT is raised. */
  | { readonly kind: 'corrupt' }
  /** The alarm NOSPACE is raised. */
  | { readonly kind: 'full' }

export interface Remedy {
  /** The words after `quorate`. */
  readonly command: readonly string[]
  /** For people, with the command. */
  readonly text: string
}

/**
 * `serving`: a quorum answers. `startable`: enough have their data for one. `open`: there may be one, among machines out of
 * reach. `lost`: there can be none. As `recover` judges it, before it has read the logs.
 */
export type QuorumOutlook = 'serving' | 'startable' | 'open' | 'lost'

/** @param all how many vote, where not all of them are among `voters` */
export function quorumOutlook(voters: readonly Voter[], all = voters.length): QuorumOutlook {
  const needed = quorum(all)
  const count = (...states: Voter['state'][]) => voters.filter(({ state }) => states.includes(state)).length
  if (count('serving') >= needed) return 'serving'
  if (count('serving', 'running', 'stopped') >= needed) return 'startable'
  const unseen = all - voters.length
  return count('serving', 'running', 'stopped', 'unreached') + unseen >= needed ? 'open' : 'lost'
}

/** Without a quorum, that comes first: nothing else can be done then. */
export function remedyFor(trouble: Trouble, voters: readonly Voter[], all = voters.length): Remedy {
  const outlook = quorumOutlook(voters, all)
  return outlook === 'serving' ? withQuorum(trouble, voters, all) : withoutQuorum(outlook, voters)
}

function withQuorum(trouble: Trouble, voters: readonly Voter[], all: number): Remedy {
  switch (trouble.kind) {
    case 'no-quorum':
      return remedy(['status'], 'a quorum answers again; look again')
    case 'corrupt':
      return remedy(['repair'], 'see which member differs')
    case 'full':
      return remedy(['unjam'], 'free space and disarm the alarm')
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
      'if its data was moved, move it back and run apply again; if it is lost, recreate the member from the others'
    return remedy(['repair', member], why)
  }
  const from = (sound[0] ?? voters.find(({ state }) => state === 'serving'))?.name ?? member
  const why = 'stop nothing: members still serve from files that are deleted. Save what they hold first'
  return remedy(['etcdctl', from, '--', 'snapshot', 'save', 'FILE'], why)
}

function silent(member: string, state: Voter['state'] | undefined): Remedy {
  switch (state) {
    case 'stopped':
      return remedy(['start', member], 'start it')
    case 'unreached':
      return remedy(['status'], `make the machine of ${member} reachable from this host, then look again`)
    case 'serving':
      return remedy(['status'], 'it answers again; look again')
    default:
      return remedy(
        ['run', member, '--root', '--', 'journalctl', '-u', 'etcd', '-n', '50'],
        'its journal says why',
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
        `no quorum answers, and ${stopped.join(', ')} ${stopped.length === 1 ? 'is' : 'are'} stopped with ${stopped.length === 1 ? 'its' : 'their'} data: start all members`,
      )
    return remedy(
      ['run', 'etcd', '--root', '--', 'journalctl', '-u', 'etcd', '-n', '30'],
      'the members run, and no quorum of them answers; their journals say why (network, certificates, clocks)',
    )
  }
  if (outlook === 'open') {
    const away = named('unreached')
    const reach =
      away.length === 0
        ? ''
        : `make ${away.join(', ')} reachable from this host first: whether ${away.length === 1 ? 'its' : 'their'} data is intact is unknown. `
    return remedy(['recover'], `${reach}To see what can be recovered without that, changing nothing`)
  }
  return remedy(
    ['recover'],
    'if data was only moved, move it back and run apply again; otherwise change nothing by hand: too few members have their data for a quorum. To see what can be recovered, changing nothing',
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
  // Nothing can be started there; what it is instead can only be looked up.
  if (!unit.exists) return 'running'
  return unit.active === 'active' || unit.active === 'activating' ? 'running' : 'stopped'
}

/** `1 of 3 voting members answer, 1 can't be asked, and 2 must`: how far it is to a quorum. */
export function howManyAnswer({ voters, healthyVoters, members }: Standing): string {
  const unknown = members.filter((member) => member.voter && member.unknown === true).length
  const unasked = unknown === 0 ? '' : `, ${unknown} could not be asked`
  return `${healthyVoters} of ${counted(voters, 'voting member')} ${plural(voters, 'answers', 'answer')}${unasked}, and ${quorum(voters)} must`
}

/** Why nothing is done that needs a quorum; empty: there is one. */
export function noQuorum(standing: Standing): readonly BlockReason[] {
  if (standing.healthyVoters >= quorum(standing.voters)) return []
  const { text } = remedyFor({ kind: 'no-quorum' }, votersOf(standing), standing.voters)
  return [{ message: howManyAnswer(standing), hint: text }]
}

/** What brings back the voting members that don't answer, one hint for each; empty: all do. */
export function bringingBack(standing: Standing): readonly string[] {
  const voters = votersOf(standing)
  const away = voters.filter(({ state }) => state !== 'serving')
  return [
    ...new Set(
      away.map(({ name: member }) => remedyFor({ kind: 'silent', member }, voters, standing.voters).text),
    ),
  ]
}
