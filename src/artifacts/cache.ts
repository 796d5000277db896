/**
 * The cache of downloaded binaries: one directory for each entry, complete or missing. An entry is made in a sibling
 * directory and then renamed. `entry.json` has each file's checksum, and a stamp (size, times, inode) that shows
 * quickly whether a file has changed since it was checked.
 */
import { chmod, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { draftBeside, draftFolderBeside } from '../files/temporary.ts'
import type { Artifact, ArtifactContext, Architecture, Fetched } from './artifact.ts'
import { sha256OfFile } from './hash.ts'

const Entry = z.object({
  format: z.literal(1),
  version: z.string(),
  arch: z.enum(['amd64', 'arm64']),
  origin: z.string(),
  archiveSha256: z.string().length(64).optional(),
  files: z
    .array(
      z.object({
        // It becomes part of a path.
        name: z.string().regex(/^[a-z][a-z0-9.-]{0,63}$/),
        sha256: z.string().length(64),
        sizeBytes: z.number(),
        stamp: z.string(),
      }),
    )
    .min(1),
})
type Entry = z.infer<typeof Entry>

const RECORD = 'entry.json'

/** A product, and the files that its entries may have, in order. */
export interface Product<N extends string> {
  /** For messages: `etcd`. */
  readonly title: string
  readonly names: readonly N[]
}

/** The entry's files if they exist and match what was recorded; undefined (with an event) if they must be downloaded. */
export async function findCached<N extends string>(
  entry: string,
  product: Product<N>,
  context: ArtifactContext,
): Promise<Artifact<N> | undefined> {
  const record = await readRecord(entry)
  if (record === undefined) return undefined
  let restamped = false
  const files: Entry['files'] = []
  for (const file of record.files) {
    const location = path.join(entry, file.name)
    const stamp = await stampOf(location)
    if (stamp === file.stamp) {
      files.push(file)
      continue
    }
    const sha256 = stamp === undefined ? undefined : await sha256OfFile(location, context.signal)
    if (stamp === undefined || sha256 !== file.sha256) {
      const text = `the cached ${location} is damaged or missing: obtaining ${product.title} ${record.version} again`
      context.emit({ kind: 'artifact', text })
      return undefined
    }
    restamped = true
    files.push({ ...file, stamp })
  }
  if (restamped) await writeRecord(entry, { ...record, files })
  return toArtifact(entry, product, record)
}

/**
 * Makes the staged files the entry, durably, and returns them with their final paths. An intact entry of another run is
 * kept instead.
 */
export async function store<N extends string>(
  entry: string,
  staging: string,
  product: Product<N>,
  made: Fetched<N> & { readonly version: string; readonly arch: Architecture },
  context: ArtifactContext,
): Promise<Artifact<N>> {
  const files: Entry['files'] = []
  for (const name of product.names.filter((known) => made.names.includes(known))) {
    const file = path.join(staging, name)
    await chmod(file, 0o755)
    await sync(file)
    const sha256 = await sha256OfFile(file, context.signal)
    const { size } = await stat(file)
    files.push({ name, sha256, sizeBytes: size, stamp: (await stampOf(file)) ?? '' })
  }
  const { version, arch, origin, archiveSha256 } = made
  const record: Entry = { format: 1, version, arch, origin, archiveSha256, files }
  await writeRecord(staging, record)
  await sync(staging)
  context.signal.throwIfAborted()
  if (!(await renamed(staging, entry))) {
    const theirs = await findCached(entry, product, context)
    if (theirs !== undefined) return theirs
    await replace(entry, staging)
  }
  await sync(path.dirname(entry))
  return toArtifact(entry, product, record)
}

/** False if the target exists already. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}

async function replace(entry: string, staging: string): Promise<void> {
  const aside = await draftFolderBeside(entry)
  try {
    await rename(entry, path.join(aside, 'damaged')).catch((error: NodeJS.ErrnoException) => {
      // Another run has already moved the damaged entry away.
      if (error.code !== 'ENOENT') throw error
    })
    if (!(await renamed(staging, entry))) {
      throw new QuorateError('artifact', `${entry} is being replaced by another run`, {
        hint: 'rerun the same command',
      })
    }
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function readRecord(entry: string): Promise<Entry | undefined> {
  let text: string
  try {
    text = await readText(path.join(entry, RECORD))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
  try {
    return Entry.parse(JSON.parse(text))
  } catch {
    // An unreadable entry counts as missing: the binaries are downloaded again, and the entry is replaced.
    return undefined
  }
}

async function writeRecord(directory: string, record: Entry): Promise<void> {
  const temporary = await draftBeside(path.join(directory, RECORD))
  await writeFile(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(temporary, path.join(directory, RECORD))
}

async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { size, mtimeNs, ctimeNs, ino } = await stat(file, { bigint: true })
    return `${size}-${mtimeNs}-${ctimeNs}-${ino}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function sync(location: string): Promise<void> {
  const handle = await open(location, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function toArtifact<N extends string>(entry: string, { names }: Product<N>, record: Entry): Artifact<N> {
  const { version, arch, origin, archiveSha256 } = record
  const files = record.files.flatMap(({ name, sha256, sizeBytes }) => {
    const known = names.find((one) => one === name)
    return known === undefined ? [] : [{ name: known, path: path.join(entry, name), sha256, sizeBytes }]
  })
  return { version, arch, files, origin, archiveSha256 }
}
