/** Judges from the proof's pods what works and what does not. Pure. Text from pods is cut to one harmless line. */
import * as z from 'zod'
import { oneLine } from '../../spec/visible.ts'
import { BY_ADDRESS, BY_NAME } from './objects.ts'

/** Stable: `--json` shows it. */
export interface ProofFailure {
  readonly kind: 'pod' | 'network' | 'service' | 'dns' | 'log'
  /** The node whose pod should have checked, or run. */
  readonly from: string
  /** The node that should have answered; undefined: it is not about one. */
  readonly to: string | undefined
  readonly message: string
  /** What to inspect. */
  readonly hint: string
}

export interface ProofPod {
  readonly name: string
  /** Empty: not scheduled yet. */
  readonly node: string
  readonly ready: boolean
  /** Empty: none yet. */
  readonly address: string
  readonly phase: string
  /** Why it does not run, if its status says so. */
  readonly why: string
  /** The last output of a pod that has ended. */
  readonly lastWords: string
}

const word = z.string().transform((text) => oneLine(text, 400))
const waiting = z.looseObject({ reason: word.default(''), message: word.default('') })

/**
 * The node that the DaemonSet's controller created a pod for, before the scheduler has placed it; empty: not stated.
 */
const MADE_FOR = z
  .object({
    nodeAffinity: z.object({
      requiredDuringSchedulingIgnoredDuringExecution: z.object({
        nodeSelectorTerms: z.tuple([
          z.object({ matchFields: z.tuple([z.object({ values: z.tuple([word]) })]) }),
        ]),
      }),
    }),
  })
  .transform(({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: wanted } }) => {
    return wanted.nodeSelectorTerms[0].matchFields[0].values[0]
  })
  .catch('')

export const PROOF_POD = z
  .looseObject({
    metadata: z.looseObject({ name: word }),
    spec: z.looseObject({ nodeName: word.default(''), affinity: MADE_FOR }),
    status: z
      .looseObject({
        phase: word.default(''),
        podIP: word.default(''),
        conditions: z
          .array(z.looseObject({ type: word, status: word, message: word.default('') }))
          .default([]),
        containerStatuses: z
          .array(
            z.looseObject({
              state: z
                .looseObject({
                  waiting: waiting.optional(),
                  terminated: z.looseObject({ message: z.string().max(20_000).default('') }).optional(),
                })
                .prefault({}),
            }),
          )
          .default([]),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): ProofPod => {
    const [container] = status.containerStatuses
    const condition = (type: string) => status.conditions.find((one) => one.type === type)
    const held = container?.state.waiting
    const placed = condition('PodScheduled')
    return {
      name: metadata.name,
      node: spec.nodeName || spec.affinity,
      ready: condition('Ready')?.status === 'True',
      address: status.podIP,
      phase: status.phase,
      why:
        placed?.status === 'False'
          ? placed.message
          : [held?.reason, held?.message].filter((text) => text !== undefined && text !== '').join(': '),
      lastWords: container?.state.terminated?.message ?? '',
    }
  })

/** Nodes without a serving pod at the deadline. */
export function unplaced(
  nodes: readonly string[],
  pods: readonly ProofPod[],
  events: Readonly<Record<string, string>>,
): readonly ProofFailure[] {
  return nodes.flatMap((node) => {
    const pod = pods.find((one) => one.node === node)
    if (pod?.ready === true && pod.address !== '') return []
    const why = pod === undefined ? 'none was made' : events[pod.name] || pod.why || `it is ${pod.phase}`
    return [
      {
        kind: 'pod' as const,
        from: node,
        to: undefined,
        message: `no pod runs on ${node} in time: ${why}`,
        hint:
          pod === undefined
            ? 'check with quorate status whether a controller-manager leads: it creates the pods of a DaemonSet'
            : `quorate kubectl -- describe node ${node}; on ${node}: journalctl -u kubelet -u containerd`,
      },
    ]
  })
}

/** What the checking pods, one per node, could not reach. */
export function judged(nodes: readonly string[], checks: readonly ProofPod[]): readonly ProofFailure[] {
  const failures = nodes.flatMap((node) => {
    const check = checks.find((one) => one.node === node)
    const lines = check?.lastWords.slice(0, 8_192).split('\n') ?? []
    if (check === undefined || !lines.some((line) => /^asked \d+$/.test(line))) return [unheard(node, check)]
    return lines.flatMap((line) => {
      const [, what, reason] = /^fail (\S+) (.*)$/.exec(line) ?? []
      return what === undefined ? [] : [failed(node, what, oneLine(reason ?? '', 100), nodes)]
    })
  })
  return failures
}

function unheard(node: string, check: ProofPod | undefined): ProofFailure {
  const why = check === undefined ? 'it is gone' : check.why || `it is ${check.phase}`
  return {
    kind: 'pod',
    from: node,
    to: undefined,
    message: `the pod that asks all others from ${node} came to no end in time: ${why}`,
    hint: `on ${node}: journalctl -u kubelet -u containerd`,
  }
}

function failed(from: string, what: string, reason: string, nodes: readonly string[]): ProofFailure {
  const because = reason === '' ? '' : `: ${reason}`
  if (what === BY_ADDRESS)
    return {
      kind: 'service',
      from,
      to: undefined,
      message: `a pod on ${from} can't reach a Service by its address${because}`,
      hint: `kube-proxy on ${from} leads it to a pod: quorate kubectl -- -n kube-system get pods -o wide -l k8s-app=kube-proxy`,
    }
  if (what === BY_NAME)
    return {
      kind: 'dns',
      from,
      to: undefined,
      message: `a pod on ${from} can't reach a Service by its name${because}`,
      hint: 'CoreDNS answers for names: quorate kubectl -- -n kube-system get pods -o wide -l k8s-app=kube-dns',
    }
  const to = nodes.find((name) => name === what) ?? oneLine(what, 253)
  const flannel =
    from === to
      ? `the bridge cni0 and the pod's interface on ${from}: ip address show; journalctl -u kubelet`
      : `flannel on both, and whether a firewall between them drops UDP 8472 (vxlan): quorate kubectl -- -n kube-flannel get pods -o wide`
  return {
    kind: 'network',
    from,
    to,
    message: `a pod on ${from} can't reach a pod on ${to}${because}`,
    hint: `look at ${flannel}`,
  }
}
