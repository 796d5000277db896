/** The surviving member's part: copies its data, replays its log to the end, and makes a new cluster from it. */
import { QuorateError } from '../../errors.ts'
import { peerUrl } from '../../etcd/configuration.ts'
import { failureKind } from '../../etcd/failure.ts'
import { KV } from '../../etcd/gen/kv_pb.ts'
import { Maintenance } from '../../etcd/gen/maintenance_pb.ts'
import { formatId } from '../../etcd/id.ts'
import { stateRecord } from '../../etcd/log-file.ts'
import type { AgentReply } from '../../host/agent.ts'
import isolated from '../../host/agent/isolated.sh?raw'
import { RECOVER } from '../../host/extensions.ts'
import { type MemberLog, readMemberLog } from '../../host/member-log.ts'
import { demandOf } from '../../tiers/etcd/plan/peer-identity.ts'
import { memberFiles } from '../../tiers/etcd/plan/member-files.ts'
import type { Operation } from '../../host/operations.ts'
import type { Give } from '../../engine/host-work.ts'
import { lookAtHost } from '../../tiers/etcd/facts/observe.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { markOperation } from '../../tiers/etcd/steps/recovery.ts'
import { type Cluster, type Node, etcdNodes } from '../../spec/cluster.ts'
import { etcdNameOf } from '../../spec/etcd-name.ts'
import { compareWithCopy, expectedOf } from './compare.ts'
import { withKnownFaults } from './faults.ts'
import { readFigures, readPast } from './figures.ts'
import { requireKeptLog } from './kept-log.ts'
import { type MadeCluster, type RecoveryProgress, renderProgress } from './progress.ts'

/** How long the only member may take to be ready, in s: it waits for no other member. */
const READY_SECONDS = 60

/** Timeout of HashKV on a large database, in ms. */
const HASH_TIMEOUT_MS = 120_000

export interface Rebuild {
  readonly session: Session
  /** The node of the surviving member. */
  readonly node: Node
  readonly give: Give
  readonly signal: AbortSignal
}

export interface Made {
  readonly made: MadeCluster
  /** The last answer of the surviving member's node. */
  readonly reply: AgentReply
}

/**
 * Works on a copy; the original data is only read. The whole log counts as committed: a follower learns late that the last
 * entries are committed, and etcd's `--force-new-cluster` drops entries that it doesn't know to be committed.
 *
 * @param decided the log when this was decided; undefined: it wasn't read
 * @throws QuorateError `command` if there is no free space, or etcd doesn't start on the copy; `moved` if the log is gone,
 *   or has fewer entries than when this was decided.
 */
export async function makeCluster(
  rebuild: Rebuild,
  progress: RecoveryProgress,
  decided: MemberLog | undefined,
): Promise<Made> {
  const { session, node, signal } = rebuild
  const { dataDirectory: data, walDirectory: wal } = session.cluster.etcd
  const name = etcdNameOf(node)
  const remote = await session.remote(node)
  const read = await readMemberLog(remote, session.cluster.etcd, signal)
  const log = requireKeptLog(node.name, decided, read.log)
  const { file, end, sum, sizeBytes } = log.tail
  const record = stateRecord({ term: log.term, vote: log.vote, commit: log.lastIndex }, sum)
  const copy = siblingsOf(session.cluster, 'recover-copy')
  const bump = progress.bump === 0 ? [] : [`--bump-revision=${progress.bump}`, '--mark-compacted']
  const { lines } = await onSurvivor(rebuild, [
    ['recover_copy', { data, wal }],
    [
      'recover_tail',
      {
        file: `${copy.walDirectory}/${file}`,
        end: String(end),
        size: String(Math.max(sizeBytes, end + record.length)),
        record: { text: Buffer.from(record).toString('base64') },
      },
    ],
    ['recover_run', { program: { text: isolated }, name, data, wal, mode: 'end', words: [] }],
  ]).catch((error: unknown) => {
    throw withKnownFaults(error, session.cluster.etcd.version)
  })
  const figures = readFigures(lines, node.name)
  const key = { key: `quorate-recover-${progress.token}`, value: 'x' }
  // If the revision was raised, only hashes without history can be compared. The copy isn't needed any more by then.
  const past: readonly Operation[] =
    progress.bump === 0
      ? []
      : [
          [
            'recover_run',
            {
              program: { text: isolated },
              name,
              data,
              wal,
              mode: 'past',
              words: [String(figures.revision), key.key, key.value],
            },
          ],
        ]
  const { lines: further } = await onSurvivor(rebuild, [
    [
      'recover_make',
      { token: progress.token, name, peer: peerUrl(session.cluster, node), data, wal, options: bump },
    ],
    ...past,
    ['recover_done', { data, wal }],
  ])
  const fresh = await readMemberLog(remote, siblingsOf(session.cluster, 'recover-new'), signal)
  if (fresh.log?.clusterId === undefined) {
    throw new QuorateError('unhealthy', 'new data has no cluster ID', {
      host: node.name,
      hint: 'rerun the command (no data was replaced)',
    })
  }
  const expected = expectedOf({ ...figures, past: readPast(further, key) }, progress.bump)
  const made = { ...expected, clusterId: fresh.log.clusterId }
  return { made, reply: await mark(rebuild, { ...progress, reached: 'copied', made }) }
}

