/**
 * Where quorate keeps what can be downloaded or created again. It contains programs that quorate runs, so
 * only its user may write to it.
 */
import os from 'node:os'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { makeOwnFolder } from './own-folder.ts'

/**
 * quorate's cache: `$XDG_CACHE_HOME/quorate`, or `~/.cache/quorate`. A relative `XDG_CACHE_HOME` counts as unset (XDG
 * Base Directory Specification). If the environment names a directory of another user, as with `sudo -E`, the home
 * directory comes from the user database. Creates the cache if it is missing.
 *
 * @throws QuorateError `permission` if other users could write to all of them
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv, home = userHome): string {
  const base = environment['XDG_CACHE_HOME']
  const named =
    base !== undefined && path.isAbsolute(base)
      ? path.join(base, 'quorate')
      : inHome(environment['HOME'] ?? os.homedir())
  const reasons: string[] = []
  for (const folder of new Set([named, inHome(home())])) {
    const reason = makeOwnFolder(folder)
    if (reason === undefined) return folder
    reasons.push(`${folder}: ${reason}`)
  }
  throw new QuorateError('permission', `no safe directory for downloaded programs:\n${reasons.join('\n')}`, {
    id: 'no-safe-directory',
    hint: 'set XDG_CACHE_HOME to a directory that belongs to you, and that only you can write to',
  })
}

/**
 * Where Node.js may cache compiled code, which it runs unchecked; undefined: no safe directory. Never in the
 * directory for temporary files, where any user could create it first.
 */
export function compileCacheDirectory(environment: NodeJS.ProcessEnv, home = userHome): string | undefined {
  try {
    const folder = path.join(cacheDirectory(environment, home), 'compiled')
    return makeOwnFolder(folder) === undefined ? folder : undefined
  } catch {
    // This only speeds up the start: other users of the cache report why there is none.
    return undefined
  }
}

function inHome(home: string): string {
  return path.join(home, '.cache', 'quorate')
}

/** From the user database, not from HOME. A user without an entry (in a container) has `/`. */
function userHome(): string {
  try {
    return os.userInfo().homedir
  } catch {
    return '/'
  }
}
