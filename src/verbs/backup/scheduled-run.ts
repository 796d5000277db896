/**
 * One run of a schedule on its node: takes a backup, then removes outdated ones. It connects to members directly,
 * without SSH, and always records its result for `status` and Prometheus.
 */
import path from 'node:path'
import { armor } from 'age-encryption'
import { workFolder } from '../../backup/work-folder.ts'
import { inFull, QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import { connectMember } from '../../etcd/client.ts'
import type { MemberTls } from '../../etcd/endpoint.ts'
import { replaceFile } from '../../files/atomic-file.ts'
import { type ScheduleConfig, parseConfig, storeOf } from '../../schedule/config.ts'
import { renderMetrics } from '../../schedule/metrics.ts'
import { PLACES, SERVICE, SIGNING_CREDENTIAL } from '../../schedule/places.ts'
import { type ScheduleState, startedRun, endedRun, parseState, renderState } from '../../schedule/state.ts'
import { type Signer, signerWith } from '../../signing/ssh-keygen.ts'
import { openStore } from '../../store/open-store.ts'
import type { BackupStore } from '../../store/store.ts'
import { type PruneReport, pruneBackups } from './prune-backups.ts'
import { nodePrincipal } from '../../backup/signers.ts'
import { type BackupReport, takeBackup } from './take-backup.ts'

export interface ScheduledRun {
  /** Absolute path of the configuration file. */
  readonly config: string
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly environment: NodeJS.ProcessEnv
  readonly onWarning: (text: string) => void
}

export interface ScheduledReport {
  readonly backup: BackupReport
  readonly pruned: PruneReport
}

/** How long a member may take to answer, in ms. */
const ANSWER_MS = 10_000

/** @throws QuorateError if no backup was taken; a completed backup stays, even if pruning then fails. */
export async function runScheduled(run: ScheduledRun): Promise<ScheduledReport> {
  const config = parseConfig(await readText(run.config), run.config)
  const before = parseState(await readIfThere(PLACES.state))
  const started = startedRun(before, config.cluster, run.now())
  await note(started)
  let backup: BackupReport | undefined
  try {
    using store = await openStore(storeOf(config), { environment: run.environment, signal: run.signal })
    backup = await take(config, store, run)
    const { cluster, keep } = config
    await using folder = await workFolder(PLACES.stateFolder)
    const signers = { file: PLACES.signers, text: await readIfThere(PLACES.signers) }
    const trust = { signers, folder: folder.path, signal: run.signal }
    const pruned = await pruneBackups(store, { cluster, keep, trust, now: run.now(), signal: run.signal })
    const problem = pruningProblem(pruned)
    if (problem !== undefined) run.onWarning(problem)
    await note(endedRun(started, { ...success(backup, pruned, run.now()), problem }, run.now()))
    return { backup, pruned }
  } catch (error) {
    const problem = inFull(error)
    const kept = backup === undefined ? {} : success(backup, undefined, run.now())
    await note(endedRun(started, { ...kept, problem }, run.now()))
    throw error
  }
}

async function take(config: ScheduleConfig, store: BackupStore, run: ScheduledRun): Promise<BackupReport> {
  const [clusterFile, ca, cert, key, caKey, kubernetesKeys] = await Promise.all([
    readText(PLACES.clusterFile),
    readText(PLACES.trust),
    readText(PLACES.certificate),
    readText(PLACES.key),
    config.caKeyMark === undefined ? undefined : readText(PLACES.caKey),
    config.kubernetesKeysMark === undefined ? undefined : readText(PLACES.kubernetesKeys),
  ])
  const tls: MemberTls = { ca, cert, key }
  const clients = config.members.map(({ name, address, port }) =>
    connectMember({
      name,
      target: { address, port },
      identity: address,
      tls: config.plaintext ? undefined : tls,
      timeoutMs: ANSWER_MS,
      signal: run.signal,
    }),
  )
  try {
    return await takeBackup({
      cluster: {
        name: config.cluster,
        nodes: config.members.map(({ name, address }) => ({ name, address })),
      },
      clients,
      clusterFile,
      trustPem: ca,
      caKeySealed: caKey === undefined ? undefined : armor.decode(caKey),
      kubernetesKeysSealed: kubernetesKeys === undefined ? undefined : armor.decode(kubernetesKeys),
      sealing: { kind: 'recipients', recipients: config.recipients },
      signer: signerOf(config, run.environment),
      store,
      tool: { name: config.tool, path: PLACES.tool },
      workDirectory: PLACES.stateFolder,
      now: run.now,
      signal: run.signal,
      onWarning: (member, text) => run.onWarning(`${member}: ${text}`),
    })
  } finally {
    for (const client of clients) client.close()
  }
}

/** Signs with the node's own key, which systemd passes to this run. @throws QuorateError `state` */
function signerOf({ cluster, node }: ScheduleConfig, environment: NodeJS.ProcessEnv): Signer {
  const folder = environment['CREDENTIALS_DIRECTORY']
  if (folder !== undefined)
    return signerWith(path.join(folder, SIGNING_CREDENTIAL), nodePrincipal(cluster, node))
  throw new QuorateError('state', 'signing key not found: only the systemd service gets it', {
    hint: `start the service: systemctl start ${SERVICE}; to install the key, run quorate backup schedule on your workstation`,
  })
}

function success(backup: BackupReport, pruned: PruneReport | undefined, now: Date): Partial<ScheduleState> {
  const { name, proof } = backup
  const { revision } = proof.status
  const proven = pruned?.kept.find((one) => one.backup.vouched === true)?.backup.name
  return {
    lastSuccess: now.toISOString(),
    backup: { name, revision, sizeBytes: backup.bundle.sizeBytes },
    ...(pruned === undefined ? {} : { stored: pruned.kept.length + pruned.failed.length }),
    ...(proven === undefined ? {} : { lastProven: proven }),
  }
}

function pruningProblem({ failed }: PruneReport): string | undefined {
  const [first] = failed
  if (first === undefined) return undefined
  const more = failed.length > 1 ? `, and ${failed.length - 1} more` : ''
  return `can't delete the old backup ${first.backup.name}: ${first.problem}${more}`
}

/** Writes the state and its metrics. Every user can read both: they contain nothing secret. */
async function note(state: ScheduleState): Promise<void> {
  await replaceFile(PLACES.state, renderState(state), 0o644)
  await replaceFile(PLACES.metrics, renderMetrics(state), 0o644)
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readText(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw QuorateError.from(error, 'state', `can't read ${path.basename(file)}`)
  }
}
