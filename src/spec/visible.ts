/**
 * Makes text from other sources (nodes, etcd, bundles, buckets, clients) safe to show. Characters that would move the
 * cursor, change colors, reverse the order of letters, or be invisible are written out, e.g. `\x1b`. Nothing is lost,
 * and nothing controls the terminal.
 */
import { counted } from './units.ts'

/** Controls (C0, C1), formats (bidi, zero width), line and paragraph separators, private use, unpaired surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu

/** Longer lines are cut, in UTF-16 units: quorate's own lines are always much shorter. */
const LINE_LENGTH = 4_000

/** For text with several lines: keeps line breaks and tabs. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  )
}

/** On one line, whatever the text contains. */
export function oneLine(text: string, length = LINE_LENGTH): string {
  return cutLine(text.trim().replaceAll(UNSEEN, escaped), length)
}

/** A line that is cut ends with the length of the rest. */
export function cutLine(line: string, length = LINE_LENGTH): string {
  if (line.length <= length) return line
  return `${line.slice(0, length).toWellFormed()}… (${counted(line.length - length, 'more character')})`
}

/**
 * Keeps JSON valid and its meaning the same: also escapes characters that `JSON.stringify` leaves unchanged (C1, bidi).
 */
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
