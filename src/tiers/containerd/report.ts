/** What `status` reports about containerd on the nodes. */
import { hasKubernetes } from '../../kubernetes/kubernetes-cluster.ts'
import { type Note, noteText } from '../../engine/note.ts'
import type { AskNode, TierReport } from '../../engine/tier.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { kubernetesNodes } from '../../spec/kubernetes.ts'
import { counted } from '../../spec/units.ts'
import { CONTAINERD } from './files.ts'

/** An interface: add, don't change. */
type ContainerdNoteId = 'containerd-not-running' | 'containerd-unknown'

export async function containerdReport(cluster: Cluster, ask: AskNode): Promise<TierReport | undefined> {
  if (!hasKubernetes(cluster)) return undefined
  const { unit, package: name, configuration } = CONTAINERD
  const nodes = await Promise.all(
    kubernetesNodes(cluster).map(async (node) => {
      const answer = await ask(node, [['service', { unit, package: name, files: [configuration] }]])
      return {
        node: node.name,
        answered: answer !== undefined,
        active: answer?.services?.units[unit]?.active,
      }
    }),
  )
  const running = nodes.filter(({ active }) => active === 'active')
  const notes = nodes.flatMap(({ node, answered, active }): Note<ContainerdNoteId>[] => {
    if (!answered) {
      const message = 'does not answer; the state of its containerd is unknown'
      return [{ id: 'containerd-unknown', host: node, message }]
    }
    if (active === 'active') return []
    const message = `containerd is ${active ?? 'not set up'}; quorate apply starts it`
    return [{ id: 'containerd-not-running', host: node, message }]
  })
  const unknown = nodes.some(({ answered }) => !answered)
  return {
    tier: 'containerd',
    serving:
      notes.length === 0 ? true : running.length === 0 && unknown ? null : running.length === nodes.length,
    summary: `containerd runs on ${running.length} of ${counted(nodes.length, 'node')}`,
    notes: notes.map(noteText),
    noteDetails: notes,
  }
}
