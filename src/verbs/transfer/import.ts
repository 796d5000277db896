/**
 * `quorate import`: writes the keys of an export to this cluster. Before the first write, it reads the whole file and
 * compares it with the cluster. Each portion is one transaction, so an interrupted run can be repeated.
 */
import { reachableMachines } from '../../engine/locking.ts'
import { QuorateError } from '../../errors.ts'
import type { MemberClient } from '../../etcd/client.ts'
import { reclaimable } from '../../etcd/space.ts'
import type { Standing } from '../../tiers/etcd/facts/standing.ts'
import { noQuorum } from '../../tiers/etcd/plan/remedy.ts'
import { blockedError } from '../../tiers/etcd/run.ts'
import { progressOf } from '../../engine/hundredths.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type MappingOptions, batchesOf } from '../../transfer/batches.ts'
import { type Comparison, compareAll } from '../../transfer/compare.ts'
import type { ExportHeader } from '../../transfer/format.ts'
import { Leases } from '../../transfer/leases.ts'
import { type Differing, type PutCounts, putBatch } from '../../transfer/put.ts'
import { readExport } from '../../transfer/read.ts'
import { standingNow } from '../../tiers/etcd/facts/members.ts'
import { readableMembers } from './export.ts'
import { counted, formatBytes, plural } from '../../spec/units.ts'
import { type Idle, idle, runVerb } from '../../engine/run-verb.ts'

/** What etcd needs for a key in addition to its name and value, in bytes; a generous estimate. */
const OVERHEAD_BYTES = 256

export interface ImportOptions extends MappingOptions {
  /** Opens the file from its beginning, each time. */
  readonly open: () => AsyncIterable<Uint8Array>
  /** The file's name, for messages. */
  readonly name: string
  /** What to do with keys that exist with another value; default: `refuse`. */
  readonly differing?: Differing | undefined
  readonly dryRun?: boolean | undefined
  /** Receives what will be done before anything is; throws to stop. Not called if there is nothing to do. */
  readonly confirm: (preview: ImportPreview) => Promise<void>
}

export interface ImportPreview extends Comparison {
  /** Where the keys are from. */
  readonly header: ExportHeader
  readonly differing: Differing
  /** Leases that will be granted, at most. */
  readonly leases: number
  /** Sentences that the operator should read before confirming. */
  readonly risks: readonly string[]
}

export interface ImportReport extends PutCounts {
  readonly changed: boolean
  readonly dryRun: boolean
  readonly preview: ImportPreview
  /** A second comparison at the end; undefined if nothing was written. */
  readonly verified: Comparison | undefined
}

const NOTHING: PutCounts = { written: 0, replaced: 0, same: 0, kept: 0, ended: 0 }

/**
 * @throws QuorateError `backup` for a file that is not a complete export; `usage` for keys that the mapping can't
 *   handle; `blocked` if keys differ and `differing` is `refuse`, without enough space, without a majority, or with an
 *   alarm; `locked`; `moved` if other clients write the same keys during the import; `etcd`; `cancelled`. What was
 *   written stays, and the same import continues from there.
 */
export async function importKeys(session: Session, options: ImportOptions): Promise<ImportReport> {
  const { result } = await runVerb<Session, Decision, ImportReport>(session, {
    name: 'import',
    // The file is compared only once, because each transaction compares its keys again.
    decide: async (own, shown) =>
      shown === undefined ? await decide(own, options) : await still(own, shown),
    confirm: async ({ preview }) => await options.confirm(preview),
    scope: () => reachableMachines(session.cluster),
    same: (shown, now) => shown.preview === now.preview,
    lookHint: 'quorate import FILE --dry-run',
    probe: () => false,
    carryOut: async ({ session: own, decision }) => await writeAll(own, options, decision),
  })
  return result
}

interface Decision {
  readonly file: WholeFile
  readonly preview: ImportPreview
  /** Number of keys to write. */
  readonly todo: number
}

async function decide(session: Session, options: ImportOptions): Promise<Decision | Idle<ImportReport>> {
  const { differing = 'refuse', dryRun = false } = options
  const file = await readThrough(options)
  const standing = await standingNow(session)
  requireWritable(standing)
  const compared = await compareWith(
    await workOf(session, options, file),
    progress(session, 'comparing', file),
  )
  const preview = {
    ...compared,
    header: file.header,
    differing,
    leases: file.leases,
    risks: risksOf(compared, file, differing),
  }
  if (differing === 'refuse' && compared.different > 0) throw differs(preview)
  const todo = compared.new + (differing === 'replace' ? compared.different : 0)
  requireRoom(standing, compared, todo)
  const none = { ...NOTHING, changed: false, dryRun, preview, verified: undefined }
  if (todo === 0)
    return idle({ ...none, same: compared.same, kept: compared.different, ended: compared.ended })
  return dryRun ? idle(none) : { file, preview, todo }
}

/** @throws QuorateError `blocked` if the cluster can't take the import any more */
async function still(session: Session, shown: Decision): Promise<Decision> {
  const standing = await standingNow(session)
  requireWritable(standing)
  requireRoom(standing, shown.preview, shown.todo)
  return shown
}

async function writeAll(
  session: Session,
  options: ImportOptions,
  { file, preview }: Decision,
): Promise<ImportReport> {
  const work = await workOf(session, options, file)
  const done = await write(work, preview.differing, progress(session, 'importing', file))
  const verified = await compareWith(work, progress(session, 'verifying', file))
  requireArrived(verified, done, file.leases)
  return { ...done, changed: true, dryRun: false, preview, verified }
}

interface Work {
  readonly clients: readonly MemberClient[]
  readonly options: ImportOptions
  readonly leases: Leases
  readonly signal: AbortSignal
}

