/**
 * Quoting for the far end of SSH, where the arguments become one text that the user's login shell reads.
 * The only place where it is done.
 */

/** One word of any content as a POSIX shell reads it back unchanged. NUL can't be in an argument at all. */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new TypeError("an argument can't contain a NUL character")
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ')
}

/**
 * A POSIX shell script as a command line that any login shell hands to `sh` unchanged, be it fish or csh: those read
 * backslashes, `!` and line ends within single quotes in ways of their own, so none is in there.
 */
export function forAnyLoginShell(script: string): string {
  // A character for each byte. A command of quorate's has some 50 000, and is sent to every node.
  const bytes = Buffer.from(script).toString('latin1')
  const encoded = bytes.replaceAll(
    /[^ "-&(-[\]-~]/g,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
  return `sh -c 'eval "$(printf %b "$1")"' sh '${encoded}'`
}
