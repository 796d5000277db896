/** Planners that are wrong on purpose, one for each invariant: a simulation that lets them pass would be worth nothing. */
import { type MemberState, PATHS } from '../../src/host/state.ts'
import { next } from '../../src/plan/next.ts'
import type { Observed } from '../../src/plan/observed.ts'
import { type HostStep, type Next, type Step, isHostStep } from '../../src/plan/steps.ts'
import type { Planner } from './operator.ts'
import type { Invariant } from './violation.ts'

export interface BrokenPlanner {
  readonly what: string
  readonly planner: Planner
  readonly breaks: Invariant
}

export const BROKEN: readonly BrokenPlanner[] = [
  {
    what: 'picks a fresh token although members have begun',
    breaks: 'one-cluster',
    planner: (intent, observed) =>
      next(
        intent,
        withMembers(observed, ({ contents }) => {
          const options = contents[PATHS.environment]
          if (options === undefined) return {}
          const token = `ETCD_INITIAL_CLUSTER_TOKEN=${intent.freshToken}`
          const other = options.replace(/^ETCD_INITIAL_CLUSTER_TOKEN=.*$/m, token)
          return { contents: { ...contents, [PATHS.environment]: other } }
        }),
      ),
  },
  {
    what: 'sees data where it is lost',
    breaks: 'no-amnesia',
    planner: (intent, observed) =>
      next(
        intent,
        withMembers(observed, (member) =>
          member.contents[PATHS.clusterId] === undefined ? {} : { dataPresent: true, walPresent: true },
        ),
      ),
  },
  {
    what: 'does not know of pins',
    breaks: 'no-amnesia',
    planner: (intent, observed) =>
      next(
        intent,
        withMembers(observed, ({ contents }) => {
          const { [PATHS.clusterId]: _pin, ...others } = contents
          const options = others[PATHS.environment]?.replace('STATE=existing', 'STATE=new')
          return { contents: options === undefined ? others : { ...others, [PATHS.environment]: options } }
        }),
      ),
  },
  {
    what: 'starts pinned members with the state new',
    breaks: 'no-new-start',
    planner: (intent, observed) =>
      next(
        intent,
        withMembers(observed, ({ contents }) => {
          const options = contents[PATHS.environment]?.replace('STATE=new', 'STATE=existing')
          const pinned = contents[PATHS.clusterId] !== undefined && options !== undefined
          return pinned ? { contents: { ...contents, [PATHS.environment]: options } } : {}
        }),
      ),
  },
  {
    what: 'clears the data of members that do not run',
    breaks: 'no-data-removed',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) =>
        steps.flatMap((step) =>
          step.kind === 'start' && observed.hosts[step.host]?.member?.dataPresent === true
            ? [removeData(step.host), step]
            : [step],
        ),
      ),
  },
  {
    what: 'restarts members whose files it changed',
    breaks: 'no-quorum-lost',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) =>
        steps.flatMap((step) =>
          step.kind === 'file' && observed.hosts[step.host]?.member?.unit.active === 'active'
            ? [step, restart(step.host)]
            : [step],
        ),
      ),
  },
  {
    what: 'pins without having verified',
    breaks: 'verified-pin',
    planner: (intent, observed) =>
      next(intent, {
        ...observed,
        cluster: observed.cluster && { ...observed.cluster, verified: true },
      }),
  },
  {
    what: 'refuses without a word',
    breaks: 'ends-with-reason',
    planner: (intent, observed) => {
      const answer = next(intent, observed)
      return answer.kind === 'blocked' ? { kind: 'blocked', reasons: [{ message: '' }] } : answer
    },
  },
  {
    what: 'is content once members run',
    breaks: 'done-is-done',
    planner: (intent, observed) =>
      observed.cluster?.problems.length === 0 ? { kind: 'done' } : next(intent, observed),
  },
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
    what: 'makes keys here and sends them',
    breaks: 'keys-stay',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) =>
        steps.map((step): Step => {
          if (step.kind !== 'key') return step
          const content = '-----BEGIN PRIVATE KEY-----\n'
          const path = `${PATHS.tls}/${step.name}.key`
          const { host, what, why, danger } = step
          return {
            kind: 'file',
            host,
            what,
            why,
            danger,
            path,
            content,
            before: undefined,
            owner: 'etcd',
            group: 'etcd',
            mode: '600',
          }
        }),
      ),
  },
]

function withMembers(observed: Observed, change: (member: MemberState) => Partial<MemberState>): Observed {
  const hosts = Object.entries(observed.hosts).map(([name, host]) => {
    const { member } = host
    return [
      name,
      member === undefined ? host : { ...host, member: { ...member, ...change(member) } },
    ] as const
  })
  return { ...observed, hosts: Object.fromEntries(hosts) }
}

function mapSteps(answer: Next, change: (steps: readonly Step[]) => readonly Step[]): Next {
  return answer.kind === 'steps' ? { kind: 'steps', steps: change(answer.steps) } : answer
}

function isPin(step: Step): boolean {
  return isHostStep(step) && step.kind === 'file' && step.path === PATHS.clusterId
}

/** No step of quorate's: the types would not let a planner ask for it. */
/** A step that quorate does not have. */
function removeData(host: string): Step {
  return { kind: 'remove-data', host, what: 'remove-data', why: 'broken', danger: 'none' } as unknown as Step
}

function restart(host: string): Step {
  return { kind: 'restart', host, what: 'restart', why: 'broken', danger: 'restart' }
}
