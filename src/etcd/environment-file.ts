/** systemd's EnvironmentFile format, written and read as systemd does (systemd.exec(5), EnvironmentFile=). */
import { QuorateError } from '../errors.ts'

/** Characters that mean themselves everywhere, to systemd and to a shell that sources the file. */
const PLAIN = /^[\w@%+=:,./[\]-]*$/

/** A line as quorate itself writes nearly all of them, where nothing is quoted: for these the general grammar is slow. */
const SIMPLE = /(\w+)=([\w@%+=:,./[\]-]*)(?:\n|$)/y

/** What a backslash robs of its meaning inside double quotes. */
const SPECIAL = '"\\`$'

/**
 * One `NAME=value` a line, in the record's order.
 *
 * @throws QuorateError `cluster-file` for a value with control characters, which etcd has no use for.
 */
export function renderEnvironmentFile(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${quote(name, value)}\n`)
    .join('')
}

function quote(name: string, value: string): string {
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw new QuorateError('cluster-file', `the value of ${name} has a control character in it`, {
      hint: 'remove line breaks, tabs and the like',
    })
  }
  return PLAIN.test(value) ? value : `"${value.replaceAll(/["\\`$]/g, (special) => `\\${special}`)}"`
}

/** The variables that systemd takes from such a file; of two lines for one name the later wins, as there. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const environment: Record<string, string> = {}
  let position = 0
  const simple = new RegExp(SIMPLE)
  while (position < text.length) {
    simple.lastIndex = position
    const [all, key, plain] = simple.exec(text) ?? []
    if (all !== undefined && key !== undefined && plain !== undefined) {
      environment[key] = plain
      position += all.length
      continue
    }
    const line = /\s*(?:(?<comment>[#;](?:\\[^]|[^\n])*)|(?<name>[^=\n]*)(?<assigned>=?))/y
    line.lastIndex = position
    const groups = line.exec(text)?.groups
    // The pattern matches the empty string too: a line break alone is all that can be left then.
    position = Math.max(line.lastIndex, position + (line.lastIndex === position ? 1 : 0))
    if (groups?.['assigned'] !== '=') continue
    const value = readValue(text, position)
    environment[groups['name']?.trimEnd() ?? ''] = value.text
    position = value.end
  }
  return environment
}

/** Quoted parts stand side by side; after the first plain character, quotes are plain too. */
function readValue(text: string, start: number): { readonly text: string; readonly end: number } {
  const quoted = /[ \t\r]*(?:'(?<single>[^']*)(?:'|$)|"(?<double>(?:\\[^]|[^"\\])*)(?:"|$))/y
  let value = ''
  let position = start
  for (;;) {
    quoted.lastIndex = position
    const groups = quoted.exec(text)?.groups
    if (groups === undefined) break
    value += groups['single'] ?? unescapeDouble(groups['double'] ?? '')
    position = quoted.lastIndex
  }
  const plain = /[ \t\r]*(?<plain>(?:\\[^]|[^\n\\])*)/y
  plain.lastIndex = position
  value += unescapePlain(plain.exec(text)?.groups?.['plain'] ?? '')
  return { text: value, end: plain.lastIndex }
}

/** A backslash stays unless it escapes something special, or a line break (which goes with it). */
function unescapeDouble(text: string): string {
  return text.replaceAll(/\\([^])/g, (pair, next: string) => {
    if (next === '\n') return ''
    return SPECIAL.includes(next) ? next : pair
  })
}

/** Blanks at the end don't count, unless escaped. */
function unescapePlain(text: string): string {
  const trimmed = /^(?:\\[^]|[^\\\s]|\s+(?=\S))*/.exec(text)?.[0] ?? ''
  return trimmed.replaceAll(/\\([^])/g, (_pair, next: string) => (next === '\n' ? '' : next))
}
