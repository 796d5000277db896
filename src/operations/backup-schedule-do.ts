/** Puts a schedule on its node, or takes it away: each in as few round trips as its certificate allows. */
import { Readable } from 'node:stream'
import { armor } from 'age-encryption'
import { seal } from '../backup/sealing.ts'
import { combineErrors } from '../errors.ts'
import { type Word, runAgent } from '../host/agent.ts'
import extension from '../host/agent/schedule.sh?raw'
import { exportCaKey } from '../pki/ca-key-export.ts'
import { NO_NAMES } from '../pki/names.ts'
import { renderOpensslConfig } from '../pki/openssl-config.ts'
import type { Lock } from '../run/lock.ts'
import type { Session } from '../run/session.ts'
import type { ScheduleChange, WantedSchedule } from '../schedule/changes.ts'
import { NODE_EXPORTER, PLACES, SCHEDULE_USER, SERVICE, TIMER } from '../schedule/places.ts'
import type { Node } from '../spec/cluster.ts'
import { onAll } from '../ssh/fleet.ts'
import type { ScheduleSight } from './backup-schedule-look.ts'
import type { ScheduleSources, ScheduleWish } from './backup-schedule-wish.ts'

const PROGRAM_FOLDER = PLACES.program.slice(0, PLACES.program.lastIndexOf('/'))

type Operation = readonly [name: string, ...words: Word[]]

export interface InstallOptions {
  readonly lock: Lock
  readonly wish: ScheduleWish
  readonly wanted: WantedSchedule
  readonly sources: ScheduleSources
  /** Of all nodes. */
  readonly changes: readonly ScheduleChange[]
}

export async function installSchedule(session: Session, options: InstallOptions): Promise<void> {
  const { lock, wish, wanted, sources } = options
  const { node } = wish
  const changes = options.changes.filter(({ host }) => host === node.name)
  const has = (kind: ScheduleChange['kind']) => changes.some((change) => change.kind === kind)
  const remote = await session.remote(node)
  const signal = AbortSignal.any([session.signal, lock.lost])
  const run = async (operations: readonly Operation[]) =>
    await runAgent(remote, {
      operations: [['fence', lock.token], ...operations],
      looks: [],
      extension,
      signal,
    })

  const ground: readonly Operation[] = [
    ['user', SCHEDULE_USER, '/usr/sbin/nologin'],
    ['directory', PLACES.folder, 'root', SCHEDULE_USER, '750'],
  ]
  let certificate: string | undefined
  if (has('certificate')) {
    const { lines } = await run([...ground, clientKey(session)])
    certificate = await issue(session, node, lines)
  }
  const caKey = has('ca-key') ? await sealedCaKey(session, wish.recipients) : undefined
  const binaries = [
    ...(has('program') ? [[sources.program, PLACES.program] as const] : []),
    ...(has('tool') ? [[sources.tool, PLACES.tool] as const] : []),
  ]
  const bytes = binaries.reduce((sum, [{ sizeBytes }]) => sum + sizeBytes, 0)
  if (bytes > 0) session.emit({ type: 'sending', host: node.name, bytes })
  const files = changes.flatMap((change): Operation[] => {
    const { file } = change
    return file === undefined
      ? []
      : [['file', { text: file.text }, file.path, file.owner, file.group, file.mode]]
  })
  await run([
    ...ground,
    ['directory', PROGRAM_FOLDER, 'root', 'root', '755'],
    ...binaries.map(([{ file, sha256 }, path]) => ['binary', { file }, path, sha256, 'unknown'] as const),
    ...(certificate === undefined
      ? []
      : [['schedule_certificate', PLACES.folder, SCHEDULE_USER, { text: certificate }] as const]),
    ...(wish.store.kind === 'directory' ? [['schedule_store', wish.store.path, SCHEDULE_USER] as const] : []),
    ...(caKey === undefined
      ? []
      : [['file', { text: caKey }, PLACES.caKey, 'root', SCHEDULE_USER, '640'] as const]),
    ...files,
    ...(has('metrics')
      ? [['schedule_link', PLACES.metrics, `${wanted.exporter}/${fileName(PLACES.metrics)}`] as const]
      : []),
    ['reload'],
    ['enable', TIMER],
    // Started anew where its times have changed.
    ['restart', TIMER, '30'],
  ])
  for (const { what } of changes) session.emit({ type: 'note', host: node.name, text: `done: ${what}` })
}

