/**
 * The one way out: everything that is printed for a person or as JSON passes here, and is made harmless to a terminal. What
 * a person asked to have as it is (`quorate run`, `etcdctl`, `export`) stays exact where the output is no terminal.
 */
import { cutLine, visible, visibleJson } from '../spec/visible.ts'
import { type Styles, createStyles, withoutMarks } from './styles.ts'

/** What an output stream has to offer. */
export interface Sink {
  readonly isTTY?: boolean
  write(data: string | Uint8Array): boolean
  once(event: 'drain', listener: () => void): unknown
}

export interface OutletOptions {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly json: boolean
  readonly colors: boolean
}

export interface Outlet {
  readonly colors: Styles['colors']
  /** Results: text, or with `--json` JSON. */
  readonly out: (text: string) => void
  /** Progress, questions and errors. */
  readonly err: (text: string) => void
  /** Text for a prompt of another library, which prints it itself: on one line, without colours. */
  readonly forPrompt: (text: string) => string
  /** Draws lines on standard error in place of those that this drew before. Anything else that is printed erases them first. */
  readonly draw: (lines: readonly string[]) => void
  /** Text in which a machine's output stands: exact, but on a terminal. */
  readonly passThrough: (text: string) => void
  /** A program's own output, as it comes, for each of the two streams. Resolves once more may come. */
  readonly bytes: { readonly out: ByteSink; readonly err: ByteSink }
}

type ByteSink = (bytes: Uint8Array) => Promise<void>

export function createOutlet({ stdout, stderr, json, colors }: OutletOptions): Outlet {
  const styles = createStyles(colors)
  const forPeople = (text: string) =>
    styles.render(
      text
        .split('\n')
        .map((line) => cutPainted(line))
        .join('\n'),
    )
  let drawn = 0
  const erase = () => {
    if (drawn > 0) stderr.write(`\u001B[${drawn}A\u001B[0J`)
    drawn = 0
  }
  /** Both streams may be the same terminal: a result that is printed below drawn lines would be erased with them. */
  const printed = (sink: Sink): Sink => ({
    isTTY: sink.isTTY === true,
    write: (data) => {
      erase()
      return sink.write(data)
    },
    once: (event, listener) => sink.once(event, listener),
  })
  const [out, err] = [printed(stdout), printed(stderr)]
  return {
    colors: styles.colors,
    out: (text) => void out.write(json ? visibleJson(text) : forPeople(text)),
    err: (text) => void err.write(forPeople(text)),
    forPrompt: (text) => cutLine(visible(text).replaceAll('\n', ' ')),
    draw: (lines) => {
      erase()
      if (lines.length > 0) stderr.write(forPeople(`${lines.join('\n')}\n`))
      drawn = lines.length
    },
    passThrough: (text) => void out.write(stdout.isTTY === true ? styles.render(text) : text),
    bytes: { out: byteSink(out), err: byteSink(err) },
  }
}

/** What is cut loses its paint: half a mark would be left of it. */
function cutPainted(line: string): string {
  const plain = withoutMarks(line)
  const cut = cutLine(plain)
  return cut === plain ? line : cut
}

function byteSink(sink: Sink): ByteSink {
  // Pieces are cut anywhere, within a character too.
  const decoder = new TextDecoder()
  return async (bytes) => {
    const data = sink.isTTY === true ? visible(decoder.decode(bytes, { stream: true })) : bytes
    if (!sink.write(data)) await new Promise<void>((resolve) => sink.once('drain', resolve))
  }
}