/** @throws QuorateError `unhealthy` if its keyspace differs from the copy's */
export async function beginCluster(
  rebuild: Rebuild,
  progress: RecoveryProgress,
  made: MadeCluster,
): Promise<AgentReply> {
  const { session, node } = rebuild
  const others = etcdNodes(session.cluster).map(({ name }) => name)
  const alone: Cluster = {
    ...session.cluster,
    nodes: session.cluster.nodes.filter(({ name }) => name === node.name || !others.includes(name)),
  }
  const situation = { token: progress.token, clusterId: made.clusterId, settled: true } as const
  // It keeps its requirements on peer certificates: joining members get matching ones.
  const demands = demandOf((await lookAtHost(session, node)).member)
  const files = memberFiles(alone, { ...node, demands }, { kind: 'established', ...situation }, undefined)
  await onSurvivor(rebuild, [
    ...files.map(({ path, content, owner, group, mode }): Operation => [
      'file',
      { content: { text: content }, path, owner, group, mode },
    ]),
    ['reload'],
    ['enable', { unit: 'etcd.service' }],
    ['start', { unit: 'etcd.service', delay: '0', folders: [] }],
    ['ready', { unit: 'etcd.service', seconds: String(READY_SECONDS) }],
  ])
  await verify(rebuild, progress, made)
  return await mark(rebuild, { ...progress, reached: 'serving' })
}

async function verify(
  { session, node, signal }: Rebuild,
  { bump }: RecoveryProgress,
  made: MadeCluster,
): Promise<void> {
  const [member] = await session.members([node])
  if (member === undefined) throw new TypeError('no client')
  const wrong = (what: string) =>
    new QuorateError('unhealthy', `new cluster differs from the copy: ${what}`, {
      id: 'differs-from-the-copy',
      host: node.name,
      hint: 'compare the new data with the old data next to it (renamed, unchanged) before you continue',
    })
  const status = await member.call(Maintenance.method.status, {}, { signal })
  const id = formatId(status.header?.clusterId ?? 0n)
  if (id !== made.clusterId) throw wrong(`the cluster ID is ${id}, expected ${made.clusterId}`)
  const revision = BigInt(made.revision + bump)
  // Counts all keys, and sends none.
  const every = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0), countOnly: true, revision }
  const [keys, hash] = await Promise.all([
    answered(member.call(KV.method.range, every, { signal })),
    answered(member.call(Maintenance.method.hashKV, { revision }, { signal, timeoutMs: HASH_TIMEOUT_MS })),
  ])
  const { different, unknown } = compareWithCopy(made, bump, {
    version: session.cluster.etcd.version,
    revision: Number(status.header?.revision ?? 0n),
    keys: keys && Number(keys.count),
    hash: hash && { hash: hash.hash, compactRevision: Number(hash.compactRevision) },
  })
  if (different !== undefined) throw wrong(different)
  if (unknown.length === 0) return
  const text = `not compared with the copy: ${unknown.join(', ')}`
  session.emit({ type: 'warning', host: node.name, text })
}

/** undefined: etcd requires a login, or that revision is compacted, or it never existed. */
async function answered<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (['unauthenticated', 'denied', 'out-of-range'].includes(failureKind(error))) return undefined
    throw error
  }
}

/** The directories that `recover.sh` makes next to a member's own. */
function siblingsOf({ etcd }: Cluster, ending: string): { dataDirectory: string; walDirectory: string } {
  const { dataDirectory: data, walDirectory: wal } = etcd
  const within = wal.startsWith(`${data}/`)
  return {
    dataDirectory: `${data}.${ending}`,
    walDirectory: within ? `${data}.${ending}${wal.slice(data.length)}` : `${wal}.${ending}`,
  }
}

async function mark(rebuild: Rebuild, progress: RecoveryProgress): Promise<AgentReply> {
  return await onSurvivor(rebuild, [markOperation(renderProgress(progress))])
}

async function onSurvivor({ give }: Rebuild, operations: readonly Operation[]): Promise<AgentReply> {
  return await give({ operations, looks: [], extension: RECOVER })
}
