/**
 * Where a command's own output begins. Login scripts may print things first (a noisy .bashrc), and ssh may fail before
 * the command starts: so each command is preceded by one marker line on both streams, and what comes before is dropped.
 */
import { PREAMBLE_BYTES } from './limits.ts'

/** The marker. */
export const BEGIN = 'quorate: begin'

/** A POSIX shell script that marks the beginning and becomes the command. `command` is quoted already. */
export function markedScript(command: string): string {
  return `echo '${BEGIN}'; echo '${BEGIN}' >&2; exec ${command}`
}

export interface Bounds {
  /** Of the command's own output, in bytes; more is an error. */
  readonly maxBytes: number
  /** Whether it is kept for the result. */
  readonly keep: boolean
  /** The error for more. */
  readonly tooMuch: (bytes: number) => Error
}

/** Cuts one stream up to its marker as the text arrives. */
export class AfterBegin {
  readonly #bounds: Bounds
  #before: string | undefined = ''
  #text = ''
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** The part of this piece that is the command's own, if any. @throws what `tooMuch` makes */
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

  get begun(): boolean {
    return this.#before === undefined
  }
  /** What the command printed. */
  get text(): string {
    return this.#text
  }
  /** What was printed instead, as long as the command has not begun. */
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
