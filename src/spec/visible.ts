/**
 * Text from elsewhere (nodes, etcd, bundles, buckets, clients) as it may be shown: what would move a cursor, recolour a
 * screen, turn the order of letters round or hide is written out, e.g. `\x1b`. Nothing is lost, and nothing acts.
 */
import { counted } from './units.ts'

/** Controls (C0, C1), formats (bidi, zero width), line and paragraph separators, private use, halves of surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu

/** Longer lines are cut, in UTF-16 units: none that quorate itself makes of a cluster file's values comes near it. */
const LINE_LENGTH = 4_000

/** Several lines of text: line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  )
}

/** One line, whatever was in it. */
export function oneLine(text: string, length = LINE_LENGTH): string {
  return cutLine(text.trim().replaceAll(UNSEEN, escaped), length)
}

/** Too long a line ends with a mark that says how much is missing. */
export function cutLine(line: string, length = LINE_LENGTH): string {
  if (line.length <= length) return line
  return `${line.slice(0, length).toWellFormed()}… (${counted(line.length - length, 'more character')})`
}

/** JSON that is valid still, and means the same: what `JSON.stringify` leaves as it is (C1, bidi) is escaped in it too. */
export function visibleJson(json: string): string {
  return json.replaceAll(UNSEEN, (character) => {
    if (character === '\n') return character
    return [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('')
  })
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\u{${code.toString(16)}}`
}
