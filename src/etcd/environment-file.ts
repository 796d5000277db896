/** systemd's EnvironmentFile format, written and parsed like systemd does (systemd.exec(5), EnvironmentFile=). */
import { QuorateError } from '../errors.ts'

/** Characters without a special meaning, both for systemd and for a shell that sources the file. */
const PLAIN = /^[\w@%+=:,./[\]-]*$/

/** Nearly all lines that quorate itself writes have this form, without quotes: the general grammar is slow for them. */
const SIMPLE = /(\w+)=([\w@%+=:,./[\]-]*)(?:\n|$)/y

/** Characters that a backslash escapes inside double quotes. */
const SPECIAL = '"\\`$'

/**
 * One `NAME=value` a line, in the record's order.
 *
 * @throws QuorateError `cluster-file` for a value with control characters, which etcd never needs.
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

/** The variables that systemd reads from such a file; of two lines for one name the later wins, as in systemd. */
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
    // The pattern also matches the empty string: then only a line break can be left.
    position = Math.max(line.lastIndex, position + (line.lastIndex === position ? 1 : 0))
    if (groups?.['assigned'] !== '=') continue
    const value = readValue(text, position)
    environment[groups['name']?.trimEnd() ?? ''] = value.text
    position = value.end
  }
  return environment
}

/** Quoted parts may follow each other; after the first unquoted character, quotes have no special meaning. */
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

/** A backslash stays, unless it escapes a special character or a line break, which is removed with it. */
function unescapeDouble(text: string): string {
  return text.replaceAll(/\\([^])/g, (pair, next: string) => {
    if (next === '\n') return ''
    return SPECIAL.includes(next) ? next : pair
  })
}

/** Blanks at the end are ignored, unless escaped. */
function unescapePlain(text: string): string {
  const trimmed = /^(?:\\[^]|[^\\\s]|\s+(?=\S))*/.exec(text)?.[0] ?? ''
  return trimmed.replaceAll(/\\([^])/g, (_pair, next: string) => (next === '\n' ? '' : next))
}
