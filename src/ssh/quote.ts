/**
 * Quoting for the shell at the far end of SSH, which joins its arguments with spaces and gives them to the login shell.
 * The only place where it is done.
 */

/** One word of any content as a POSIX shell reads it back unchanged. NUL can't be in an argument at all. */
export function quoteWord(word: string): string {
  if (word.includes('\0')) throw new TypeError('an argument can not contain a NUL character')
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteWord).join(' ')
}
