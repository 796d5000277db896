/** What backups there are, wherever they are kept, as choices where a quorum is lost. */
import { existsSync } from 'node:fs'
import { type BundleName, parseBundleName } from '../../backup/names.ts'
import { inFull, QuorateError } from '../../errors.ts'
import { type Session, knownHostsFile } from '../../tiers/etcd/session.ts'
import { type ScheduleConfig, parseConfig } from '../../schedule/config.ts'
import { PLACES } from '../../schedule/places.ts'
import type { Cluster, Node } from '../../spec/cluster.ts'
import { onAll } from '../../ssh/fleet.ts'
import { quoteCommand, quoteWord } from '../../ssh/quote.ts'
import { openStore } from '../../store/open-store.ts'
import list from './backup-names.sh?raw'
import type { Choice } from './report.ts'
import { counted } from '../../spec/units.ts'

interface Found {
  readonly choice: Choice
  /** There is none, for certain. */
  readonly empty?: boolean
}

const found = (choice: Omit<Choice, 'kind'>): Found => ({ choice: { kind: 'backup', ...choice } })
const unknown = (text: string): Found => found({ text, command: null })
const empty = (text: string): Found => ({ ...unknown(text), empty: true })

/**
 * In the location that the cluster file names, and in the folders of nodes that take backups by themselves. A place that
 * can't be asked is a choice all the same, and says why. Empty: no place is known.
 */
export async function backupChoices(
  session: Session,
  environment: NodeJS.ProcessEnv,
): Promise<readonly Choice[]> {
  const places = (await Promise.all([inLocation(session, environment), onNodes(session)])).flat()
  // Where one place has some, that another has none is no news.
  const some = places.some(({ choice }) => choice.command !== null)
  return places.filter((place) => !some || place.empty !== true).map(({ choice }) => choice)
}

async function inLocation(session: Session, environment: NodeJS.ProcessEnv): Promise<readonly Found[]> {
  const { cluster, signal, now } = session
  const location = cluster.backup?.store
  if (location === undefined) return []
  // A look makes no folder.
  if (location.kind === 'directory' && !existsSync(location.path))
    return [empty(`no backup is in ${location.path} on this computer: there is no such directory`)]
  try {
    using store = await openStore(location, { environment, signal })
    const where = location.kind === 'directory' ? `${store.title} on this computer` : store.title
    const newest = newestOf(
      cluster,
      (await store.list(signal)).map(({ name }) => name),
    )
    if (newest === undefined) return [empty(`no backup of this cluster is in ${where}`)]
    return [found({ text: describe(newest, where, now()), command: `quorate restore ${newest.name}` })]
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return [unknown(`the backup location can't be asked: ${inFull(error)}`)]
  }
}

/** Of all nodes, whether they carry etcd or not: which of them takes backups, it knows itself. */
async function onNodes(session: Session): Promise<readonly Found[]> {
  const { cluster, signal } = session
  const { results, errors } = await onAll(cluster.nodes, async (node): Promise<readonly Found[]> => {
    const remote = await session.remote(node)
    const read = await remote.run({ argv: ['cat', PLACES.config], root: true, signal })
    if (read.exitCode !== 0) return []
    const config = parseConfig(read.stdout, `${PLACES.config} on ${node.name}`)
    if (config.cluster !== cluster.name) return []
    return [await onNode(session, node, config)]
  })
  signal.throwIfAborted()
  // Of a node that takes no backups, as far as the file says, it is no news that it can't be reached.
  const meant = cluster.backup?.schedule?.node
  const unseen = errors.filter(({ code, host }) => code !== 'unreachable' || host === meant)
  return [
    ...results.flatMap(({ value }) => value),
    ...unseen.map(({ host, message }) => unknown(`whether ${host} has backups is unknown: ${message}`)),
  ]
}

async function onNode(session: Session, node: Node, { store }: ScheduleConfig): Promise<Found> {
  const { cluster, signal, now } = session
  if (store.kind === 's3') {
    const url = `s3://${[store.bucket, store.prefix].filter(Boolean).join('/')}`
    const text = `${node.name} takes backups by itself, into ${url}: see which there are`
    return found({ text, command: quoteCommand(['quorate', 'backup', 'list', '--store', url]) })
  }
  const where = `${store.path} on ${node.name}`
  const remote = await session.remote(node)
  const argv = ['sh', '-c', list, 'quorate-backups', store.path, cluster.name]
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal })
  if (exitCode !== 0) return unknown(`whether backups are in ${where} is unknown: ${stderr.trim()}`)
  const newest = newestOf(cluster, stdout.split('\n'))
  if (newest === undefined) return empty(`no backup of this cluster is in ${where}`)
  const fetch = fetchCommand(cluster, node, `${store.path}/${newest.name}`)
  const command = `${fetch} && quorate restore ./${newest.name}`
  return found({ text: describe(newest, where, now()), command })
}

/** The node's user of the store alone can read it, and root: what comes through ssh is the file, byte for byte. */
function fetchCommand(cluster: Cluster, { ssh }: Node, file: string): string {
  const { host, user, port, identityFile, jump } = ssh
  const words = [
    'ssh',
    '-o',
    `UserKnownHostsFile=${knownHostsFile(cluster)}`,
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(jump === undefined ? [] : ['-J', jump]),
    user === undefined ? host : `${user}@${host}`,
  ]
  const read = [...(user === 'root' ? [] : ['sudo']), 'cat', file]
  const name = file.slice(file.lastIndexOf('/') + 1)
  // The far shell reads it once more.
  return `${quoteCommand(words)} ${quoteWord(quoteCommand(read))} > ${quoteWord(name)}`
}

function newestOf({ name: cluster }: Cluster, names: readonly string[]): BundleName | undefined {
  return names
    .flatMap((name) => parseBundleName(name) ?? [])
    .filter((bundle) => bundle.cluster === cluster)
    .toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())[0]
}

function describe({ takenAt, revision }: BundleName, where: string, now: Date): string {
  return `go back to the newest backup in ${where}: taken ${ageOf(takenAt, now)} ago (${takenAt.toISOString()}), revision ${revision}, by its name; restore checks who signed it. All that was written since is lost. Better only where no survivor's log is newer`
}

const MINUTE_MS = 60_000

function ageOf(then: Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - then.getTime()) / MINUTE_MS))
  if (minutes < 120) return counted(minutes, 'minute')
  return minutes < 2 * 24 * 60
    ? counted(Math.round(minutes / 60), 'hour')
    : counted(Math.round(minutes / 24 / 60), 'day')
}
