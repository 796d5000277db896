/** Planners that break what must hold of Kubernetes on purpose: the simulation has to catch each. */
import type { ServerFacts } from '../../../src/kubernetes/api-facts.ts'
import { hasKubernetes } from '../../../src/kubernetes/kubernetes-cluster.ts'
import { nodesWith } from '../../../src/spec/cluster.ts'
import { TIER } from '../../../src/tiers/kubernetes/name.ts'
import { KUBELET } from '../../../src/tiers/kubernetes/plan/files.ts'
import { withHiddenServer, withManifest } from '../../../src/tiers/kubernetes/plan/masters.ts'
import { manifestSteps } from '../../../src/tiers/kubernetes/plan/roll.ts'
import { tierFacts } from '../../../src/tiers/kubernetes/facts.ts'
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import type { Next, Step } from '../../../src/tiers/etcd/steps/steps.ts'
import type { Planner } from '../operator.ts'
import type { Invariant } from '../violation.ts'
import type { Life, Round } from './life.ts'

const QUIET: Round = { edit: 'none', before: [], between: [], interruption: undefined, mends: false }

function life(round: Partial<Round>): Life {
  return { established: true, rounds: [{ ...QUIET, ...round }] }
}

interface Broken {
  readonly what: string
  readonly breaks: Invariant
  readonly planner: Planner
  readonly life: Life
}

/** The real planner's answer, modified. */
function twisted(change: (answer: Next, ...asked: Parameters<Planner>) => Next): Planner {
  return (intent, observed) => change(next(intent, observed), intent, observed)
}

const isRolling = (answer: Next): answer is Extract<Next, { kind: 'steps' }> =>
  answer.kind === 'steps' && answer.steps.some((step) => step.kind === 'kubeadm-manifests' && !step.creates)

const note = (name: string, text: string): Step => ({
  kind: 'kubernetes-objects',
  objects: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data: { text } },
  ],
  what: `apply ${name}`,
  why: 'somebody likes it',
  danger: 'none',
})

const heldBy = (observed: Parameters<Planner>[1]) => tierFacts(observed.beside?.['kubernetes']).api?.held

/** The same, and the manifests of these other masters as well. */
function withOthers(
  answer: Next,
  { cluster }: Parameters<Planner>[0],
  { hosts, beside }: Parameters<Planner>[1],
  others: (master: string) => boolean,
): Next {
  if (!isRolling(answer) || answer.kind !== 'steps' || !hasKubernetes(cluster)) return answer
  const nodes = cluster.nodes.filter(({ roles }) => !roles.includes('master'))
  const more = nodesWith(cluster, 'master')
    .filter(({ name }) => others(name) && !answer.steps.some((step) => step.host === name))
    .flatMap((master) =>
      manifestSteps(
        { ...cluster, nodes: [...nodes, master] },
        hosts,
        tierFacts(beside?.['kubernetes']),
        () => false,
      ),
    )
  return { kind: 'steps', steps: [...answer.steps, ...more] }
}

type Server = readonly [name: string, facts: ServerFacts]

/** The planner with facts about API servers that differ from the observed ones. */
function deceived(change: (server: Server, ...asked: Parameters<Planner>) => readonly Server[]): Planner {
  return (intent, observed) => {
    const facts = tierFacts(observed.beside?.['kubernetes'])
    const servers = Object.entries(facts.api?.servers ?? {}).flatMap((server) =>
      change(server, intent, observed),
    )
    const api = facts.api && { ...facts.api, servers: Object.fromEntries(servers) }
    return next(intent, { ...observed, beside: { ...observed.beside, kubernetes: { ...facts, api } } })
  }
}

/** The API server of the first master serves on, and nothing on its node shows it. */
const HIDDEN: Round['before'] = [
  { kind: 'kubelet-stopped', at: 0 },
  { kind: 'manifest-deleted', at: 0 },
]

