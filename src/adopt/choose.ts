/** Chooses the etcd to adopt if several run on a node: by evidence or by the operator's option, never arbitrarily. */
import { formatId } from '../etcd/view.ts'
import type { MemberView } from '../etcd/view.ts'
import type { BlockReason } from '../engine/step.ts'
import { describeProcess, silent, who } from './absence.ts'
import { clientListeners, clientPort } from './member.ts'
import type { Settings } from './settings.ts'
import type { EtcdProcess, MachineFacts } from './machine-facts.ts'

/** A process on a node, and its answer. */
export interface Candidate {
  readonly process: EtcdProcess
  readonly settings: Settings
  readonly view: MemberView
}

export interface Choice<C extends Candidate> {
  readonly chosen: readonly C[]
  readonly troubles: readonly BlockReason[]
}

/** The cluster that all nodes with a single etcd belong to; undefined: they belong to none, or to several. */
export function evidentCluster(machines: readonly (readonly Candidate[])[]): bigint | undefined {
  const ids = new Set(
    machines.flatMap(([first, ...more]) =>
      first?.view.reachable === true && more.length === 0 ? [first.view.clusterId] : [],
    ),
  )
  return ids.size === 1 ? [...ids][0] : undefined
}

/** Those that match `--client-port`; if none does, the message says what was found instead. */
export function atPort<C extends Candidate>(
  host: string,
  candidates: readonly C[],
  port: number | undefined,
): Choice<C> {
  if (port === undefined) return { chosen: candidates, troubles: [] }
  const chosen = candidates.filter(({ settings }) =>
    clientListeners(settings).some((listener) => listener.port === port),
  )
  if (chosen.length > 0 || candidates.length === 0) return { chosen, troubles: [] }
  const message = `no etcd on the node serves clients at port ${port}: ${list(candidates)}`
  return {
    chosen,
    troubles: [
      { id: 'no-etcd-at-client-port', host, message, hint: 'use a listed port, or remove --client-port' },
    ],
  }
}

/** For one node, after `atPort`; `clusterId` as other nodes show it. A process that doesn't answer can't be adopted. */
export function choose<C extends Candidate>(
  host: string,
  facts: MachineFacts,
  candidates: readonly C[],
  clusterId: bigint | undefined,
): Choice<C> {
  const [only, ...more] = candidates
  if (only === undefined) return { chosen: [], troubles: [] }
  if (more.length === 0) {
    if (only.view.reachable) {
      const { clusterId: its } = only.view
      if (clusterId === undefined || its === clusterId) return { chosen: [only], troubles: [] }
      const message = `the etcd on the node, ${who(only.process)}, is a member of the cluster ${formatId(its)}, not of ${formatId(clusterId)}, which lists a member at this address`
      const hint = 'find the lost members: etcdctl member list; then remove those that do not come back'
      return { chosen: [], troubles: [{ id: 'member-of-another-cluster', host, message, hint }] }
    }
    return { chosen: [], troubles: [silent(host, only.process, facts, only.view.reason.message)] }
  }
  const fitting = candidates.filter(
    ({ view }) => clusterId !== undefined && view.reachable && view.clusterId === clusterId,
  )
  if (fitting.length === 1) return { chosen: fitting, troubles: [] }
  const same = fitting.length > 1 ? ', of one cluster' : ''
  const hint =
    fitting.length > 1
      ? 'move the other members to separate nodes first: quorate manages one member per node'
      : 'choose one by its client port: --client-port'
  return {
    chosen: [],
    troubles: [
      {
        id: 'several-etcd-on-the-node',
        host,
        message: `${candidates.length} etcd processes run on the node${same}: ${list(candidates)}`,
        hint,
      },
    ],
  }
}

function list(candidates: readonly Candidate[]): string {
  const each = candidates.map(({ process, settings, view }) => {
    const cluster = view.reachable ? `cluster ${formatId(view.clusterId)}` : 'does not answer'
    return `${describeProcess(process, settings, clientPort(settings))}, ${cluster}`
  })
  return each.join('; ')
}
