/** Carries out the steps of etcd's own downgrade, and waits for what etcd does automatically. */
import { QuorateError } from '../../../errors.ts'
import type { MemberClient } from '../../../etcd/client.ts'
import {
  cancelDowngrade,
  enableDowngrade,
  isSecretlyEnabled,
  readStandings,
  validateDowngrade,
} from '../../../etcd/downgrade.ts'
import { compareMinors } from '../../../etcd/minor.ts'
import type { Observed } from '../facts/observed.ts'
import type { DowngradeStep } from '../steps/downgrade.ts'
import { listedClients } from '../facts/listed.ts'
import type { Session } from '../session.ts'
import { type Looked, until } from '../../../wait/until.ts'

/** A leader checks its members' versions every 4 s or 5 s; data follows within 4 s, if the Raft log has nothing new. */
const RAISE_MS = 30_000
const CONVERT_MS = 60_000
const END_MS = 30_000
const AGREE_MS = 10_000
const PAUSE_MS = 250

const JOURNAL = 'quorate run etcd -- journalctl -u etcd -n 50'

/** @throws QuorateError `etcd`, `moved`, or `unhealthy` if etcd doesn't do its automatic part in time. */
export async function runDowngrade(session: Session, observed: Observed, step: DowngradeStep): Promise<void> {
  const clients = leaderFirst(await listedClients(session, observed), observed)
  switch (step.kind) {
    case 'downgrade-enable':
      return await enable(clients, step.target, session.signal)
    case 'downgrade-await':
      return await awaitConverted(clients, step.target, session.signal)
    case 'downgrade-cancel':
      return await cancel(clients, session.signal)
  }
}

/** The leader knows the current state without asking others. */
function leaderFirst(clients: readonly MemberClient[], { cluster }: Observed): readonly MemberClient[] {
  return clients.toSorted((a, b) => Number(b.name === cluster?.leader) - Number(a.name === cluster?.leader))
}

async function enable(clients: readonly MemberClient[], target: string, signal: AbortSignal): Promise<void> {
  const [client] = clients
  if (client === undefined) throw new TypeError('no member to ask')
  // Right after the last restart of an upgrade, the cluster's minor has not risen yet.
  await untilNothing(RAISE_MS, signal, async () => {
    const verdict = await validateDowngrade(client, target, signal)
    if (verdict === 'under-way') {
      throw new QuorateError('moved', 'another downgrade was enabled during the run', {
        hint: 'check which one: quorate status',
      })
    }
    return verdict === 'possible'
      ? undefined
      : `etcd can't downgrade this cluster to ${target}: its present minor is not the next one`
  })
  try {
    await enableDowngrade(client, target, signal)
  } catch (error) {
    // The answer may be lost although the downgrade was enabled.
    if (!(error instanceof QuorateError) || error.code !== 'etcd') throw error
    const standings = await readStandings(clients, signal)
    if (standings.every((standing) => standing.target !== target)) throw error
  }
}

async function awaitConverted(
  clients: readonly MemberClient[],
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await untilNothing(CONVERT_MS, signal, async () => {
    const standings = await readStandings(clients, signal)
    const newer = standings.filter(({ minor }) => minor === undefined || compareMinors(minor, target) > 0)
    const silent = clients.filter(({ name }) => standings.every((standing) => standing.name !== name))
    if (silent.length > 0) return `${namesOf(silent)} did not answer`
    if (newer.length > 0 && newer.every((standing) => standing.target === undefined)) {
      throw new QuorateError('moved', `the downgrade to ${target} was canceled during the run`, {
        hint: 'rerun the command to continue the downgrade',
      })
    }
    const behind = newer.filter(
      ({ storage, ...standing }) => standing.target !== target || storage !== target,
    )
    return behind.length === 0
      ? undefined
      : `data of ${namesOf(behind)} is not yet in the format of etcd ${target}`
  })
}

async function cancel(clients: readonly MemberClient[], signal: AbortSignal): Promise<void> {
  const [client] = clients
  if (client === undefined) throw new TypeError('no member to ask')
  await cancelDowngrade(client, signal)
  await untilNothing(AGREE_MS, signal, async () => {
    const enabled = (await readStandings(clients, signal)).filter(({ target }) => target !== undefined)
    return enabled.length === 0 ? undefined : `${namesOf(enabled)} still reports an enabled downgrade`
  })
}

/**
 * Waits until no member reports an enabled downgrade. etcd ends one when its leader sees every member on the older
 * minor. A newer member that starts before that keeps the downgrade enabled.
 *
 * @param minor of the cluster
 * @throws QuorateError `unhealthy` if it doesn't end
 */
export async function awaitDowngradeEnd(
  clients: readonly MemberClient[],
  minor: string,
  signal: AbortSignal,
): Promise<void> {
  await untilNothing(END_MS, signal, async () => {
    const standings = await readStandings(clients, signal)
    const target = standings.map((standing) => standing.target).find((one) => one !== undefined)
    if (target !== undefined) return `the downgrade to ${target} has not ended`
    const client = clients.find(({ name }) => standings.some((standing) => standing.name === name))
    const silent = standings.every(({ storage }) => storage === undefined)
    if (client === undefined || !silent || !(await isSecretlyEnabled(client, minor, signal))) return undefined
    return 'the downgrade has not ended'
  })
}

/** @param look what is still missing; undefined: nothing. */
async function untilNothing(
  ms: number,
  signal: AbortSignal,
  look: () => Promise<string | undefined>,
): Promise<void> {
  await until(
    async (): Promise<Looked<void, string>> => {
      const missing = await look()
      return missing === undefined ? { found: undefined } : { missing }
    },
    {
      ms,
      everyMs: PAUSE_MS,
      signal,
      late: (missing) => {
        const hint = `read the leader's journal: ${JOURNAL}; then rerun the command to continue`
        throw new QuorateError('unhealthy', `downgrade did not progress within ${ms / 1000} s: ${missing}`, {
          hint,
        })
      },
    },
  )
}

function namesOf(members: readonly { readonly name: string }[]): string {
  return members.map(({ name }) => name).join(', ')
}
