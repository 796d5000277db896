/** Draws a recorded terminal session as an SVG: real text, no scripts, no external fonts, colors for light and dark. */
import xterm from '@xterm/headless'

/** How many lines of a command's output are shown from its start and its end. */
const [HEAD, TAIL] = [19, 9]
/** Pixels. */
const [CHARACTER, LINE, SIZE, MARGIN] = [8, 19, 13, 16]

/** Text in one style; `classes` are those of STYLE. */
interface Span {
  readonly column: number
  readonly text: string
  readonly classes: string
}
type Row = readonly Span[]

/** The fields of an asciicast's first line that are used. Columns and rows. */
interface Header {
  readonly width: number
  readonly height: number
  readonly title: string
}

/** `c1` to `c6`: red, green, yellow, blue, magenta and cyan, in the order of terminal colors. `d`: dim. `b`: bold. */
const STYLE = `
    text { font: ${SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; white-space: pre; fill: #1f2328 }
    rect { fill: #f6f8fa; stroke: #d1d9e0 }
    .b { font-weight: 600 } .d { fill: #59636e } .c1 { fill: #cf222e } .c2 { fill: #1a7f37 } .c3 { fill: #7d4e00 }
    .c4 { fill: #0969da } .c5 { fill: #8250df } .c6 { fill: #1b6b72 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } rect { fill: #0d1117; stroke: #3d444d }
      .d { fill: #9198a1 } .c1 { fill: #ff7b72 } .c2 { fill: #3fb950 } .c3 { fill: #d29922 }
      .c4 { fill: #58a6ff } .c5 { fill: #bc8cff } .c6 { fill: #39c5cf }
    }
  `

/** @param cast an asciicast, version 2, in which a marker with its command line starts each command */
export async function drawRecording(cast: string): Promise<string> {
  const { width, title, commands } = read(cast)
  const rows: Row[] = []
  for (const { typed, screen } of commands) {
    if (rows.length > 0) rows.push([])
    rows.push([
      { column: 0, text: '$', classes: 'd' },
      { column: 2, text: typed, classes: 'b' },
    ])
    rows.push(...shortened(await screen()))
  }
  return svg(rows, width, title)
}

/** What each command of a recording left on the terminal, as plain lines. */
export async function recordedOutput(cast: string): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const { typed, screen } of read(cast).commands) found.set(typed, (await screen()).map(plain))
  return found
}

function plain(row: Row): string {
  return row.reduce((line, { column, text }) => line.padEnd(column) + text, '')
}

function read(cast: string) {
  const [header, ...events] = cast
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  const { width, height, title } = header as Header
  const commands: { readonly typed: string; output: string }[] = []
  for (const [, kind, text] of events as readonly (readonly [number, 'm' | 'o', string])[]) {
    const command = commands.at(-1)
    if (kind === 'm') commands.push({ typed: text, output: '' })
    else if (command !== undefined) command.output += text
  }
  return {
    width,
    title,
    commands: commands.map(({ typed, output }) => ({
      typed,
      screen: async () => await interpreted(output, width, height),
    })),
  }
}

/** The lines that a terminal shows at the end, including everything that scrolled away. */
async function interpreted(output: string, width: number, height: number): Promise<Row[]> {
  const terminal = new xterm.Terminal({
    cols: width,
    rows: height,
    scrollback: 10_000,
    allowProposedApi: true,
  })
  await new Promise<void>((resolve) => terminal.write(output, resolve))
  const buffer = terminal.buffer.active
  const rows = Array.from({ length: buffer.length }, (_, index) => spans(buffer.getLine(index), width))
  terminal.dispose()
  while (rows.at(-1)?.length === 0) rows.pop()
  return rows
}

function spans(line: xterm.IBufferLine | undefined, width: number): Span[] {
  const found: { column: number; text: string; classes: string }[] = []
  for (let column = 0; column < width; column++) {
    const cell = line?.getCell(column)
    if (cell === undefined) continue
    const [text, classes] = [cell.getChars() || ' ', classesOf(cell)]
    const last = found.at(-1)
    if (last?.classes === classes) last.text += text
    else found.push({ column, text, classes })
  }
  const trimmed = found.map((span) => {
    const text = span.text.trimStart()
    return { ...span, column: span.column + span.text.length - text.length, text: text.trimEnd() }
  })
  return trimmed.filter(({ text }) => text !== '')
}

function classesOf(cell: xterm.IBufferCell): string {
  const color = cell.isFgPalette() ? cell.getFgColor() % 8 : 0
  const classes = [
    cell.isBold() !== 0 && 'b',
    cell.isDim() !== 0 && 'd',
    color > 0 && color < 7 && `c${color}`,
  ]
  return classes.filter((one) => one !== false).join(' ')
}

function shortened(rows: readonly Row[]): Row[] {
  const left = rows.length - HEAD - TAIL
  if (left <= 1) return [...rows]
  const note: Row = [{ column: 0, text: `⋯ ${left} more lines ⋯`, classes: 'd' }]
  return [...rows.slice(0, HEAD), [], note, [], ...rows.slice(-TAIL)]
}

function svg(rows: readonly Row[], width: number, title: string): string {
  const [wide, high] = [width * CHARACTER + 2 * MARGIN, rows.length * LINE + 2 * MARGIN]
  const texts = rows.flatMap((row, index) => {
    const y = MARGIN + index * LINE + SIZE
    // The length keeps columns aligned in every font.
    return row.map(
      ({ column, text, classes }) =>
        `  <text x="${MARGIN + column * CHARACTER}" y="${y}" textLength="${text.length * CHARACTER}"${classes === '' ? '' : ` class="${classes}"`}>${escaped(text)}</text>\n`,
    )
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}" role="img" aria-labelledby="title" xml:space="preserve">
  <title id="title">${escaped(title)}</title>
  <style>${STYLE}</style>
  <rect x="0.5" y="0.5" width="${wide - 1}" height="${high - 1}" rx="8"/>
${texts.join('')}</svg>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
