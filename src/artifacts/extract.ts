/**
 * Extracts the wanted programs from a tar stream, and nothing else: no path in the archive becomes a path on the
 * workstation.
 */
import { createWriteStream } from 'node:fs'
import path from 'node:path'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tar from 'tar-stream'
import { QuorateError } from '../errors.ts'
import type { BinaryName } from './artifact.ts'
import { BINARY_NAMES } from './artifact.ts'

/** Far larger than any of these programs: limits what a malicious archive can write. */
const MAX_BINARY_BYTES = 512 << 20

export interface Extraction<N extends string = BinaryName> {
  /** The program that an entry with this path is, if any. */
  readonly pick: (entryPath: string) => N | undefined
  /** Absolute path of the directory to write to. */
  readonly directory: string
  /** Archive's name for messages. */
  readonly origin: string
  readonly signal: AbortSignal
}

/**
 * Writes the picked programs of a tar stream into the directory and returns their names. Reads the stream to its end.
 *
 * @param archive the stream, and what transforms it into tar (decompression)
 */
export async function extractPrograms<N extends string>(
  archive: readonly [Readable, ...Transform[]],
  extraction: Extraction<N>,
): Promise<N[]> {
  const { pick, directory, origin, signal } = extraction
  const extractor = tar.extract()
  const names: N[] = []
  const feeding = pipeline([...archive, extractor], { signal })
  // The loop below gets its failure as well. This only keeps it from being reported as unhandled before then.
  feeding.catch(() => undefined)
  try {
    for await (const entry of extractor) {
      const { name: entryPath, type, size } = entry.header
      const name = pick(entryPath.replace(/^\.\//, ''))
      if (name === undefined || type === 'directory') {
        entry.resume()
        continue
      }
      if (type !== 'file' || names.includes(name) || size > MAX_BINARY_BYTES) {
        throw new QuorateError(
          'artifact',
          `${origin} is not a valid archive: unexpected entry '${entryPath}' (${type})`,
          { id: 'damaged-archive' },
        )
      }
      await pipeline(entry, createWriteStream(path.join(directory, name), { mode: 0o755, flags: 'wx' }), {
        signal,
      })
      names.push(name)
    }
    await feeding
  } catch (error) {
    for (const stream of archive) stream.destroy()
    await feeding.catch(() => undefined)
    if (error instanceof QuorateError || signal.aborted) throw error
    throw new QuorateError('artifact', `${origin} is damaged or truncated: ${(error as Error).message}`, {
      id: 'damaged-archive',
      hint: 'download the file again',
      cause: error,
    })
  }
  return names
}

/** Programs of a release archive: at its top level, or in its single directory (`etcd-v3.5.16-linux-amd64/etcd`). */
export function pickFromRelease(entryPath: string): BinaryName | undefined {
  const parts = entryPath.split('/')
  return parts.length <= 2 ? asBinaryName(parts.at(-1)) : undefined
}

/** Programs of a Debian package. */
export function pickFromPackage(entryPath: string): BinaryName | undefined {
  return entryPath.startsWith('usr/bin/') ? asBinaryName(entryPath.slice('usr/bin/'.length)) : undefined
}

function asBinaryName(name: string | undefined): BinaryName | undefined {
  return BINARY_NAMES.find((known) => known === name)
}
