/** Recoveries that are wrong on purpose. */
import { isRecoveryStep } from '../../../../src/tiers/etcd/steps/recovery.ts'
import { endSteps, releaseSteps } from '../../../../src/tiers/etcd/plan/recover.ts'
import { type RecoveryFacts, decideRecovery } from '../../../../src/verbs/recover/decide.ts'
import { decideTakingBack } from '../../../../src/verbs/recover/decide-abandon.ts'
import { nextRecovery } from '../../../../src/verbs/recover/decide-next.ts'
import { stop } from '../../etcd.ts'
import type { RecoverDeciders } from './recover.ts'
import { type RecoveryLife, killedEverywhere } from './scenario.ts'

export interface BrokenRecovery {
  readonly what: string
  /** The rule, of a recovery or of every command. */
  readonly breaks: string
  readonly wrong: Partial<RecoverDeciders>
  /** Lives in which it matters; otherwise any. */
  readonly lives?: readonly RecoveryLife[]
}

/** It sees a wrong state. */
function seeing(change: (finds: RecoveryFacts['finds']) => RecoveryFacts['finds']): Partial<RecoverDeciders> {
  return { decide: (request, facts) => decideRecovery(request, { ...facts, finds: change(facts.finds) }) }
}

/** Every log ends at this index. */
function logsEnding(at: (index: bigint) => bigint): Partial<RecoverDeciders> {
  return seeing((finds) => ({
    ...finds,
    data: Object.fromEntries(
      Object.entries(finds.data).map(([name, { log, ...rest }]) => [
        name,
        { ...rest, log: log && { ...log, lastTerm: 1n, lastIndex: at(log.lastIndex) } },
      ]),
    ),
  }))
}

/** Of five members two are left, and one of them lacks the last write. */
const TWO_LEFT: RecoveryLife = {
  members: 5,
  begins: [{ kind: 'write', host: 3 }, ...[0, 1, 2].map((host) => ({ kind: 'both-lost' as const, host }))],
  rounds: [
    {
      before: [],
      ask: { verb: 'recover', survivor: undefined, declares: false },
      during: undefined,
      interruption: undefined,
      heals: false,
    },
  ],
}

/** Of three members, only the one that lacks the last write is left. */
const CUT_OFF_ALONE: RecoveryLife = {
  members: 3,
  begins: [
    { kind: 'write', host: 1 },
    { kind: 'write', host: 2 },
    ...[0, 1].map((host) => ({ kind: 'both-lost' as const, host })),
  ],
  rounds: TWO_LEFT.rounds,
}

/** The better one loses its data after the preview. */
const BEST_IS_LOST: RecoveryLife = {
  ...TWO_LEFT,
  rounds: TWO_LEFT.rounds.map((round) => ({
    ...round,
    during: { moment: { at: 'shown' }, event: { kind: 'both-lost', host: 4 } },
  })),
}

export const BROKEN_RECOVERIES: readonly BrokenRecovery[] = [
  {
    what: 'takes the shortest log for the best',
    breaks: 'best-log',
    lives: [TWO_LEFT],
    wrong: logsEnding((index) => -index),
  },
  {
    what: 'does not look at how far logs go',
    breaks: 'best-log',
    lives: [TWO_LEFT],
    wrong: logsEnding(() => 1n),
  },
  {
    what: 'takes who is silent for lost',
    breaks: 'one-cluster',
    wrong: {
      decide: (request, facts) => {
        const [first, ...others] = Object.entries(facts.finds.hosts)
        const hosts = Object.fromEntries(first === undefined ? [] : [first])
        const lost = others.map(([name]) => name)
        return decideRecovery(
          { ...request, lost: [...request.lost, ...lost] },
          { ...facts, finds: { ...facts.finds, hosts, view: { members: [] } } },
        )
      },
    },
  },
  {
    what: 'drops the end of the log',
    breaks: 'writes-kept',
    wrong: { copied: (log) => ({ ...log, entries: log.entries.slice(0, -1) }) },
  },
  {
    what: 'gives revisions out again',
    breaks: 'revisions-once',
    lives: [CUT_OFF_ALONE],
    wrong: {
      decide: (request, facts) => {
        const decision = decideRecovery(request, facts)
        return { ...decision, progress: { ...decision.progress, bump: 0 } }
      },
    },
  },
  {
    what: 'works on machines that were declared lost',
    breaks: 'locked',
    wrong: {
      decide: (request, facts) => {
        const decision = decideRecovery(request, facts)
        const { state, progress } = decision
        return { ...decision, state: { ...state, others: [...state.others, ...progress.lost] } }
      },
    },
  },
  {
    what: 'lets the survivor alone go',
    breaks: 'clean',
    wrong: {
      next: (facts) => {
        const answer = nextRecovery(facts)
        if (answer.kind !== 'steps' || !answer.steps.some(({ kind }) => kind === 'release')) return answer
        const released = facts.others
        const steps = releaseSteps({ ...facts, released })
        return facts.released.includes(facts.survivor) ? { kind: 'done' } : { kind: 'steps', steps }
      },
    },
  },
  {
    what: 'leaves the survivor alone',
    breaks: 'converges',
    wrong: {
      next: (facts) => {
        const answer = nextRecovery(facts)
        const joins = answer.kind === 'steps' && answer.steps.every((step) => !isRecoveryStep(step))
        return joins ? { kind: 'done' } : answer
      },
    },
  },
  {
    what: 'is given up with what it moved aside left there',
    breaks: 'put-back',
    lives: killedEverywhere({ verb: 'abandon', pieces: 40 }),
    wrong: {
      abandon: (survey, lost) => {
        const given = decideTakingBack(survey, lost)
        return given && { ...given, steps: endSteps(given.steps.map(({ host }) => host)) }
      },
    },
  },
  {
    what: 'does another thing than it has shown',
    breaks: 'as-shown',
    lives: [BEST_IS_LOST],
    wrong: { verb: (verb) => ({ ...verb, same: () => true }) },
  },
  {
    what: 'stops a member while it looks',
    breaks: 'nothing-before-yes',
    wrong: {
      verb: (verb, { vw }) => ({
        ...verb,
        decide: () => {
          for (const disk of vw.world.disks.values()) stop(disk)
          return verb.decide()
        },
      }),
    },
  },
]