/** On all nodes at once that have one and are not to. Backups that were taken stay where they are. */
export async function removeSchedules(
  session: Session,
  lock: Lock,
  { changes, exporters }: Pick<ScheduleSight, 'changes' | 'exporters'>,
): Promise<void> {
  const hosts = changes.filter(({ kind }) => kind === 'remove').map(({ host }) => host)
  const nodes = session.cluster.nodes.filter(({ name }) => hosts.includes(name))
  const { errors } = await onAll(nodes, async (node) => {
    await removeSchedule(session, lock, node, exporters.get(node.name) ?? NODE_EXPORTER)
  })
  if (errors.length > 0) throw combineErrors(errors)
}

/** @param exporter where node_exporter reads metrics there */
async function removeSchedule(session: Session, lock: Lock, node: Node, exporter: string): Promise<void> {
  const remote = await session.remote(node)
  const signal = AbortSignal.any([session.signal, lock.lost])
  const notes = [PLACES.program, PLACES.tool].map((path) => `/var/lib/quorate/binaries/${fileName(path)}`)
  const links = `${exporter}/${fileName(PLACES.metrics)}`
  await runAgent(remote, {
    operations: [
      ['fence', lock.token],
      ['stop', TIMER],
      ['stop', SERVICE],
      [
        'remove',
        PLACES.timer,
        PLACES.service,
        PLACES.folder,
        PROGRAM_FOLDER,
        PLACES.stateFolder,
        PLACES.stamp,
      ],
      ['remove', links, ...notes],
      ['reload'],
      ['schedule_forget', SCHEDULE_USER],
    ],
    looks: [],
    extension,
    signal,
  })
  session.emit({ type: 'note', host: node.name, text: 'its schedule is gone' })
}

function clientKey({ cluster }: Session): Operation {
  const { algorithm } = cluster.pki
  const configuration = renderOpensslConfig({
    commonName: SCHEDULE_USER,
    names: NO_NAMES,
    profile: 'client',
    algorithm,
  })
  return ['schedule_key', PLACES.folder, { text: configuration }, algorithm]
}

/** For the backups' own recipients: whoever opens one can open it too, and nobody on the node can. */
async function sealedCaKey(session: Session, recipients: readonly string[]): Promise<string> {
  const pem = await exportCaKey(session.cluster, session.askPassphrase, session.signal)
  if (pem === undefined) throw new TypeError('there is no CA key here to seal')
  const sealed = await seal({ kind: 'recipients', recipients }, Readable.from([Buffer.from(pem)]))
  const pieces: Uint8Array[] = []
  for await (const piece of sealed) pieces.push(piece)
  return armor.encode(Buffer.concat(pieces))
}

async function issue(session: Session, node: Node, lines: readonly string[]): Promise<string> {
  const [request] = lines.flatMap((line) => /^request (\S+)$/.exec(line)?.slice(1) ?? [])
  if (request === undefined) throw new TypeError(`no request came from ${node.name}`)
  const { pem, warnings } = await (
    await session.authority()
  ).issue(
    {
      csrPem: Buffer.from(request, 'base64').toString('utf8'),
      profile: 'client',
      allowed: NO_NAMES,
      days: session.cluster.pki.days,
      subjectCommonName: SCHEDULE_USER,
    },
    session.signal,
  )
  for (const text of warnings) session.emit({ type: 'warning', host: node.name, text })
  return pem
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
