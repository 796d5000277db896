/** Writes the cluster's known_hosts file. */
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { readText } from '../files/read-file.ts'
import { draftBeside } from '../files/temporary.ts'
import { parseKnownHosts } from './host-key.ts'
import type { ScannedKey } from './trust.ts'

/**
 * Records keys: the file is 0600 in a directory 0700, replaced at once, and has each name's key once. Other
 * lines are kept.
 *
 * @throws QuorateError `state` if it can't be written
 */
export async function recordHostKeys(knownHosts: string, keys: readonly ScannedKey[]): Promise<void> {
  if (keys.length === 0) return
  try {
    await mkdir(path.dirname(knownHosts), { recursive: true, mode: 0o700 })
    await chmod(path.dirname(knownHosts), 0o700)
    const before = await readText(knownHosts).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    const temporary = await draftBeside(knownHosts)
    try {
      await writeFile(temporary, merge(before, keys), { mode: 0o600, flag: 'wx' })
      await rename(temporary, knownHosts)
    } finally {
      await rm(temporary, { force: true })
    }
  } catch (error) {
    throw QuorateError.from(error, 'state', `can't write the known hosts to ${knownHosts}`)
  }
}

/**
 * The new key replaces all earlier keys of its name: with two types of key for one name an old key would stay
 * valid.
 */
function merge(before: string, keys: readonly ScannedKey[]): string {
  const names = new Set(keys.map(({ name }) => name))
  const stays = (line: string) => {
    const [parsed] = parseKnownHosts(line)
    return line !== '' && (parsed === undefined || parsed.marker !== undefined || !names.has(parsed.name))
  }
  const lines = [...before.split('\n').filter(stays), ...new Set(keys.map(({ line }) => line))]
  return `${lines.join('\n')}\n`
}
