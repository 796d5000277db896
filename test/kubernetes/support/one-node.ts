/** The tier of containerd on one node, through the real agent: what it plans, refuses and carries out. */
import { expect } from 'vitest'
import type { RunEvent } from '../../../src/engine/events.ts'
import { type LockScope, takeLock, theseMachines } from '../../../src/engine/locking.ts'
import type { ServiceKind } from '../../../src/engine/service-kind.ts'
import { SERVICES, type ServiceStep } from '../../../src/engine/service-steps.ts'
import { runWave } from '../../../src/engine/wave.ts'
import { runAgent } from '../../../src/host/agent.ts'
import { looksFor, parseHostState } from '../../../src/host/observe.ts'
import type { HostState } from '../../../src/host/state.ts'
import { openSession } from '../../../src/index.ts'
import type { Cluster, Node } from '../../../src/spec/cluster.ts'
import { containerd } from '../../../src/tiers/containerd/tier.ts'

type Session = Awaited<ReturnType<typeof openSession>>

export function oneNode(cluster: Cluster, node: Node) {
  const { name } = node
  const looks = looksFor(cluster, node, [containerd])

  const connected = async (more: { emit?: (event: RunEvent) => void; signal?: AbortSignal } = {}) =>
    await openSession(cluster, { tiers: [containerd], ...more })

  const look = async (session: Session): Promise<HostState> => {
    const { lines } = await runAgent(await session.remote(node), { operations: [], looks })
    return parseHostState(name, true, lines)
  }

  const planned = (host: HostState, wanted = cluster) => containerd.steps(wanted, { [name]: host }, 'T')

  const refused = (host: HostState, wanted = cluster) => containerd.refusals(wanted, { [name]: host })

  /** As `apply` does. @returns the machine as the agent saw it at the end */
  const carryOut = async (session: Session, host: HostState, steps: readonly ServiceStep[]) => {
    const scope: LockScope = theseMachines([node])
    await using lock = await takeLock(session, { purpose: 'test', scope })
    const worked = await runWave<ServiceStep>(session, lock, steps, {
      perform: async () => {
        throw new Error('no step is of the cluster as a whole')
      },
      explain: async (error) => error,
      equip: async () => {
        const known = { hosts: { [name]: host }, facts: undefined }
        const contentsOf = await containerd.equip?.(session, known, steps)
        return (_node, own) => ({
          operations: own.map((step) =>
            (SERVICES[step.kind] as unknown as ServiceKind<ServiceStep>).operations(
              step,
              contentsOf?.(step) ?? {},
            ),
          ),
          sendings: [],
          looks,
        })
      },
    })
    return parseHostState(name, true, worked.get(name)?.lines ?? [])
  }

  /** Repeats until nothing is left to do. @returns the kinds of the steps done */
  const settle = async (): Promise<string[]> => {
    await using session = await connected()
    const host = await look(session)
    const steps = planned(host)
    if (steps.length === 0) return []
    const after = await carryOut(session, host, steps)
    expect(planned(after)).toEqual([])
    return steps.map(({ kind }) => kind)
  }

  return { connected, look, planned, refused, carryOut, settle }
}
