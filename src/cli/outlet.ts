/**
 * The only way to print: all output for people, and all JSON, passes through here and is made harmless to a terminal.
 * Output that the user requested unchanged (`quorate run`, `etcdctl`, `export`) stays exact if it doesn't go to a
 * terminal.
 */
import { cutLine, visible, visibleJson } from '../spec/visible.ts'
import { type Styles, createStyles, withoutMarks } from './styles.ts'

/** The part of an output stream that is used. */
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
  /** Text for a prompt that another library prints: on one line, without colors. */
  readonly forPrompt: (text: string) => string
  /** Draws lines on standard error in place of those drawn before. Any other output erases them first. */
  readonly draw: (lines: readonly string[]) => void
  /** Text with a node's output in it: exact, except on a terminal. */
  readonly passThrough: (text: string) => void
  /** A program's own output as it arrives, for each of the two streams. Resolves when more may be sent. */
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

/** A line that is cut loses its color, because half a mark would remain. */
function cutPainted(line: string): string {
  const plain = withoutMarks(line)
  const cut = cutLine(plain)
  return cut === plain ? line : cut
}

function byteSink(sink: Sink): ByteSink {
  // The stream is split anywhere, also within a character.
  const decoder = new TextDecoder()
  return async (bytes) => {
    const data = sink.isTTY === true ? visible(decoder.decode(bytes, { stream: true })) : bytes
    if (!sink.write(data)) await new Promise<void>((resolve) => sink.once('drain', resolve))
  }
}
