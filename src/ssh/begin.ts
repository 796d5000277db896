/**
 * Finds the beginning of a command's own output. Login scripts may print text first (a noisy .bashrc), and
 * ssh may fail before the command starts. So a marker line on both streams precedes each command, and
 * everything before it is dropped.
 */
import { PREAMBLE_BYTES } from './limits.ts'

/** The marker. */
export const BEGIN = 'quorate: begin'

/** A POSIX shell script that prints the marker and becomes the command. `command` is already quoted. */
export function markedScript(command: string): string {
  return `echo '${BEGIN}'; echo '${BEGIN}' >&2; exec ${command}`
}

export interface Bounds {
  /** Maximum length of the command's own output, in bytes; longer output is an error. */
  readonly maxBytes: number
  /** Whether it is kept for the result. */
  readonly keep: boolean
  /** The error for longer output. */
  readonly tooMuch: (bytes: number) => Error
}

/** Drops everything up to the marker from one stream as the text arrives. */
export class AfterBegin {
  readonly #bounds: Bounds
  #before: string | undefined = ''
  #text = ''
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** The part of this chunk that is the command's own, if any. @throws the error of `tooMuch` */
  push(piece: string): string {
    if (this.#before === undefined) return this.#take(piece)
    const all = this.#before + piece
    const at = all.indexOf(`${BEGIN}\n`)
    if (at === -1) {
      if (all.length > PREAMBLE_BYTES) throw this.#bounds.tooMuch(PREAMBLE_BYTES)
      this.#before = all
      return ''
    }
    this.#before = undefined
    return this.#take(all.slice(at + BEGIN.length + 1))
  }

  get started(): boolean {
    return this.#before === undefined
  }
  /** What the command printed. */
  get text(): string {
    return this.#text
  }
  /** What was printed instead, while the command has not started. */
  get before(): string {
    return this.#before ?? ''
  }

  #take(piece: string): string {
    const { maxBytes, keep, tooMuch } = this.#bounds
    if (!keep) return piece
    this.#bytes += Buffer.byteLength(piece)
    if (this.#bytes > maxBytes) throw tooMuch(maxBytes)
    this.#text += piece
    return piece
  }
}
