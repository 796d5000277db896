/** Restores and renewals with deliberate faults. */
import type { HostState } from '../../../src/host/state.ts'
import type { Observed } from '../../../src/tiers/etcd/facts/observed.ts'
import { decideRestore } from '../../../src/verbs/restore/decide.ts'
import { planRestore } from '../../../src/verbs/restore/decide-next.ts'
import type { RestoreIdentity } from '../../../src/tiers/etcd/steps/restore.ts'
import { nextRenewal } from '../../../src/verbs/certificates/decide-renewal.ts'
import { restart } from '../broken-tools.ts'
import type { BrokenVerb } from './broken-power.ts'
import type { RestoreDeciders } from './restore.ts'

/** It sees machines further advanced than they are. */
function seeing(
  change: (host: HostState, restore: RestoreIdentity, all: readonly HostState[]) => HostState,
): RestoreDeciders {
  const seen = (observed: Observed, restore: RestoreIdentity): Observed => {
    const all = Object.values(observed.hosts)
    return {
      ...observed,
      hosts: Object.fromEntries(all.map((host) => [host.name, change(host, restore, all)])),
    }
  }
  const next: typeof planRestore = (intent, observed) => planRestore(intent, seen(observed, intent.restore))
  return { next, decide: decideRestore }
}

export const BROKEN_RESTORE: readonly BrokenVerb[] = [
  {
    what: 'takes for ready what has nothing yet',
    breaks: 'serves-until-ready',
    wrong: {
      restore: seeing((host, restore) =>
        host.restore === undefined
          ? { ...host, restore: { ...restore, reached: 'staged', moved: [] } }
          : host,
      ),
    },
  },
  {
    what: 'takes the first exchange for all of them',
    breaks: 'all-exchanged',
    needs: ['restore', 'restore'],
    wrong: {
      restore: seeing((host, restore, all) =>
        all.some((one) => one.restore?.reached === 'placed')
          ? { ...host, restore: { ...restore, reached: 'placed', moved: [] } }
          : host,
      ),
    },
  },
  {
    what: 'restarts a member for a certificate',
    breaks: 'runs-on',
    wrong: {
      renew: (intent, observed) => {
        const answer = nextRenewal(intent, observed)
        const [host] = intent.due.map((one) => one.host)
        if (answer.kind !== 'steps' || host === undefined) return answer
        return { ...answer, steps: [...answer.steps, restart(host)] }
      },
    },
  },
  { what: 'heeds no mark of another verb', breaks: 'kept-away', wrong: { markless: true } },
]
