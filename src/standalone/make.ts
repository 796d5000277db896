/**
 * quorate as one file that needs no other files: a Node.js binary with the whole program in it, for nodes that have
 * neither. It is made on first use, and kept in quorate's cache.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { isSea } from 'node:sea'
import path from 'node:path'
import { sha256OfFile } from '../artifacts/hash.ts'
import { QuorateError } from '../errors.ts'
import { draftFolderBeside } from '../files/temporary.ts'
import { joined } from './join.ts'

export interface Standalone {
  /** Absolute path; mode 755. */
  readonly file: string
  readonly sizeBytes: number
  /** Hex. */
  readonly sha256: string
  /** The processor architecture: the workstation's. */
  readonly architecture: 'amd64' | 'arm64'
}

export interface StandaloneContext {
  readonly cacheDirectory: string
  /** The Node.js binary that becomes part of it; by default, the one that runs this. */
  readonly node?: string | undefined
  /** Absolute path of the whole program in one CommonJS file; by default, the one of this installation. */
  readonly program?: string | undefined
  readonly now: () => Date
  readonly signal: AbortSignal
}

const NAME = 'quorate'
const SUM = 'sha256'

/** How long a file of another quorate or Node.js is kept after its last use, in ms: another run may be sending it. */
const KEPT_MS = 3_600_000

/** @throws QuorateError `artifact` if this installation can't make it, with the reason */
export async function standalone(context: StandaloneContext): Promise<Standalone> {
  const architecture = ownArchitecture()
  // If quorate runs as such a file, that file is the result.
  if (isSea()) return { ...(await described(process.execPath, context.signal)), architecture }
  const node = await realpath(context.node ?? process.execPath)
  const program = context.program ?? (await installedProgram())
  const shelf = path.join(context.cacheDirectory, 'standalone')
  const entry = path.join(shelf, await keyOf(node, program))
  const known = await present(entry, context.signal)
  if (known !== undefined) {
    await utimes(entry, context.now(), context.now())
    return { ...known, architecture }
  }
  await mkdir(shelf, { recursive: true, mode: 0o700 })
  await sweep(shelf, context.now())
  await make(entry, node, program, context.signal)
  const made = await present(entry, context.signal)
  if (made === undefined) {
    throw new QuorateError('artifact', `${entry} is not what was just written to it`, {
      hint: 'look after the disk of the workstation, then run the same command again',
    })
  }
  return { ...made, architecture }
}

function ownArchitecture(): Standalone['architecture'] {
  if (process.platform === 'linux' && process.arch === 'x64') return 'amd64'
  if (process.platform === 'linux' && process.arch === 'arm64') return 'arm64'
  throw new QuorateError(
    'artifact',
    `quorate as one file can be made on Linux with amd64 or arm64, and this is ${process.platform} with ${process.arch}`,
    { hint: 'run this command on a Linux computer with the processor architecture of the node' },
  )
}

/** `standalone.cjs`, next to the running files, or in the dist/ of their checkout. */
async function installedProgram(): Promise<string> {
  const places = ['.', '..', '../../dist'].map((place) =>
    path.resolve(import.meta.dirname, place, 'standalone.cjs'),
  )
  for (const place of places) if (await isFile(place)) return place
  throw new QuorateError('artifact', 'this installation of quorate has no standalone.cjs', {
    hint: 'install quorate again; in a checkout: script/setup',
  })
}

/** The same program and the same Node.js: the same key. */
async function keyOf(node: string, program: string): Promise<string> {
  const { size, mtimeMs } = await stat(node)
  const hash = createHash('sha256').update(`${process.version} ${node} ${size} ${mtimeMs}\n`)
  return hash
    .update(await readFile(program))
    .digest('hex')
    .slice(0, 32)
}

/** undefined: it doesn't exist, or has changed. */
async function present(
  entry: string,
  signal: AbortSignal,
): Promise<Omit<Standalone, 'architecture'> | undefined> {
  const file = path.join(entry, NAME)
  if (!(await isFile(file)) || !(await isFile(path.join(entry, SUM)))) return undefined
  const found = await described(file, signal)
  return found.sha256 === (await readFile(path.join(entry, SUM), 'utf8')) ? found : undefined
}

async function described(file: string, signal: AbortSignal): Promise<Omit<Standalone, 'architecture'>> {
  const [{ size }, sha256] = await Promise.all([stat(file), sha256OfFile(file, signal)])
  return { file, sizeBytes: size, sha256 }
}

async function make(entry: string, node: string, program: string, signal: AbortSignal): Promise<void> {
  const draft = await draftFolderBeside(entry)
  try {
    const pieces = await joined({ base: node, writer: node, program, draft, signal })
    const hash = createHash('sha256')
    for (const piece of pieces) hash.update(piece)
    // Not flushed to disk: after a power cut, its checksum doesn't match, and it is made again.
    await writeFile(path.join(draft, NAME), pieces, { mode: 0o755 })
    await writeFile(path.join(draft, SUM), hash.digest('hex'))
    // It is damaged, or another run has just made it and it is just as good.
    await rm(entry, { recursive: true, force: true })
    await rename(draft, entry)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function sweep(shelf: string, now: Date): Promise<void> {
  for (const name of await readdir(shelf)) {
    const found = await stat(path.join(shelf, name)).catch((error: NodeJS.ErrnoException) => {
      // Another run has just renamed or removed it.
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined || now.getTime() - found.mtimeMs <= KEPT_MS) continue
    await rm(path.join(shelf, name), { recursive: true, force: true })
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}
