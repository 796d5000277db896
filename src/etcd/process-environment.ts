/** The environment that a process was started with, as its program reads it. */

/**
 * @param text of `/proc/PID/environ`: each `NAME=value` ends in a zero byte
 * @returns of a name that is there twice the first value, which is the one that Go's `os.Getenv` gives
 */
export function parseProcessEnvironment(text: string): Record<string, string> {
  const entries = text
    .split('\0')
    .filter(Boolean)
    .map((entry): readonly [string, string] => {
      const at = entry.indexOf('=')
      return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
    })
  return Object.fromEntries(entries.toReversed())
}
