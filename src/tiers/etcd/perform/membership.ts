/** Carries out the steps that change the cluster's membership. */
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import { addMember, promoteMember, removeMember, updateMember } from '../../../etcd/membership.ts'
import { readClusterView } from '../../../etcd/view.ts'
import { CAUGHT_UP, raftLag } from '../../../etcd/lag.ts'
import type { Observed } from '../facts/observed.ts'
import type { MembershipStep } from '../steps/membership.ts'
import { isNeverStarted } from '../facts/membership-map.ts'
import { listedClients } from '../facts/listed.ts'
import type { Session } from '../session.ts'
import { counted } from '../../../spec/units.ts'
import { type Looked, until } from '../../../wait/until.ts'

/** Between two changes, in ms: etcd requires its members' connections to be 5 s old. */
const PACE_MS = 5_050

/** How often a learner is asked for its progress, in ms, and how often in a row it must have caught up. */
const SAMPLE_MS = 150
const SAMPLES = 3

/** A learner without progress for this long is stuck, in ms. */
const STUCK_MS = 120_000

export async function changeMembership(
  session: Session,
  observed: Observed,
  step: MembershipStep,
): Promise<void> {
  const { signal } = session
  const facts = observed.cluster
  if (facts === undefined) throw new TypeError('no member to ask')
  // An interrupted run may have changed the membership at this very moment.
  if (facts.members.some((member) => member.learner || isNeverStarted(member)))
    session.pace.last ??= performance.now()
  const clients = await listedClients(session, observed)
  const others = (id: string) => {
    const name = facts.members.find((member) => member.id === id)?.name
    return clients.filter((client) => client.name !== name)
  }
  if (step.kind === 'promote') await awaitCaughtUp(session, clients, step.node)
  await pause(session)
  switch (step.kind) {
    case 'member-add':
      await addMember(voters(clients, observed), step, signal)
      break
    case 'promote':
      await promoteMember(voters(clients, observed), step.memberId, signal)
      break
    case 'member-remove': {
      const rest = others(step.memberId)
      await removeMember(voters(rest, observed), step.memberId, signal)
      break
    }
    case 'member-update':
      await updateMember(voters(clients, observed), step.memberId, step.peerUrls, signal)
      break
  }
  session.pace.last = performance.now()
}

/** Those that answered, the leader first: it knows the members without asking others. */
function voters(clients: readonly MemberClient[], { cluster }: Observed): readonly MemberClient[] {
  return clients
    .filter(({ name }) => cluster?.healthy.includes(name))
    .toSorted((a, b) => Number(b.name === cluster?.leader) - Number(a.name === cluster?.leader))
}

async function pause({ pace, signal }: Session): Promise<void> {
  if (pace.last === undefined) return
  const wait = PACE_MS - (performance.now() - pace.last)
  if (wait > 0) await sleep(wait, undefined, { signal })
}

/**
 * Waits until the learner is at most `CAUGHT_UP` entries behind, several times in a row. etcd itself would promote one
 * that has nine tenths of the log. With a long log, the missing tenth takes minutes, during which it would vote without
 * being up to date.
 *
 * @throws QuorateError `unhealthy` if it makes no progress for two minutes.
 */
async function awaitCaughtUp(
  session: Session,
  clients: readonly MemberClient[],
  name: string,
): Promise<void> {
  let best = Number.POSITIVE_INFINITY
  let since = performance.now()
  let inARow = 0
  const look = async (): Promise<Looked<void, undefined>> => {
    const lag = raftLag(await readClusterView(clients, session.signal))[name]
    inARow = lag !== undefined && lag <= CAUGHT_UP ? inARow + 1 : 0
    if (lag !== undefined && lag < best) {
      best = lag
      since = performance.now()
    }
    if (inARow >= SAMPLES) return { found: undefined }
    if (performance.now() - since > STUCK_MS * (session.patienceFactor ?? 1) && inARow === 0) {
      const state =
        lag === undefined ? 'does not answer' : `is ${counted(lag, 'entry', 'entries')} behind the leader`
      throw new QuorateError('unhealthy', `learner ${state}, without progress for 2 minutes`, {
        host: name,
        hint: `read its journal: quorate run ${name} -- journalctl -u etcd -n 50; then rerun the command to continue. A learner has no vote and does no harm`,
      })
    }
    return { missing: undefined }
  }
  // However long it takes: `look` itself fails if there is no progress.
  await until(look, {
    ms: Number.POSITIVE_INFINITY,
    everyMs: SAMPLE_MS,
    signal: session.signal,
    late: () => undefined,
  })
}
