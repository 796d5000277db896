/** Waits for a cluster to be healthy, based on etcd's answers rather than on time. */
import { QuorateError } from '../../../errors.ts'
import { CAUGHT_UP } from '../../../etcd/lag.ts'
import { keptStopped } from '../plan/kept.ts'
import type { Observed } from '../facts/observed.ts'
import { type Node, etcdNodes } from '../../../spec/cluster.ts'
import { clusterFacts } from '../facts/facts.ts'
import { lookAtHosts, runningNodes } from '../facts/observe.ts'
import type { Session } from '../session.ts'
import { counted } from '../../../spec/units.ts'
import { type Looked, until } from '../../../wait/until.ts'

const PATIENCE_MS = 60_000
const PAUSE_MS = 200

/** @throws QuorateError `unhealthy` with the remaining problems after a minute; `unreachable` if the node of a stopped member can't be observed. */
export async function awaitHealth(session: Session, observed: Observed): Promise<void> {
  let { hosts } = observed
  let running: readonly Node[] = []
  const look = async (attempt: number): Promise<Looked<void, readonly string[]>> => {
    if (attempt > 1) {
      // A member that another run was restarting may be up by now.
      const others = etcdNodes(session.cluster).filter((node) => !running.includes(node))
      hosts = { ...hosts, ...(await lookAtHosts(session, others)) }
    }
    running = runningNodes(session, hosts)
    const facts = await clusterFacts(session, running, false, keptStopped(session, { hosts }))
    const behind = Object.entries(facts?.lag ?? {}).filter(([, lag]) => lag > CAUGHT_UP)
    const problems = [
      ...(facts?.problems ?? ['no member answers']),
      ...behind.map(([name, lag]) => `${name} is ${counted(lag, 'entry', 'entries')} behind`),
    ]
    return problems.length === 0 ? { found: undefined } : { missing: problems }
  }
  await until(look, {
    ms: PATIENCE_MS,
    patienceFactor: session.patienceFactor,
    everyMs: PAUSE_MS,
    signal: session.signal,
    late: (problems, waitedMs) => {
      throw new QuorateError(
        'unhealthy',
        `cluster did not become healthy within ${waitedMs / 1000} s: ${problems.join('; ')}`,
        {
          id: 'cluster-not-healthy-in-time',
          hint: 'read the journals: quorate run etcd -- journalctl -u etcd -n 50; once the cluster is healthy, rerun the command to continue',
        },
      )
    },
  })
}
