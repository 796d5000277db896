/** Decides whether an interrupted restore can be continued, or a new one begins. */
import { isAsideSuffix, isMarkWord } from '../../host/observe.ts'
import type { HostState } from '../../host/state.ts'
import { type Cluster, etcdNodes } from '../../spec/cluster.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { initialCluster, isGone, isPlaced } from './decide-next.ts'
import type { RestoreIdentity } from '../../tiers/etcd/steps/restore.ts'

/** Names of a restore that begins now. */
export type FreshRestore = Pick<RestoreIdentity, 'token' | 'suffix' | 'sha256' | 'source'>

export interface ChosenRestore {
  readonly restore: RestoreIdentity
  /** It was started before, with the same snapshot and members. */
  readonly continued: boolean
}

/**
 * An interrupted restore keeps its token, so that completed work is reused. It can't be continued if a member's restored
 * data is missing after others may have started with theirs: that member would vote twice. Nor once data that was in
 * place is gone: only a new one unpacks the snapshot again, under names that are free.
 */
export function chooseRestore(cluster: Cluster, { hosts }: Observed, fresh: FreshRestore): ChosenRestore {
  const members = initialCluster(cluster)
  const started = Object.values(hosts)
    .flatMap(marksOf)
    .find((mark) => mark.sha256 === fresh.sha256 && mark.members === members)
  if (started === undefined) return { restore: { ...fresh, members }, continued: false }
  const restore = { ...started, source: fresh.source }
  const states = etcdNodes(cluster).map(({ name }) => hosts[name])
  const placed = states.map((host) => isPlaced({ restore }, host))
  const isOwn = (host: HostState | undefined) => host?.restore?.token === restore.token
  const gone = states.some((host) => host !== undefined && isOwn(host) && isGone(host))
  const missing = states.some((host, index) => placed[index] === false && !isOwn(host))
  if (gone || (missing && placed.includes(true))) return { restore: { ...fresh, members }, continued: false }
  return { restore, continued: true }
}

function marksOf({ restore, underway }: HostState): RestoreIdentity[] {
  if (restore !== undefined) {
    const { token, suffix, sha256, source, members } = restore
    return [{ token, suffix, sha256, source, members }]
  }
  const { token, suffix, sha256, members } = underway?.verb === 'restore' ? underway.all : {}
  if (token === undefined || suffix === undefined || sha256 === undefined || members === undefined) return []
  if (![token, sha256].every(isMarkWord) || !isAsideSuffix('restore', suffix)) return []
  return [{ token, suffix, sha256, source: '', members }]
}
