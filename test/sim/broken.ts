/**
 * Planners with deliberate faults, one for each invariant: a simulation that does not detect them would be worthless.
 */
import { PATHS } from '../../src/host/state.ts'
import { next } from '../../src/tiers/etcd/plan/next.ts'
import type { Step } from '../../src/tiers/etcd/steps/steps.ts'
import { UNKNOWN_YET } from '../../src/tiers/etcd/facts/unknown.ts'
import {
  isForeseen,
  mapSteps,
  removeData,
  restart,
  running,
  stop,
  withFacts,
  withMembers,
  withoutNameFaults,
} from './broken-tools.ts'
import { ENDLESS } from './broken-ends.ts'
import type { BrokenPlanner } from './broken-tools.ts'

export const BROKEN: readonly BrokenPlanner[] = [
  ...ENDLESS,
  {
    what: 'picks a fresh token although members have started',
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
    atFirst: true,
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
    what: 'lets members go to an older minor without asking etcd',
    breaks: 'no-refused-start',
    planner: (intent, observed) => {
      const target = intent.cluster.etcd.version.split('.').slice(0, 2).join('.')
      const storage = Object.fromEntries(intent.cluster.nodes.map(({ name }) => [name, target]))
      return next(intent, intent.upgrade ? withFacts(observed, { downgrade: target, storage }) : observed)
    },
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
    what: 'stops all others while it restarts one',
    breaks: 'quorum-kept',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) => {
        const one = steps.find((step) => step.kind === 'restart')
        const others = running(observed).filter((host) => host !== one?.host)
        return one === undefined ? steps : [...steps, ...others.map(stop)]
      }),
  },
  {
    what: 'adds two members at once',
    breaks: 'one-change',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) => {
        const add = steps.find((step) => step.kind === 'member-add')
        return add === undefined ? steps : [...steps, { ...add, peerUrls: ['https://192.168.0.99:2380'] }]
      }),
  },
  {
    what: 'adds a member while another has no vote yet',
    breaks: 'one-change',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) =>
        steps.map((step) => {
          // A plan that contains it would never end, so only the real state counts.
          if (isForeseen(observed)) return step
          const members = observed.cluster?.members.map(({ id }) => id) ?? []
          const peerUrls = ['https://192.168.0.99:2380']
          const add = { kind: 'member-add', node: 'etcd99', peerUrls, learner: true, members } as const
          return step.kind === 'promote' ? { ...step, ...add } : step
        }),
      ),
  },
  {
    what: 'restarts a member without a look at the others',
    breaks: 'others-well',
    planner: (intent, observed) =>
      mapSteps(next(intent, withFacts(observed, { problems: [], lag: {} })), (steps) =>
        steps.filter(({ kind }) => kind !== 'compare'),
      ),
  },
  {
    what: 'does not know who leads',
    breaks: 'leader-last',
    planner: (intent, observed) =>
      mapSteps(next(intent, withFacts(observed, { leader: 'nobody' })), (steps) =>
        steps.filter(({ kind }) => kind !== 'move-leader'),
      ),
  },
  {
    what: 'has members turn clients away before every member has the name that they lack',
    breaks: 'no-lockout',
    planner: (intent, observed) =>
      next(intent, {
        ...observed,
        certificates: Object.fromEntries(
          Object.entries(observed.certificates).map(([host, own]) => [host, withoutNameFaults(own)]),
        ),
      }),
  },
  {
    what: 'restarts a member whose certificate it renewed',
    breaks: 'only-what-differs',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) => {
        const renewed = steps.find(
          (step) => step.kind === 'certificates' && running(observed).includes(step.host),
        )
        return renewed?.host === undefined ? steps : [...steps, restart(renewed.host)]
      }),
  },
  {
    what: 'makes room for a new member before the old one is gone',
    breaks: 'aside-after-leaving',
    planner: (intent, observed) =>
      mapSteps(next(intent, observed), (steps) =>
        steps.flatMap((step): readonly Step[] => {
          const host = step.kind === 'start' ? step.host : undefined
          if (host === undefined || observed.hosts[host]?.member?.dataPresent !== true) return [step]
          const { walDirectory, dataDirectory } = intent.cluster.etcd
          const paths = [walDirectory, dataDirectory]
          return [
            { kind: 'aside', host, paths, suffix: 'old', what: 'aside', why: 'broken', danger: 'none' },
            step,
          ]
        }),
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
    what: 'refuses only once it sees what it has done',
    breaks: 'all-or-nothing',
    planner: (intent, observed) => {
      const issued = Object.values(observed.hosts).some(({ member }) =>
        Object.values(member?.tls.certificates ?? {}).some(({ pem }) => pem !== UNKNOWN_YET),
      )
      const reasons = [{ message: 'it has certificates', hint: 'have none' }]
      return issued ? { kind: 'blocked', reasons } : next(intent, observed)
    },
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
