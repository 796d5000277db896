/** The store behind the v2 API may contain data that no client can read through v3, and that newer versions don't serve. */
import { type UpgradeFacts, type UpgradeProblem, blocker, warning } from './upgrade-facts.ts'
import { patchToName } from './hazards.ts'
import { V2_LOG_PANICS } from '../spec/version-facts.ts'
import { goCount } from '../spec/go-values.ts'
import { plural } from '../spec/units.ts'
import { minorOf, supportsV2 } from './versions.ts'

/** How many keys are named. */
const SHOWN = 5

/** Small enough to be soon, but large enough for etcd to do more than take snapshots. */
const SOON = 100

const READERS = 'flannel before 0.18 is one that reads it'

export function v2Problems(facts: UpgradeFacts): readonly UpgradeProblem[] {
  const { to, etcd, v2Keys = [], members } = facts
  const minor = minorOf(to)
  const keys = `${v2Keys.slice(0, SHOWN).join(', ')}${v2Keys.length > SHOWN ? ', …' : ''}`
  if (supportsV2(to)) {
    // 3.3 serves it by default; from 3.4 on, only if enabled.
    const served = members.some(({ running }) => running !== undefined && minorOf(running) === '3.3')
    if (v2Keys.length === 0 || etcd.enableV2 || !served) return []
    const message = `the v2 API has data (${keys}), which etcd ${minor} no longer serves`
    const hint = `set etcd.enableV2: true in the cluster file to keep it, or delete the keys if no client reads them (${READERS})`
    return [blocker({ id: 'v2-api-has-data', message, hint })]
  }
  const problems: UpgradeProblem[] = [...logProblems(facts)]
  if (v2Keys.length > 0) {
    const message = `the v2 API has data (${keys}), but etcd ${minor} has no v2 API and would not start`
    const hint = `move the clients to v3 (${READERS}), then delete the keys`
    problems.push(blocker({ id: 'v2-api-has-data', message, hint }))
  }
  if (etcd.enableV2) {
    const message = `the cluster file enables the v2 API (etcd.enableV2), but etcd ${minor} has none`
    const hint = 'remove enableV2 and network.v2, run quorate apply, then upgrade'
    problems.push(blocker({ id: 'v2-api-is-enabled', message, hint }))
  } else if (v2Keys.length === 0 && minor === '3.6' && leaves35(facts)) {
    const unread = members.some(({ running, v2Log }) => running !== undefined && v2Log === undefined)
    const place = unread ? 'snapshot or log' : 'snapshot'
    const message = `if the v2 API was ever written to, remains in a member's ${place} prevent etcd ${minor} from starting`
    const tool = `'etcdutl check v2store' of ${patchToName('3.5.32')}`
    const hint = `check it with ${tool}, on a stopped member`
    problems.push(warning(message, hint))
  }
  return problems
}

/** See `V2_LOG_PANICS`. A snapshot removes them from the WAL, except for data in the v2 store itself. */
function logProblems({ to, members, etcd }: UpgradeFacts): readonly UpgradeProblem[] {
  const rule = V2_LOG_PANICS[minorOf(to)]
  if (rule === undefined) return []
  const message = `the Raft log still contains ${rule.what}, and etcd ${minorOf(to)} does not start with them`
  const count = Number(goCount(etcd.settings['snapshot-count'] ?? '') ?? rule.snapshotCount)
  const passed = `etcd leaves them behind with its next snapshot, after ${count.toLocaleString('en')} ${plural(count, 'write', 'writes')}`
  const sooner = `For an earlier one, add etcd.settings.snapshot-count: "${SOON}" to the cluster file and run quorate apply; run this again after ${SOON} writes`
  const hint = count > SOON ? `${passed}. ${sooner}` : `${passed}: run this again then`
  return members.flatMap(({ name, v2Log }) =>
    v2Log === true
      ? [
          blocker({
            id: 'log-of-the-v2-api',
            message,
            hint: etcd.enableV2 ? `leave the v2 API first; then ${hint}` : hint,
            host: name,
          }),
        ]
      : [],
  )
}

function leaves35({ members }: UpgradeFacts): boolean {
  return members.some(({ running }) => running !== undefined && minorOf(running) === '3.5')
}
