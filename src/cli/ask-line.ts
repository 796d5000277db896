/** Reads one line that a person types on the terminal. Discards text that was typed before the question. */
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
    // If Ctrl-C comes right before the line, it wins: its signal arrives in the same turn of the event loop, but later.
    lines.once('line', (line) => setImmediate(() => resolve(line.trim())))
    lines.once('close', () => setImmediate(() => resolve(undefined)))
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    lines.close()
  }
}

/**
 * Discards pending input in the terminal's buffer: a shell line that was typed during a run must not answer the next
 * question. Raw mode first, because only then the terminal hands out incomplete lines.
 */
export function discardTyped(): void {
  const { stdin } = process
  if (!stdin.isTTY) return
  const raw = stdin.isRaw
  stdin.setRawMode(true)
  try {
    drain()
    // Already read by Node.js, but not consumed. Reading from an empty buffer would start to wait for more.
    while (stdin.readableLength > 0) stdin.read()
  } finally {
    stdin.setRawMode(raw)
  }
}

/** Opens the terminal once more in non-blocking mode, so that standard input itself stays unchanged for others. */
function drain(): void {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY
  const file = openFirst(['/proc/self/fd/0', '/dev/tty'], flags)
  if (file === undefined) return
  const buffer = Buffer.alloc(4_096)
  try {
    while (readSync(file, buffer) > 0);
  } catch (error) {
    // Nothing is left, or the terminal has hung up; the question itself detects that.
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
      // Without /proc the next path is used.
    }
  }
  return undefined
}
