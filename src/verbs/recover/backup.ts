/** Finds backups in every known location, and offers them as choices after a quorum loss. */
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
  /** The location was read, and has no backup. */
  readonly empty?: boolean
}

const found = (choice: Omit<Choice, 'kind'>): Found => ({ choice: { kind: 'backup', ...choice } })
const unknown = (text: string): Found => found({ text, command: null })
const empty = (text: string): Found => ({ ...unknown(text), empty: true })

/**
 * Looks in the location that the cluster file names, and in the directories of nodes with a backup schedule. A location
 * that can't be read is still listed, with the reason. Empty: no location is known.
 */
export async function backupChoices(
  session: Session,
  environment: NodeJS.ProcessEnv,
): Promise<readonly Choice[]> {
  const places = (await Promise.all([inLocation(session, environment), onNodes(session)])).flat()
  // If one location has backups, an empty one isn't worth a line.
  const some = places.some(({ choice }) => choice.command !== null)
  return places.filter((place) => !some || place.empty !== true).map(({ choice }) => choice)
}

async function inLocation(session: Session, environment: NodeJS.ProcessEnv): Promise<readonly Found[]> {
  const { cluster, signal, now } = session
  const location = cluster.backup?.store
  if (location === undefined) return []
  // Looking creates no directory.
  if (location.kind === 'directory' && !existsSync(location.path))
    return [empty(`no backup in ${location.path} on this workstation: the directory does not exist`)]
  try {
    using store = await openStore(location, { environment, signal })
    const where = location.kind === 'directory' ? `${store.title} on this workstation` : store.title
    const newest = newestOf(
      cluster,
      (await store.list(signal)).map(({ name }) => name),
    )
    if (newest === undefined) return [empty(`no backup of this cluster in ${where}`)]
    return [found({ text: describe(newest, where, now()), command: `quorate restore ${newest.name}` })]
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code === 'cancelled') throw error
    return [unknown(`can't read the backup location: ${inFull(error)}`)]
  }
}

/** Asks all nodes, whether they run etcd or not: only the node itself knows whether it takes backups. */
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
  // If the file gives a node no backups, it doesn't matter that it's unreachable.
  const meant = cluster.backup?.schedule?.node
  const unseen = errors.filter(({ code, host }) => code !== 'unreachable' || host === meant)
  return [
    ...results.flatMap(({ value }) => value),
    ...unseen.map(({ host, message }) => unknown(`unknown whether ${host} has backups: ${message}`)),
  ]
}

async function onNode(session: Session, node: Node, { store }: ScheduleConfig): Promise<Found> {
  const { cluster, signal, now } = session
  if (store.kind === 's3') {
    const url = `s3://${[store.bucket, store.prefix].filter(Boolean).join('/')}`
    const text = `list the backups that ${node.name} takes on a schedule, in ${url}`
    return found({ text, command: quoteCommand(['quorate', 'backup', 'list', '--store', url]) })
  }
  const where = `${store.path} on ${node.name}`
  const remote = await session.remote(node)
  const argv = ['sh', '-c', list, 'quorate-backups', store.path, cluster.name]
  const { stdout, stderr, exitCode } = await remote.run({ argv, root: true, signal })
  if (exitCode !== 0) return unknown(`unknown whether ${where} has backups: ${stderr.trim()}`)
  const newest = newestOf(cluster, stdout.split('\n'))
  if (newest === undefined) return empty(`no backup of this cluster in ${where}`)
  const fetch = fetchCommand(cluster, node, `${store.path}/${newest.name}`)
  const command = `${fetch} && quorate restore ./${newest.name}`
  return found({ text: describe(newest, where, now()), command })
}

/** Only the backup user on that node and root can read the file. It comes through ssh byte for byte. */
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
  // The remote shell parses it a second time.
  return `${quoteCommand(words)} ${quoteWord(quoteCommand(read))} > ${quoteWord(name)}`
}

function newestOf({ name: cluster }: Cluster, names: readonly string[]): BundleName | undefined {
  return names
    .flatMap((name) => parseBundleName(name) ?? [])
    .filter((bundle) => bundle.cluster === cluster)
    .toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())[0]
}

function describe({ takenAt, revision }: BundleName, where: string, now: Date): string {
  return `restore the newest backup in ${where}: taken ${ageOf(takenAt, now)} ago (${takenAt.toISOString()}), revision ${revision} (both from its name; restore verifies its signature). Every write since then is lost. Choose it only if no surviving member has newer data`
}

const MINUTE_MS = 60_000

function ageOf(then: Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - then.getTime()) / MINUTE_MS))
  if (minutes < 120) return counted(minutes, 'minute')
  return minutes < 2 * 24 * 60
    ? counted(Math.round(minutes / 60), 'hour')
    : counted(Math.round(minutes / 24 / 60), 'day')
}
