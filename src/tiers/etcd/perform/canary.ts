/**
 * Watches members of a new version while they serve: all members must read what is written through them, and must stay
 * healthy.
 */
import { QuorateError } from '../../../errors.ts'
import { verifyCluster } from '../../../etcd/verify.ts'
import type { Observed } from '../facts/observed.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import { clusterFacts } from '../facts/facts.ts'
import { type Session, allMembers } from '../session.ts'
import { type Looked, until } from '../../../wait/until.ts'

/** The pause between two rounds, in ms. */
const PAUSE_MS = 1_000

/**
 * In each round, a write goes through each of `nodes` and is read back through all members, and all contents are
 * compared. Runs at least one round, whatever `seconds` is.
 *
 * @throws QuorateError `unhealthy` or `etcd`, with how to roll back; `cancelled`.
 */
export async function watchCanary(
  session: Session,
  observed: Observed,
  { nodes, seconds }: { readonly nodes: readonly string[]; readonly seconds: number },
): Promise<void> {
  const { cluster, signal } = session
  const running = etcdNodes(cluster).filter(
    ({ name }) => observed.hosts[name]?.member?.unit.active === 'active',
  )
  const members = await allMembers(session)
  const before = observed.cluster?.leader
  const round = async (): Promise<Looked<void, undefined>> => {
    for (const name of nodes) {
      const own = members.filter((member) => member.name === name)
      await asRefusal(
        async () =>
          void (await verifyCluster([...own, ...members.filter((one) => one.name !== name)], signal)),
      )
    }
    const facts = await clusterFacts(session, running, false)
    const problems = facts?.problems ?? ['no member answers']
    if (problems.length > 0) throw notWell(problems.join('; '))
    if (facts?.leader !== before)
      session.emit({
        type: 'warning',
        text: `leader changed from ${before ?? 'none'} to ${facts?.leader ?? 'none'} while watching`,
      })
    return { missing: undefined }
  }
  // The operator chose the duration: nothing shortens it, and its end is the normal result.
  await until(round, { ms: seconds * 1000, everyMs: PAUSE_MS, signal, late: () => undefined })
}

async function asRefusal(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    throw notWell(error.message, error)
  }
}

function notWell(what: string, cause?: QuorateError): QuorateError {
  return new QuorateError('unhealthy', `cluster is unhealthy with the new version: ${what}`, {
    host: cause?.host,
    cause,
    hint: [...(cause?.hint === undefined ? [] : [cause.hint]), 'roll back: quorate upgrade --abort'].join(
      '\n',
    ),
  })
}
