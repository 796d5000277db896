/** Planners with deliberate faults at the end: they never reach it, or reach a wrong one. */
import { PATHS } from '../../src/host/state.ts'
import { next } from '../../src/tiers/etcd/plan/next.ts'
import type { HostStep } from '../../src/tiers/etcd/steps/steps.ts'
import { type BrokenPlanner, isPin, mapSteps } from './broken-tools.ts'

export const ENDLESS: readonly BrokenPlanner[] = [
  {
    what: 'leaves the start to others',
    breaks: 'finishes',
    planner: (intent, observed) => {
      const answer = next(intent, observed)
      if (
        answer.kind !== 'steps' ||
        !answer.steps.every((step) => ['start', 'enable', 'ready'].includes(step.kind))
      )
        return answer
      return { kind: 'blocked', reasons: [{ message: 'somebody else may start them', hint: 'ask somebody' }] }
    },
  },
  {
    what: 'pins behind the options file, where a tool that dies leaves members that nobody knows',
    breaks: 'finishes',
    atFirst: true,
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) => [
        ...steps.filter((step) => !isPin(step)),
        ...steps.filter((step) => isPin(step)),
      ]),
  },
  {
    what: 'enables a unit that it did not write',
    breaks: 'converges',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) =>
        steps.map((step) =>
          step.kind === 'file' && step.path === PATHS.unit
            ? { kind: 'enable', host: step.host, what: 'enable it', why: 'of course', danger: 'none' }
            : step,
        ),
      ),
  },
  {
    what: 'repeats itself',
    breaks: 'effect',
    planner: (intent, observed) => {
      const answer = next(intent, observed)
      const [host] = Object.keys(observed.hosts)
      if (answer.kind !== 'done' || host === undefined) return answer
      const again: HostStep = { kind: 'tls-modes', host, what: 'modes', why: 'to be sure', danger: 'none' }
      return { kind: 'steps', steps: [again] }
    },
  },
  {
    what: 'adds a line to the unit whenever it is done',
    breaks: 'plan-ends',
    planner: (intent, observed) => {
      const answer = next(intent, observed)
      const [host] = Object.keys(observed.hosts)
      if (answer.kind !== 'done' || host === undefined) return answer
      const before = observed.hosts[host]?.member?.contents[PATHS.unit]
      const file = { path: PATHS.unit, before, owner: 'root', group: 'root', mode: '644' } as const
      const words = { what: 'add a line', why: 'to be sure', danger: 'none' } as const
      return {
        kind: 'steps',
        steps: [{ kind: 'file', host, ...file, content: `${before ?? ''}#\n`, ...words }],
      }
    },
  },
]
