/**
 * Quoting for the remote side of SSH, where the arguments become one text that the user's login shell reads.
 * This is the only place where quoting is done.
 */

/** Quotes one word so that a POSIX shell reads it unchanged. An argument can't contain NUL. */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new TypeError("an argument can't contain a NUL character")
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ')
}

/**
 * A POSIX shell script as a command line that any login shell passes to `sh` unchanged. Within single quotes, fish and
 * csh interpret backslashes, `!` and line ends differently, so it contains none of them.
 */
export function forAnyLoginShell(script: string): string {
  // One character for each byte. A command of quorate has about 50 000, and is sent to every node.
  const bytes = Buffer.from(script).toString('latin1')
  const encoded = bytes.replaceAll(
    /[^ "-&(-[\]-~]/g,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
  return `sh -c 'eval "$(printf %b "$1")"' sh '${encoded}'`
}
