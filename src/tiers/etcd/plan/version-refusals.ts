/**
 * etcd's version changes only by `quorate upgrade`, never by an edit of the cluster file: data that one version wrote is
 * not handed to another in passing, nor is an upgrade that was interrupted gone on with, or taken back, unasked.
 */
import { atLeast } from '../../../etcd/versions.ts'
import { type Cluster, etcdNodes } from '../../../spec/cluster.ts'
import { wayOn as downgradeWay } from './descend.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

interface Found {
  readonly host: string
  /** What its process says of itself; undefined: it doesn't answer. */
  readonly running: string | undefined
  /** What quorate noted when it installed it; undefined: there is none, or somebody replaced it. */
  readonly installed: string | undefined
}

export function versionRefusals(cluster: Cluster, observed: Observed): readonly BlockReason[] {
  const wanted = cluster.etcd.version
  const found = etcdNodes(cluster).flatMap(({ name }): Found[] => {
    const state = observed.hosts[name]?.member
    const runs = state?.unit.environment !== undefined
    if (state === undefined || (!runs && !state.dataPresent && !state.walPresent)) return []
    // A binary that somebody replaced (no version noted) is put back: the process keeps the one it was started from.
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
    const message = `etcd ${describe(running, installed)} there, the cluster file asks for ${wanted}`
    return [{ host, message, hint }]
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
      ? `an upgrade to ${newest} was not finished: go on with quorate upgrade --to ${newest}, or back with quorate upgrade --abort`
      : `quorate upgrade --to ${newest} writes that version into the cluster file; quorate upgrade --abort goes back, if it still can`
  }
  return mixed
    ? `an upgrade to ${wanted} was not finished: go on with quorate upgrade --to ${wanted}; or write ${oldest} into the cluster file, then go back with quorate upgrade --abort`
    : `quorate upgrade --to ${wanted} does that; otherwise put ${oldest} back into the cluster file`
}
