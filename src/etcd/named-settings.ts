/** Which settings of the cluster file etcd mentions when it refuses to start. Pure. */

/** Where the journal starts in a node's message about a unit that isn't ready (host/agent/unit.sh). */
export const NOT_READY = 'did not become ready'

/**
 * etcd mentions a setting by its flag, by its environment variable, only by the value, or only by a file in the value.
 *
 * @param settings flags without leading dashes, and their values
 * @param said the message of a node about a start; for anything else, nothing is returned
 */
export function settingsNamed(settings: Readonly<Record<string, string>>, said: string): readonly string[] {
  if (!said.includes(NOT_READY)) return []
  const names = Object.keys(settings)
  const byName = names.filter((name) => isWord(said, name) || isWord(said, variableOf(name)))
  if (byName.length > 0) return byName
  const byValue = names.filter((name) => said.includes(JSON.stringify(settings[name])))
  if (byValue.length > 0) return byValue
  return names.filter((name) => filesIn(settings[name] ?? '').some((file) => isWord(said, file)))
}

function variableOf(flag: string): string {
  return `ETCD_${flag.replaceAll('-', '_').toUpperCase()}`
}

/** Absolute paths in a value, as in `auth-token: jwt,pub-key=/etc/etcd/jwt.pem`. */
function filesIn(value: string): readonly string[] {
  return value.split(/[\s,=]/).filter((word) => /^\/[^/]/.test(word))
}

/** Not as part of a longer name. */
function isWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const [before, after] = [text.slice(0, at), text.slice(at + word.length)]
    if (!/\w-?$/.test(before) && !/^-?\w/.test(after)) return true
  }
  return false
}