async function workOf(session: Session, options: ImportOptions, { header }: WholeFile): Promise<Work> {
  const { signal } = session
  const clients = await readableMembers(session)
  return { clients, options, leases: new Leases(clients, header.clusterId, signal), signal }
}

function progress({ emit }: Session, text: string, { keys }: WholeFile): (keys: number) => void {
  return progressOf(emit, { text, unit: 'keys', total: keys })
}

interface WholeFile {
  readonly header: ExportHeader
  readonly keys: number
  readonly leases: number
  /** Remaining time of the lease that expires first, in seconds; undefined: no lease is left to expire. */
  readonly shortestLease: bigint | undefined
}

/** Reads to the end, because only then the file is known to be complete. */
async function readThrough({ open, name, withoutLeases = false }: ImportOptions): Promise<WholeFile> {
  let header: ExportHeader | undefined
  let shortestLease: bigint | undefined
  let [keys, leases] = [0, 0]
  for await (const line of readExport(open(), name)) {
    if (line.kind === 'header') header = line.header
    if (line.kind === 'end') ({ keys, leases } = line.end)
    if (line.kind !== 'lease' || withoutLeases || line.lease.secondsLeft < 0n) continue
    const left = line.lease.secondsLeft
    if (shortestLease === undefined || left < shortestLease) shortestLease = left
  }
  if (header === undefined) throw new TypeError('an export that was read to its end has a header')
  return { header, keys, leases: withoutLeases ? 0 : leases, shortestLease }
}

async function compareWith(
  { clients, options, leases, signal }: Work,
  onProgress: (keys: number) => void,
): Promise<Comparison> {
  const batches = batchesOf(readExport(options.open(), options.name), options)
  return await compareAll(clients, batches, leases, { signal, onProgress })
}

async function write(
  { clients, options, leases, signal }: Work,
  differing: Differing,
  onProgress: (keys: number) => void,
): Promise<PutCounts> {
  const total = { ...NOTHING }
  let keys = 0
  for await (const batch of batchesOf(readExport(options.open(), options.name), options)) {
    signal.throwIfAborted()
    const counts = await putBatch(clients, batch, { leases, differing, signal })
    for (const [name, count] of Object.entries(counts)) total[name as keyof PutCounts] += count
    keys += batch.length
    onProgress(keys)
  }
  return total
}

function requireWritable(standing: Standing): void {
  const missing = noQuorum(standing)
  if (missing.length > 0) throw blockedError(missing)
  const [alarm] = standing.alarms
  if (alarm === undefined) return
  throw new QuorateError('blocked', `alarm ${alarm.type} is raised: the cluster rejects writes`, {
    host: alarm.member,
    hint:
      alarm.type === 'NOSPACE'
        ? 'free space first: quorate space reclaim'
        : 'repair the cluster first: quorate repair',
  })
}

/** @throws QuorateError `blocked`: with NOSPACE raised, no client could write any more. */
function requireRoom({ members }: Standing, { bytes }: Comparison, keys: number): void {
  const wanted = bytes + keys * OVERHEAD_BYTES
  for (const { name, space } of members) {
    if (space?.quotaBytes === undefined) continue
    const free = space.quotaBytes - space.sizeBytes + (reclaimable(space) ?? 0)
    if (wanted < free) continue
    throw new QuorateError(
      'blocked',
      `not enough quota: ${formatBytes(wanted)} to write, ${formatBytes(Math.max(0, free))} left`,
      {
        host: name,
        hint: 'set a larger quota-backend-bytes (etcd.settings in the cluster file, then quorate apply); or remove history: quorate compact --keep 1000, then quorate defrag',
      },
    )
  }
}

function differs({ different, examples }: ImportPreview): QuorateError {
  const more = different > examples.length ? ` and ${different - examples.length} more` : ''
  const what =
    different === 1
      ? '1 key exists with another value'
      : `${counted(different, 'key')} exist with other values`
  return new QuorateError('blocked', `${what}: ${examples.join(', ')}${more}`, {
    hint: 'choose one: --replace overwrites them, --only-missing keeps them, --prefix-from and --prefix-to import to another prefix (nothing was written)',
  })
}

function risksOf(compared: Comparison, file: WholeFile, differing: Differing): string[] {
  const { different, examples, ended } = compared
  const risks: string[] = []
  if (different > 0 && differing === 'replace') {
    risks.push(
      `${counted(different, 'key')} ${plural(different, 'is', 'are')} overwritten, and the present values are lost (first ${examples[0]}). To keep a copy, run quorate export first.`,
    )
  }
  if (file.shortestLease !== undefined) {
    risks.push(
      `Keys with leases are deleted when the leases expire, the first after ${file.shortestLease} s, unless their owners keep them alive in this cluster.`,
    )
  }
  if (ended > 0)
    risks.push(
      `${counted(ended, 'key')} ${plural(ended, 'is', 'are')} skipped: the lease had expired at the time of the export.`,
    )
  return [
    ...risks,
    'Watchers of these keys see the writes. Revisions and versions are new ones of this cluster.',
  ]
}

/** @throws QuorateError `moved` */
function requireArrived(verified: Comparison, { kept }: PutCounts, leases: number): void {
  // Without leases all keys must still exist: only another client could have deleted them.
  const missing = leases === 0 ? verified.new : 0
  if (verified.different <= kept && missing === 0) return
  const { examples, different } = verified
  const what =
    missing > 0
      ? `${counted(missing, 'key')} ${plural(missing, 'is', 'are')} missing again`
      : `${counted(different, 'key')} ${plural(different, 'differs', 'differ')} again (first ${examples[0]})`
  throw new QuorateError('moved', `everything was written, but ${what}: other clients write to these keys`, {
    hint: 'stop those clients, then rerun the import, which writes only what is missing',
  })
}
