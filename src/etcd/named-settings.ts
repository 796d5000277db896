/** Which settings of the cluster file etcd speaks of when it refuses to start. Pure. */

/** Where the journal's words begin in what a machine says of a member that is not ready. */
const NOT_READY = 'did not become ready'

/**
 * etcd names a setting by its flag, by its environment variable, or not at all but for the value, or for a file in that.
 *
 * @param settings flags without dashes in front, and their values
 * @param said what a machine said of a start; of anything else nothing is named
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

/** Absolute paths, as `auth-token: jwt,pub-key=/etc/etcd/jwt.pem` has one. */
function filesIn(value: string): readonly string[] {
  return value.split(/[\s,=]/).filter((word) => /^\/[^/]/.test(word))
}

/** Not as a part of a longer name. */
function isWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const [before, after] = [text.slice(0, at), text.slice(at + word.length)]
    if (!/\w-?$/.test(before) && !/^-?\w/.test(after)) return true
  }
  return false
}
