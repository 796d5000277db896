/** Inspects all nodes for what a schedule would change: only one of them takes the backups. */
import { readText } from '../../files/read-file.ts'
import { obtainEtcd } from '../../artifacts/obtain.ts'
import { QuorateError, combineErrors } from '../../errors.ts'
import { snapshotTool } from '../../etcd/snapshot-tool.ts'
import { kubernetesKeysIdentity } from '../../kubernetes/keys-backup.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { ScheduleChange, WantedSchedule } from '../../schedule/changes.ts'
import { type ConfigOutline, outlineOf } from '../../schedule/config.ts'
import { type ScheduleThere, lookAtSchedule } from '../../schedule/look.ts'
import { clusterOf } from '../../schedule/whose.ts'
import { onAll } from '../../ssh/fleet.ts'
import { type Standalone, standalone } from '../../standalone/make.ts'
import { linesOf } from '../../signing/allowed-signers.ts'
import { listOf, operatorPrincipal, trustedSigners } from '../../backup/signers.ts'
import { signingThere } from '../../schedule/signing.ts'
import { changesFor } from './decide.ts'
import { type ScheduleSources, type DesiredSchedule, sealMark, wantedSchedule } from './desired.ts'

export interface ScheduleAim {
  readonly desired: DesiredSchedule
  /** May still be in progress. */
  readonly sources: Promise<OwnSources>
  /** The directory on the node from which node_exporter reads metrics. */
  readonly exporter: string
}

export interface ScheduleFacts {
  /** The chosen node. */
  readonly there: ScheduleThere
  readonly wanted: WantedSchedule
  readonly changes: readonly ScheduleChange[]
  /** Nodes that could not be inspected. */
  readonly unseen: readonly string[]
  /** The present configuration, by node. */
  readonly outlines: ReadonlyMap<string, ConfigOutline>
}

type OwnSources = ScheduleSources & Pick<Standalone, 'architecture'>

/** quorate as one file, and etcd's tool: built or downloaded unless they are in the cache. */
export async function scheduleSources(session: Session): Promise<OwnSources> {
  const { cluster, cacheDirectory, signal, emit } = session
  const program = await standalone(session)
  const artifact = await obtainEtcd(cluster.etcd, program.architecture, {
    cacheDirectory,
    signal,
    emit: ({ text, doneBytes, totalBytes }) => emit({ type: 'artifact', text, doneBytes, totalBytes }),
  })
  const { name, path: file } = snapshotTool(artifact.files)
  const found = artifact.files.find((one) => one.name === name)
  if (found === undefined) throw new TypeError('the tool is not among the files that it was chosen from')
  const tool = { name, file, sizeBytes: found.sizeBytes, sha256: found.sha256 }
  return { program, tool, architecture: program.architecture }
}

/** @throws QuorateError `usage`, `blocked`, or the chosen node's error if it can't be inspected */
export async function lookForSchedule(
  session: Session,
  { desired, sources: coming, exporter }: ScheduleAim,
): Promise<ScheduleFacts> {
  const { cluster } = session
  const [{ seen, unseen }, sources] = await Promise.all([lookEverywhere(session, exporter, desired), coming])
  const there = seen.find(({ host }) => host === desired.node.name)
  if (there === undefined) throw new TypeError('the chosen node was not observed')
  requireOurs(session, there)
  requireProcessor(there, sources)
  const trust = await session.bundle()
  if (trust === undefined) {
    throw new QuorateError('pki', `CA not found in ${cluster.stateDirectory}`, {
      hint: 'put the state directory back; if there is no cluster yet: quorate apply',
    })
  }
  const keys = await kubernetesKeysIdentity(cluster)
  const wanted = await wantedSchedule(cluster, desired, there, {
    clusterFile: await readText(cluster.file),
    trust,
    operators: linesOf((await trustedSigners(cluster)).text ?? '', operatorPrincipal(cluster.name)),
    signing: signingThere(cluster, there, await listOf(cluster), session.now()),
    caKeyMark: cluster.pki.authority.home === 'local' ? sealMark(desired.recipients, trust) : undefined,
    kubernetesKeysMark: keys === undefined ? undefined : sealMark(desired.recipients, keys),
    ...sources,
    exporter,
    now: session.now(),
  })
  return {
    there,
    wanted,
    unseen,
    outlines: outlines(seen),
    changes: changesFor(cluster, seen, { there, wanted }),
  }
}

/** Inspects every reachable node. The chosen node must be reachable. */
export async function lookEverywhere(
  session: Session,
  exporter: string,
  desired?: DesiredSchedule,
): Promise<{ readonly seen: readonly ScheduleThere[]; readonly unseen: readonly string[] }> {
  const { cluster, signal } = session
  session.emit({ type: 'looking', hosts: cluster.nodes.map(({ name }) => name) })
  const { results, errors } = await onAll(cluster.nodes, async (node) => {
    const every = node.name === desired?.node.name ? desired.every : undefined
    return await lookAtSchedule(await session.remote(node), { every, exporter, signal })
  })
  const grave = errors.filter(({ code, host }) => code !== 'unreachable' || host === desired?.node.name)
  if (grave.length > 0) throw combineErrors(grave)
  return { seen: results.map(({ value }) => value), unseen: errors.map(({ host }) => host ?? '') }
}

/** @throws QuorateError `blocked` */
function requireOurs({ cluster }: Session, there: ScheduleThere): void {
  const other = clusterOf(there)
  if (other === undefined || other === cluster.name) return
  throw new QuorateError('blocked', `node already takes the backups of another cluster: '${other}'`, {
    host: there.host,
    hint: 'choose another node with --node; or remove that schedule with its own cluster file: quorate -f FILE backup schedule --remove',
  })
}

function requireProcessor({ host, machine }: ScheduleThere, { architecture }: OwnSources): void {
  const names = { amd64: 'x86_64', arm64: 'aarch64' }
  if (machine === names[architecture]) return
  throw new QuorateError(
    'blocked',
    `quorate's binary is for ${names[architecture]}, but the node's processor is ${machine}`,
    {
      host,
      hint: 'choose another node with --node, or run this command on a workstation with the same processor architecture',
    },
  )
}

export function outlines(seen: readonly ScheduleThere[]): ScheduleFacts['outlines'] {
  return new Map(seen.map(({ host, config = '' }) => [host, outlineOf(config)] as const))
}

export function warnOfUnseen(session: Session, unseen: readonly string[]): void {
  for (const host of unseen) {
    session.emit({ type: 'warning', host, text: 'not inspected: if it has a schedule, that one continues' })
  }
}