export const BROKEN: readonly Broken[] = [
  {
    what: 'changes the manifests of all masters at once',
    breaks: 'api-kept',
    planner: twisted((answer, ...asked) => withOthers(answer, ...asked, () => true)),
    life: life({ edit: 'argument' }),
  },
  {
    what: 'changes all masters at once that seem to be down',
    breaks: 'one-server',
    planner: twisted((answer, intent, observed) => {
      const states = tierFacts(observed.beside?.['kubernetes']).api?.servers
      return withOthers(answer, intent, observed, (name) => states?.[name]?.state === 'not-ready')
    }),
    life: life({ edit: 'argument', before: [{ kind: 'api-falters', at: 3 }] }),
  },
  {
    what: 'takes an API server that is late for one that is down',
    breaks: 'api-kept',
    planner: deceived(([name, server]) => [[name, { ...server, late: false }]]),
    life: life({
      edit: 'argument',
      before: [
        { kind: 'api-slow', at: 1 },
        { kind: 'api-slow', at: 2 },
      ],
    }),
  },
  {
    what: 'does not wait until a changed API server serves again',
    breaks: 'api-kept',
    planner: deceived(([name, server]) => [[name, { ...server, state: 'ready' }]]),
    life: life({ edit: 'argument' }),
  },
  {
    what: 'asks no API server without its manifest',
    breaks: 'api-kept',
    planner: deceived((server, { cluster }, { hosts }) =>
      withManifest(cluster, hosts).includes(server[0]) ? [server] : [],
    ),
    life: life({ edit: 'argument', before: [...HIDDEN, { kind: 'api-not-ready', at: 1 }] }),
  },
  {
    what: 'starts a kubelet without the manifest of the API server that serves',
    breaks: 'api-kept',
    planner: twisted((answer, { cluster }, { hosts, beside }) => {
      const [hidden] = withHiddenServer(cluster, hosts, tierFacts(beside?.['kubernetes']))
      if (answer.kind !== 'steps' || hidden === undefined) return answer
      const kubelet = {
        tier: TIER,
        host: hidden,
        unit: KUBELET,
        danger: 'none',
        what: 'start',
        why: '',
      } as const
      const start: Step = { ...kubelet, kind: 'service-load', reloads: false, restarts: true }
      return { kind: 'steps', steps: [...answer.steps.filter(({ host }) => host !== hidden), start] }
    }),
    life: life({ edit: 'argument', before: [...HIDDEN, { kind: 'api-not-ready', at: 1 }] }),
  },
  {
    what: 'forgets the labels of nodes',
    breaks: 'done-is-done',
    planner: twisted((answer) => {
      if (answer.kind !== 'steps') return answer
      const steps = answer.steps.filter(({ kind }) => kind !== 'kubernetes-node-settings')
      return steps.length === 0 ? { kind: 'done' } : { kind: 'steps', steps }
    }),
    life: life({ before: [{ kind: 'label-removed', at: 0 }] }),
  },
  {
    what: 'applies the same again and again',
    breaks: 'effect',
    planner: twisted((answer) =>
      answer.kind === 'done' ? { kind: 'steps', steps: [note('again', 'and again')] } : answer,
    ),
    life: life({}),
  },
  {
    what: 'notes each run in the API',
    breaks: 'second-run',
    planner: twisted((answer, { stamp }, observed) => {
      const found = heldBy(observed)?.objects['ConfigMap kube-system/run'] as
        | { readonly data?: { readonly text?: string } }
        | undefined
      if (answer.kind !== 'done' || found?.data?.text === stamp) return answer
      return { kind: 'steps', steps: [note('run', stamp)] }
    }),
    life: life({}),
  },
  {
    what: 'wants one object more for each that there is',
    breaks: 'plan-ends',
    planner: twisted((answer, _intent, observed) => {
      const count = Object.keys(heldBy(observed)?.objects ?? {}).length
      return answer.kind === 'done' ? { kind: 'steps', steps: [note(`number-${count}`, '')] } : answer
    }),
    life: life({}),
  },
  {
    what: 'refuses without a word what to do',
    breaks: 'ends-with-reason',
    planner: twisted((answer) =>
      answer.kind === 'blocked'
        ? { kind: 'blocked', reasons: answer.reasons.map((reason) => ({ ...reason, hint: undefined })) }
        : answer,
    ),
    life: life({ before: [{ kind: 'another-ca', at: 0 }] }),
  },
  {
    what: 'refuses to mend manifests',
    breaks: 'finishes',
    planner: twisted((answer) =>
      isRolling(answer)
        ? { kind: 'blocked', reasons: [{ host: undefined, message: 'a manifest differs', hint: 'mend it' }] }
        : answer,
    ),
    life: life({ before: [{ kind: 'manifest-edited', at: 0 }] }),
  },
  {
    what: "removes etcd's data beside a manifest",
    breaks: 'no-data-removed',
    planner: twisted((answer, { cluster }) => {
      if (!isRolling(answer)) return answer
      const common = { host: 'etcd01', what: 'remove the data', why: 'to be tidy', danger: 'none' } as const
      const remove = { ...common, kind: 'remove', paths: [cluster.etcd.dataDirectory] }
      // Not a step of apply.
      return { kind: 'steps', steps: [...answer.steps, remove as unknown as Step] }
    }),
    life: life({ edit: 'argument' }),
  },
]
