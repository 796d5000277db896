/** Waits for a cluster to be healthy, looking at etcd itself rather than at a clock. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import { peerUrl } from '../etcd/configuration.ts'
import { judgeView } from '../etcd/health.ts'
import { readClusterView } from '../etcd/view.ts'
import { etcdNodes } from '../spec/cluster.ts'
import { type Session, allMembers } from './session.ts'

const PATIENCE_MS = 60_000
const PAUSE_MS = 200

/** @throws QuorateError `unhealthy` naming what is still wrong after a minute. */
export async function awaitHealth(session: Session): Promise<void> {
  const { cluster, signal } = session
  const clients = await allMembers(session)
  const members = etcdNodes(cluster).map((node) => ({ name: node.name, peerUrls: [peerUrl(cluster, node)] }))
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const { healthy, problems } = judgeView(await readClusterView(clients, signal), { members })
    if (healthy) return
    if (performance.now() > deadline) {
      const list = problems
        .map(({ member, message }) => (member ? `${member} ${message}` : message))
        .join('; ')
      throw new QuorateError(
        'unhealthy',
        `the cluster did not become healthy within ${PATIENCE_MS / 1000} s: ${list}`,
        {
          hint: 'look at the journals: quorate run etcd -- journalctl -u etcd -n 50; apply goes on from here once it is',
        },
      )
    }
    await sleep(PAUSE_MS, undefined, { signal })
  }
}
