/**
 * Files that exist only during one run: directories for temporary files, and drafts next to their target.
 * Each name has a mark of the process that created it, so that the next run finds and removes only what a
 * killed run left.
 */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { whyNotOurs } from './own-folder.ts'
import { isRunning, pidNamespace, thisProcess } from './process-identity.ts'

/** `<pid>-<start time, base 36>-<boot>-<pid namespace>-<random>`, at the end of a name. */
const MARK =
  /(?:^quorate-(?:[a-z]+-)?|^\..*\.)(\d+)-([0-9a-z]+)-([0-9a-f]{6})-([0-9a-f]{6})-[0-9a-f]{8}(?:\.part)?$/

/**
 * The age after which leftovers from before a reboot, or from another host on a shared disk, are removed, in
 * ms.
 */
const FORGOTTEN_MS = 24 * 3_600_000

const NOWHERE = '000000'

export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute path; mode 700. */
  readonly path: string
}

export interface TemporaryOptions {
  /** Absolute paths to try in turn; TMPDIR, then /tmp, unless given. */
  readonly places?: readonly string[] | undefined
  /** Becomes part of its name: `quorate-<purpose>-…`. Lower-case letters. */
  readonly purpose?: string | undefined
}

/**
 * A new private directory, in the first location where no other user can replace it. Removed when it is
 * disposed of, or by the next run that uses the location.
 *
 * @throws QuorateError `permission` if there is no such location; `state` if it can't be created
 */
export async function temporaryFolder(options: TemporaryOptions = {}): Promise<TemporaryFolder> {
  const { places = [tmpdir(), '/tmp'], purpose } = options
  const reasons: string[] = []
  for (const place of new Set(places)) {
    const reason = existsSync(place) ? whyNotOurs(place, { shared: true }) : `${place} does not exist`
    if (reason !== undefined) {
      reasons.push(reason)
      continue
    }
    await sweep(place)
    const name = `quorate-${purpose === undefined ? '' : `${purpose}-`}${await mark()}`
    const folder = path.join(place, name)
    try {
      await mkdir(folder, { mode: 0o700 })
    } catch (error) {
      reasons.push((error as Error).message)
      continue
    }
    const remove = async () => await rm(folder, { recursive: true, force: true })
    return { path: folder, [Symbol.asyncDispose]: remove }
  }
  throw new QuorateError('permission', `no directory for temporary files is safe\n${reasons.join('\n')}`, {
    hint: 'set TMPDIR to a directory that belongs to you, and that only you can write to',
  })
}

/**
 * The path of a draft next to `target`, on the same filesystem, which is renamed to `target`:
 * `.<name>.<mark>`. Leftovers of killed runs are removed.
 */
export async function draftBeside(target: string): Promise<string> {
  await sweep(path.dirname(target))
  return path.join(path.dirname(target), `.${path.basename(target)}.${await mark()}`)
}

/** The same for a new directory of mode 700. */
export async function draftFolderBeside(target: string): Promise<string> {
  const draft = await draftBeside(target)
  await mkdir(draft, { mode: 0o700 })
  return draft
}

/**
 * Removes leftovers of this user's ended runs from a directory; nothing of other users, and never through a link.
 *
 * @param unmarked names from earlier versions, which don't identify the process: removed after a day
 */
export async function sweep(folder: string, unmarked?: RegExp): Promise<void> {
  if (!existsSync(folder) || whyNotOurs(folder, { shared: true }) !== undefined) return
  for (const name of await readdir(folder)) {
    if (!MARK.test(name) && unmarked?.test(name) !== true) continue
    const place = path.join(folder, name)
    // Another run may just have removed it.
    const found = await lstat(place).catch(() => undefined)
    if (found === undefined || found.uid !== process.getuid?.()) continue
    if (!found.isDirectory() && !found.isFile()) continue
    if (await isLeft(name, found.mtimeMs)) await rm(place, { recursive: true, force: true })
  }
}

async function mark(): Promise<string> {
  return [...(await ownMark()), randomBytes(4).toString('hex')].join('-')
}

/** Zeros on a system without /proc: then only the age counts. */
async function ownMark(): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [String(process.pid), '0', NOWHERE, NOWHERE]
  const [{ pid, startTime, bootId }, namespace] = await Promise.all([thisProcess(), pidNamespace()])
  return [String(pid), Number(startTime).toString(36), short(bootId), short(namespace)]
}

async function isLeft(name: string, mtimeMs: number): Promise<boolean> {
  const [, pid, start = '', boot, namespace] = MARK.exec(name) ?? []
  const [, , ownBoot, ownNamespace] = await ownMark()
  if (boot !== ownBoot || boot === NOWHERE) return Date.now() - mtimeMs > FORGOTTEN_MS
  // A process ID in a container has no meaning outside it, and the directory may be shared with it.
  if (namespace !== ownNamespace) return false
  const { bootId } = await thisProcess()
  return !(await isRunning({ pid: Number(pid), startTime: String(Number.parseInt(start, 36)), bootId }))
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6)
}
