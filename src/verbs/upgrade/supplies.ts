/** What an upgrade needs before it starts: binaries for every node, and space for them on its disks. */
import type { Artifact } from '../../artifacts/artifact.ts'
import { obtainEtcd } from '../../artifacts/obtain.ts'
import { QuorateError } from '../../errors.ts'
import { type UpgradeProblem, blocker } from '../../etcd/upgrade-facts.ts'
import type { Architecture } from '../../host/state.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { formatBytes } from '../../spec/units.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Cluster, etcdNodes } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { missingPins, pinnedArchitectures } from './pins.ts'

/** Where binaries are uploaded, and where they are installed. */
const FOLDERS = ['/var/lib', '/usr/local/bin']

/** Extra space to leave free on a node, in bytes. */
const MARGIN_BYTES = 64 * 1024 ** 2

export interface UpgradeSupplies {
  /** By architecture. */
  readonly artifacts: ReadonlyMap<Architecture, Artifact>
  readonly problems: readonly UpgradeProblem[]
}

/** Downloads, verifies and caches the binaries on this workstation, and asks the nodes for their free space. */
export async function gatherSupplies(
  session: Session,
  observed: Observed,
  file: Cluster,
): Promise<UpgradeSupplies> {
  const nodes = etcdNodes(session.cluster)
  const unpinned = session.cluster.etcd.sha256 === undefined ? pinnedArchitectures(file.etcd) : []
  const architectures = new Set<Architecture>([
    ...nodes.flatMap(({ name }) => observed.hosts[name]?.architecture ?? []),
    ...unpinned,
  ])
  const artifacts = new Map<Architecture, Artifact>()
  const problems: UpgradeProblem[] = []
  for (const architecture of architectures) {
    try {
      artifacts.set(architecture, await obtain(session, architecture))
    } catch (error) {
      if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
      const { message, hint = 'check etcd.source in the cluster file' } = error
      problems.push(blocker({ id: 'etcd-is-not-available', message, hint }))
    }
  }
  problems.push(...missingPins(file.etcd, session.cluster.etcd, artifacts))
  return { artifacts, problems: [...problems, ...(await roomProblems(session, observed, artifacts))] }
}

async function obtain(session: Session, architecture: Architecture): Promise<Artifact> {
  if (architecture === 'other')
    throw new QuorateError('artifact', 'etcd is not available for this processor architecture')
  const { cluster, cacheDirectory, signal, emit } = session
  const context = {
    cacheDirectory,
    signal,
    emit: ({ text, doneBytes, totalBytes }: { text: string; doneBytes?: number; totalBytes?: number }) =>
      emit({ type: 'artifact', text, doneBytes, totalBytes }),
  }
  return await obtainEtcd(cluster.etcd, architecture, context)
}

async function roomProblems(
  session: Session,
  observed: Observed,
  artifacts: UpgradeSupplies['artifacts'],
): Promise<readonly UpgradeProblem[]> {
  const { results, errors } = await onAll(etcdNodes(session.cluster), async (node) => {
    const remote = await session.remote(node)
    const { stdout } = await remote.run({ argv: ['df', '-Pk', '--', ...FOLDERS], signal: session.signal })
    return parseDf(stdout)
  })
  const [error] = errors
  if (error !== undefined) throw error
  return results.flatMap(({ host, value }) => {
    const artifact = artifacts.get(observed.hosts[host]?.architecture ?? 'other')
    const bytes = (artifact?.files ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const wanted = bytes + MARGIN_BYTES
    const tight = value.find(({ freeBytes }) => freeBytes < wanted)
    if (tight === undefined) return []
    const message = `not enough space on ${tight.mount}: ${formatBytes(tight.freeBytes)} free, ${formatBytes(wanted)} needed for the binaries`
    return [blocker({ id: 'no-free-space', message, hint: 'free space on that file system: df -h', host })]
  })
}

/** Parses `df -Pk`, without its heading. */
export function parseDf(text: string): readonly { readonly mount: string; readonly freeBytes: number }[] {
  return text.split('\n').flatMap((line) => {
    const parts = /\s(\d+)\s+\d+%\s+(\/.*)$/.exec(line)
    return parts === null ? [] : [{ mount: parts[2] ?? '', freeBytes: Number(parts[1]) * 1024 }]
  })
}
