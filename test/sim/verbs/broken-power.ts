/** Commands for members and machines with deliberate faults, one for each rule. */
import { PATHS } from '../../../src/host/state.ts'
import type { Standing, MemberStanding } from '../../../src/tiers/etcd/facts/standing.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import { planReset } from '../../../src/tiers/etcd/plan/reset.ts'
import { planPower } from '../../../src/verbs/power/decide.ts'
import { type NextTurn, type Turn, nextTurn } from '../../../src/verbs/power/decide-turn.ts'
import type { Invariant } from '../violation.ts'
import { withMembers } from '../broken-tools.ts'
import { diskOf } from '../world.ts'
import type { Deciders } from './life.ts'
import type { Ask } from './scenario.ts'
import type { PowerDeciders } from './power.ts'
import type { VerbInvariant } from './violation.ts'

export interface BrokenVerb {
  readonly what: string
  readonly breaks: VerbInvariant | Invariant
  readonly wrong: Partial<Deciders>
  /** Only lives with these commands, in this order, can reveal it. */
  readonly needs?: readonly Ask['verb'][]
  /** With this many members; default: any number. */
  readonly members?: number
}

/** It sees a wrong state. */
function seeing(change: (member: MemberStanding) => Partial<MemberStanding>): PowerDeciders {
  const seen = (standing: Standing): Standing => {
    const members = standing.members.map((member) => ({ ...member, ...change(member) }))
    return { ...standing, members, healthyVoters: members.filter(({ healthy }) => healthy).length }
  }
  return {
    plan: (intent, standing) => planPower(intent, seen(standing)),
    turn: (intent, left, standing) => nextTurn(intent, left, seen(standing)),
  }
}

function turning(change: (turn: Turn) => Turn): PowerDeciders {
  const turn: typeof nextTurn = (...asked) => {
    const answer: NextTurn = nextTurn(...asked)
    return answer.kind === 'turn' ? { kind: 'turn', turn: change(answer.turn) } : answer
  }
  return { plan: planPower, turn }
}

const refusing = (hint: string | undefined): PowerDeciders => ({
  plan: () => ({ steps: [], blocked: [{ message: 'no', hint }], risks: [] }),
  turn: nextTurn,
})

const notStarting: PowerDeciders = {
  plan: (intent, standing) => (intent.verb === 'start' ? refusing('wait').plan : planPower)(intent, standing),
  turn: nextTurn,
}

export const BROKEN_POWER: readonly BrokenVerb[] = [
  {
    what: 'takes everybody for well',
    breaks: 'quorum-stays',
    wrong: { power: seeing(() => ({ healthy: true })) },
  },
  {
    what: 'leaves leadership where it is',
    breaks: 'leader-moved',
    wrong: { power: turning((turn) => ({ ...turn, moves: [] })) },
  },
  {
    what: 'waits for nobody, and takes everybody for well',
    breaks: 'one-away',
    needs: ['restart'],
    members: 5,
    wrong: {
      power: {
        plan: planPower,
        turn: (intent, left, standing) => {
          const answer = nextTurn({ ...intent, force: true, hosts: left }, left, standing)
          if (answer.kind !== 'turn') return answer
          return { kind: 'turn', turn: { ...answer.turn, awaited: undefined } }
        },
      },
    },
  },
  {
    what: 'takes the next one in the file',
    breaks: 'as-agreed',
    wrong: {
      power: {
        plan: planPower,
        turn: (intent, left, standing) => {
          const answer = nextTurn(intent, left, standing)
          const other = standing.members.find(({ name }) => !intent.hosts.includes(name))
          if (answer.kind !== 'turn' || other === undefined) return answer
          const { turn } = answer
          return { kind: 'turn', turn: { ...turn, step: { ...turn.step, host: other.name } } }
        },
      },
    },
  },
  {
    what: 'takes any plan for the one that was shown',
    breaks: 'as-shown',
    wrong: { verb: (verb) => ({ ...verb, same: () => true }) },
  },
  {
    what: 'marks machines as soon as it looks at them',
    breaks: 'nothing-before-yes',
    wrong: {
      verb: (verb, { world, cluster }) => ({
        ...verb,
        decide: () => {
          const [first] = cluster.nodes
          if (first !== undefined) diskOf(world, first.name).files.set(PATHS.underway, 'verb=restart\n')
          return verb.decide()
        },
      }),
    },
  },
  {
    what: 'does not see that members were stopped on purpose',
    breaks: 'stays-stopped',
    needs: ['stop', 'apply'],
    members: 5,
    wrong: {
      apply: (intent, observed) =>
        next(
          intent,
          withMembers(observed, () => ({ stoppedByOperator: undefined })),
        ),
    },
  },
  {
    what: 'starts members whose log is lost',
    breaks: 'no-amnesia',
    wrong: { power: seeing(() => ({ hasLog: true, whole: true })) },
  },
  {
    what: 'takes all members for departed',
    breaks: 'member-kept',
    wrong: { reset: (intent, hosts) => planReset({ ...intent, removed: intent.hosts }, hosts) },
  },
  {
    what: 'removes what it should move aside',
    breaks: 'data-kept',
    wrong: { reset: (intent, hosts) => planReset({ ...intent, purge: true }, hosts) },
  },
  {
    what: 'forgets the options file of a machine',
    breaks: 'effect',
    wrong: {
      reset: (intent, hosts) => {
        const plan = planReset(intent, hosts)
        return { ...plan, steps: plan.steps.filter(({ kind }) => kind !== 'remove') }
      },
    },
  },
  {
    what: 'is content with half of them',
    breaks: 'done-is-done',
    wrong: {
      power: {
        plan: planPower,
        turn: (intent, left, standing) =>
          left.length < 2 ? { kind: 'done' } : nextTurn(intent, left, standing),
      },
    },
  },
  { what: 'heeds no lock', breaks: 'one-operator', wrong: { lockless: true } },
  { what: 'starts nobody', breaks: 'finishes', wrong: { power: notStarting } },
  { what: 'says nothing of what could be done', breaks: 'ends-with-reason', wrong: { power: refusing('') } },
]
