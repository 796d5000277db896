/**
 * etcd's version changes only with `quorate upgrade`, never with an edit of the cluster file. So data of one version is
 * never used with another by accident, and an interrupted upgrade is not continued or rolled back without a request.
 */
import { atLeast } from '../../../etcd/versions.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import { wayOn as downgradeWay } from './descend.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

interface Found {
  readonly host: string
  /** What its process reports; undefined: it doesn't answer. */
  readonly running: string | undefined
  /** The version that quorate recorded at installation; undefined: no binary, or it was replaced by others. */
  readonly installed: string | undefined
}

export function versionRefusals(cluster: Cluster, observed: Observed): readonly BlockReason[] {
  const wanted = cluster.etcd.version
  const found = etcdNodes(cluster).flatMap(({ name }): Found[] => {
    const state = observed.hosts[name]?.member
    const runs = state?.unit.environment !== undefined
    if (state === undefined || (!runs && !state.dataPresent && !state.walPresent)) return []
    // A binary replaced by others (no version recorded) is restored: the process keeps the one that it was started from.
    const installed = state.binaries['etcd']?.version
    return [{ host: name, running: observed.cluster?.versions[name], installed }]
  })
  const others = found
    .flatMap(({ running, installed }) => [running, installed])
    .filter((one) => one !== undefined && one !== wanted)
  const downgrade = observed.cluster?.downgrade
  const hint =
    downgrade === undefined
      ? wayOn(wanted, found, others as readonly string[])
      : downgradeWay(cluster, observed, downgrade)
  return found.flatMap(({ host, running, installed }) => {
    const wrong = [running, installed].find((one) => one !== undefined && one !== wanted)
    if (wrong === undefined) return []
    const message = `etcd ${describe(running, installed)}, but the cluster file asks for ${wanted}`
    return [{ host, message, hint, id: 'another-etcd-version' }]
  })
}

function describe(running: string | undefined, installed: string | undefined): string {
  if (running === installed) return `${running} is installed and runs`
  if (running === undefined) return `${installed} is installed`
  return installed === undefined ? `${running} runs` : `${running} runs and ${installed} is installed`
}

function wayOn(wanted: string, found: readonly Found[], others: readonly string[]): string {
  const sorted = [...new Set(others)].sort((a, b) => (atLeast(a, b) ? 1 : -1))
  const [oldest = wanted] = sorted
  const newest = sorted.at(-1) ?? wanted
  const mixed = found.some(
    ({ running, installed }) => (running ?? installed) === wanted || (running ?? installed) !== newest,
  )
  if (atLeast(newest, wanted)) {
    return mixed
      ? `complete the interrupted upgrade: quorate upgrade --to ${newest}; or roll it back: quorate upgrade --abort`
      : `to write ${newest} into the cluster file: quorate upgrade --to ${newest}; to roll back, if still possible: quorate upgrade --abort`
  }
  return mixed
    ? `complete the interrupted upgrade: quorate upgrade --to ${wanted}; or set ${oldest} in the cluster file, then roll back: quorate upgrade --abort`
    : `upgrade: quorate upgrade --to ${wanted}; or set ${oldest} in the cluster file again`
}
