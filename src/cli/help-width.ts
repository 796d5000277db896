/** The width of help: that of the terminal, but never so wide that lines are hard to read. */
import type { CommandDefinition } from './command.ts'

/** Width for a file or a pipe. */
const STANDARD = 80
const WIDEST = 100

export function helpWidth({
  isTTY,
  columns,
}: {
  readonly isTTY?: boolean
  readonly columns?: number
}): number {
  return Math.min(isTTY === true && columns !== undefined && columns > 0 ? columns : STANDARD, WIDEST)
}

/** The examples under a heading. Long ones continue on further lines, as a shell accepts them. */
export function examplesText({ examples = [] }: CommandDefinition, width: number): string {
  const lines = examples.flatMap((line) => wrapExample(line, width - 2)).map((line) => `  ${line}`)
  return `\nExamples:\n${lines.join('\n')}\n`
}

/** Breaks lines before options, pipes and further commands. */
function wrapExample(example: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const part of example.split(/ (?=--\w|\||&&)/)) {
    const longer = line === '' ? part : `${line} ${part}`
    // Within quotes a backslash would have another meaning.
    if (line === '' || longer.length <= width - 2 || isOpen(line)) line = longer
    else {
      lines.push(`${line} \\`)
      line = `    ${part}`
    }
  }
  return [...lines, line]
}

function isOpen(text: string): boolean {
  return (text.match(/'/g)?.length ?? 0) % 2 === 1 || (text.match(/"/g)?.length ?? 0) % 2 === 1
}
