/** The environment that a process was started with, as its program sees it. */

/**
 * @param text of `/proc/PID/environ`: each `NAME=value` ends in a zero byte
 * @returns the variables; if a name occurs twice, the first value, as Go's `os.Getenv` returns it
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
