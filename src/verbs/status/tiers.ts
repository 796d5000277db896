/** The products other than etcd, for `status`: each tier reports on itself. */
import { QuorateError } from '../../errors.ts'
import type { AskNode, TierReport } from '../../engine/tier.ts'
import { runAgent } from '../../host/agent.ts'
import { parseHostState } from '../../host/observe.ts'
import type { Session } from '../../tiers/etcd/session.ts'

/** Never throws for a node that can't be asked. */
export async function tierReports(session: Session): Promise<readonly TierReport[]> {
  const ask: AskNode = async (node, looks) => {
    try {
      const remote = await session.remote(node)
      const { lines } = await runAgent(remote, { operations: [], looks, signal: session.signal })
      const answers = lines.flatMap((line) =>
        line.startsWith('answer ') ? [line.slice('answer '.length)] : [],
      )
      return { services: parseHostState(node.name, false, lines).services, answers }
    } catch (error) {
      if (error instanceof QuorateError) return undefined
      throw error
    }
  }
  const reports = await Promise.all(
    (session.tiers ?? []).map(async (tier) => await tier.report(session.cluster, ask, session)),
  )
  return reports.filter((report) => report !== undefined)
}
