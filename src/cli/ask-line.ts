/** One line that a person types on the terminal. Text that was typed before the question is never its answer. */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { QuorateError } from '../errors.ts'
import type { CliContext } from './context.ts'

/**
 * The terminal itself edits the line, so that no key has a meaning of its own.
 *
 * @returns the line without blanks at its ends; undefined: the input ended (Ctrl-D)
 * @throws QuorateError `cancelled` on Ctrl-C
 */
export async function askLine(
  context: Pick<CliContext, 'err' | 'colors' | 'forPrompt' | 'signal'>,
  question: string,
): Promise<string | undefined> {
  const { signal } = context
  discardTyped()
  context.err(`${context.colors.cyan('?')} ${context.forPrompt(question)} `)
  const lines = createInterface({ input: process.stdin, terminal: false })
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const stop = () => reject(new QuorateError('cancelled', 'interrupted at a question'))
  try {
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    // A Ctrl-C right before the line counts more than the line: its signal is heard in the same turn, but later.
    lines.once('line', (line) => setImmediate(() => resolve(line.trim())))
    lines.once('close', () => setImmediate(() => resolve(undefined)))
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    lines.close()
  }
}

/**
 * Throws away what waits in the terminal's buffer: a shell line that was typed while a run was busy must not answer the
 * question that comes next. Raw first, because a line that is not complete is handed out only then.
 */
export function discardTyped(): void {
  const { stdin } = process
  if (!stdin.isTTY) return
  const raw = stdin.isRaw
  stdin.setRawMode(true)
  try {
    drain()
    // Read already, but by nobody yet. Reading where there is nothing would begin to wait for more.
    while (stdin.readableLength > 0) stdin.read()
  } finally {
    stdin.setRawMode(raw)
  }
}

/** Opened once more, so that reading does not wait, and standard input itself stays as it is for others. */
function drain(): void {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY
  const file = openFirst(['/proc/self/fd/0', '/dev/tty'], flags)
  if (file === undefined) return
  const buffer = Buffer.alloc(4_096)
  try {
    while (readSync(file, buffer) > 0);
  } catch (error) {
    // Nothing is left; or the terminal has hung up, which the question itself will notice.
    if (!['EAGAIN', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    closeSync(file)
  }
}

function openFirst(paths: readonly string[], flags: number): number | undefined {
  for (const path of paths) {
    try {
      return openSync(path, flags)
    } catch {
      // Where there is no /proc the next one is.
    }
  }
  return undefined
}
