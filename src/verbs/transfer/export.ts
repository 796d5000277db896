/** `quorate export`: writes a range of keys as JSON lines, at one revision. Changes nothing, and needs no lock. */
import { QuorateError } from '../../errors.ts'
import type { MemberClient } from '../../etcd/client.ts'
import { progressOf } from '../../engine/hundredths.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { ExportedRange } from '../../transfer/format.ts'
import { boundsOf, describeRange } from '../../transfer/range.ts'
import { startRange } from '../../transfer/read-range.ts'
import { type ExportTotals, writeExport } from '../../transfer/write.ts'
import { backupSources } from '../../backup/source-member.ts'
import { viewMembers } from '../../tiers/etcd/facts/view-members.ts'
import { reachableClients } from '../../tiers/etcd/facts/view-members.ts'
import { writePrivateFile } from './private-file.ts'

export interface ExportOptions {
  readonly range: ExportedRange
  /** Default: the newest. */
  readonly revision?: bigint | undefined
  /** Absolute path of a file to create with mode 600, or a function that receives a few lines at a time. */
  readonly output: string | ((lines: string) => Promise<void>)
}

export interface ExportReport extends ExportTotals {
  readonly revision: string
  readonly range: ExportedRange
  /** undefined: a function received the lines. */
  readonly file: string | undefined
}

/**
 * Reads linearizably, everything at one revision. If a member fails, another one continues.
 *
 * @throws QuorateError `unhealthy` if no member can be read; `usage` for a revision that doesn't exist yet; `moved` if
 *   it is compacted, also during the export; `state` if the file exists or can't be written; `etcd`; `cancelled`. In
 *   all cases no file is left.
 */
export async function exportKeys(
  session: Session,
  { range, revision, output }: ExportOptions,
): Promise<ExportReport> {
  const { signal, emit } = session
  const clients = await readableMembers(session)
  const start = await startRange(clients, boundsOf(range), revision, signal)
  const lines = writeExport({
    clients,
    cluster: session.cluster.name,
    range,
    start,
    time: session.now(),
    signal,
    onProgress: progressOf(emit, {
      text: `exporting ${describeRange(range)}`,
      unit: 'keys',
      total: start.count,
    }),
  })
  const totals =
    typeof output === 'string' ? await writePrivateFile(output, lines) : await hand(lines, output)
  const file = typeof output === 'string' ? output : undefined
  return { ...totals, revision: String(start.revision), range, file }
}

/** Voting members that answer and whose data is not in doubt, followers first. @throws QuorateError `unhealthy` */
export async function readableMembers(session: Session): Promise<readonly MemberClient[]> {
  const { sources, refused } = backupSources(await viewMembers(session))
  const clients = await reachableClients(session)
  const chosen = sources.flatMap(({ name }) => clients.filter((client) => client.name === name))
  if (chosen.length > 0) return chosen
  throw new QuorateError('unhealthy', `can't read from any member:\n${refused.join('\n')}`, {
    hint: 'check the cluster: quorate status',
  })
}

async function hand<T>(
  lines: AsyncGenerator<string, T, undefined>,
  take: (text: string) => Promise<void>,
): Promise<T> {
  for (;;) {
    const { done, value } = await lines.next()
    if (done === true) return value
    await take(value)
  }
}
