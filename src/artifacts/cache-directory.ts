import os from 'node:os'
import path from 'node:path'

/**
 * quorate's cache: `$XDG_CACHE_HOME/quorate`, or `~/.cache/quorate`. Everything in it can be fetched again.
 * A relative `XDG_CACHE_HOME` counts as unset (XDG Base Directory Specification).
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME']
  if (base !== undefined && path.isAbsolute(base)) return path.join(base, 'quorate')
  return path.join(environment['HOME'] ?? os.homedir(), '.cache', 'quorate')
}
