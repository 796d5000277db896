/**
 * Colors that survive the filter at the outlet. A renderer puts marks into its text, which carry a key that is created for each
 * run. No node knows the key, so no text from a node can contain a mark. The outlet turns exactly these marks into escape sequences.
 */
import { randomBytes } from 'node:crypto'
import { visible } from '../spec/visible.ts'

/** Opening and closing codes (ECMA-48, SGR). */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

export type Colors = Readonly<Record<keyof typeof CODES, (text: string) => string>>

/** In the private use area, which ordinary text doesn't use; other such characters are escaped. */
const MARK = '\uE0FF'
const ANY_MARK = /\uE0FF[0-9a-f]{16};\d{1,2}\uE0FF/g

export interface Styles {
  /** Colors as marks; or no colors. */
  readonly colors: Colors
  /** Text for a terminal: marks become escape sequences, and everything else is made visible. */
  readonly render: (text: string) => string
}

export function createStyles(wanted: boolean): Styles {
  const key = randomBytes(8).toString('hex')
  const mark = (code: number) => `${MARK}${key};${code}${MARK}`
  const paint = ([open, close]: readonly [number, number]) => {
    if (!wanted) return (text: string) => text
    // The end of an inner color would also end this one, so it is started again.
    return (text: string) =>
      `${mark(open)}${text.replaceAll(mark(close), mark(close) + mark(open))}${mark(close)}`
  }
  const ours = new RegExp(`${MARK}${key};(\\d{1,2})${MARK}`)
  return {
    colors: Object.fromEntries(
      Object.entries(CODES).map(([name, codes]) => [name, paint(codes)]),
    ) as unknown as Colors,
    render: (text) =>
      text
        .split(ours)
        // Every second part is a mark's code.
        .map((part, index) => (index % 2 === 1 ? `\u001B[${part}m` : visible(part)))
        .join(''),
  }
}

/**
 * The text without marks, with the width that it has on the terminal. Accepts any key, because it is only used for
 * counting.
 */
export function withoutMarks(text: string): string {
  return text.replaceAll(ANY_MARK, '')
}
