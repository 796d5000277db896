/** Where quorate keeps what can be fetched or made again: of programs that it will run, so in a directory of its user's own. */
import os from 'node:os'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { makeOwnFolder } from './own-folder.ts'

/**
 * quorate's cache: `$XDG_CACHE_HOME/quorate`, or `~/.cache/quorate`. A relative `XDG_CACHE_HOME` counts as unset (XDG
 * Base Directory Specification). Where the environment names a directory of another user, as `sudo -E` does, it is the one
 * in the home directory that the user database has for who runs this. It is made if need be.
 *
 * @throws QuorateError `permission` if none of them is safe from other users
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
  throw new QuorateError('permission', `no directory is safe to keep programs in\n${reasons.join('\n')}`, {
    hint: 'set XDG_CACHE_HOME to a directory that belongs to you, and that only you can write to',
  })
}

/**
 * Where Node.js may keep compiled code of ours, which it runs without a further look; undefined: nowhere is safe. There
 * is none in the directory for temporary files, where any user can make it first.
 */
export function compileCacheDirectory(environment: NodeJS.ProcessEnv, home = userHome): string | undefined {
  try {
    const folder = path.join(cacheDirectory(environment, home), 'compiled')
    return makeOwnFolder(folder) === undefined ? folder : undefined
  } catch {
    // It only makes the start quicker: who needs the cache for more is told why there is none.
    return undefined
  }
}

function inHome(home: string): string {
  return path.join(home, '.cache', 'quorate')
}

/** From the user database, whatever HOME says. A user without an entry there (a container's) has `/`. */
function userHome(): string {
  try {
    return os.userInfo().homedir
  } catch {
    return '/'
  }
}
