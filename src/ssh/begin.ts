/**
 * Where a command's own output begins. Login scripts may print things first (a noisy .bashrc), and ssh may fail before
 * the command starts: so each command is preceded by one marker line on both streams, and what comes before is dropped.
 */
export const BEGIN = 'quorate: begin'

/** A POSIX shell script that marks the beginning and becomes the command. `command` is quoted already. */
export function markedScript(command: string): string {
  return `echo '${BEGIN}'; echo '${BEGIN}' >&2; exec ${command}`
}

/** Cuts one stream up to its marker as the text arrives. */
export class AfterBegin {
  #before: string | undefined = ''
  #text = ''

  /** The part of this piece that is the command's own, if any. */
  push(piece: string): string {
    if (this.#before === undefined) {
      this.#text += piece
      return piece
    }
    const all = this.#before + piece
    const at = all.indexOf(`${BEGIN}\n`)
    if (at === -1) {
      this.#before = all
      return ''
    }
    this.#before = undefined
    this.#text = all.slice(at + BEGIN.length + 1)
    return this.#text
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
}
