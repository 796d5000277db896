import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { EtcdSource } from '../spec/cluster.ts'
import { BINARY_NAMES } from './artifact.ts'

/**
 * A short name for a source, so that binaries from different sources are never confused. The name of a file source
 * changes when the file does, so an edited file is read again. It doesn't depend on a proxy.
 */
export async function sourceKey(source: EtcdSource): Promise<string> {
  if (source.kind === 'release') return `release-${digest([source.url, source.checksums])}`
  if (source.kind === 'debian') {
    return `debian-${source.suite.replaceAll('/', '-')}-${digest([source.suite, source.mirror ?? null])}`
  }
  // What the checksum database verifies is the same from every proxy.
  if (source.kind === 'modules')
    return `modules-${digest([source.checksumDatabase ? 'verified' : (source.proxy ?? null)])}`
  const paths = [source.path, ...BINARY_NAMES.map((name) => path.join(source.path, name))]
  return `file-${digest([source.sha256 ?? null, ...(await Promise.all(paths.map(stampOf)))])}`
}

async function stampOf(file: string): Promise<unknown> {
  const found = await stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) => error.code)
  if (typeof found !== 'object') return [file, found ?? null]
  // A directory's own times change with unrelated files.
  return found.isDirectory() ? [file] : [file, `${found.size}`, `${found.mtimeNs}`, `${found.ino}`]
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}
