/** Parses just enough shell syntax to find commands in documentation. */

/** The simple commands of a line, each as its words: without quotes, redirections and comments. */
export function simpleCommands(line: string): string[][] {
  const commands: string[][] = [[]]
  let redirected = false
  for (const [, quoted, operator] of line.matchAll(TOKEN)) {
    if (operator?.startsWith('#')) break
    if (operator !== undefined && /^\d*[<>]/.test(operator)) redirected = true
    else if (operator !== undefined) commands.push([])
    else if (redirected) redirected = false
    else if (quoted !== undefined) commands.at(-1)?.push(unquote(quoted))
  }
  return commands.filter((words) => words.length > 0)
}

/** A word with its quotes; or an operator, a redirection, a comment. */
const TOKEN =
  /((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|&;<>()#]|(?<=\S)#)+(?![<>]))|(#.*|\d*(?:<\(|[<>]+&?)|&&|\|\||[|&;()])/g

function unquote(word: string): string {
  return word.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g, (_all, single, double, escaped) =>
    String(single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped),
  )
}
