/** Drop-ins of a systemd unit, read as systemd reads them (systemd.unit(5), systemd.syntax(7)). */

export interface DropIn {
  readonly path: string
  /** Empty: it masks drop-ins of the same name in directories with lower priority. */
  readonly text: string
}

export interface Directive {
  /** `Service`, without brackets. */
  readonly section: string
  readonly key: string
  /** Empty: it resets earlier values of the key. */
  readonly value: string
  /** Path of the file that sets it. */
  readonly source: string
}

/** The effective drop-ins, in the order in which systemd reads them. `found` is in the order of their directories. */
export function inForce(found: readonly DropIn[]): readonly DropIn[] {
  const first = new Map<string, DropIn>()
  for (const one of found) {
    const name = nameOf(one)
    if (!first.has(name)) first.set(name, one)
  }
  return [...first.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

function nameOf({ path }: DropIn): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** In order. Comments and lines without effect are left out. */
export function directives({ path: source, text }: DropIn): readonly Directive[] {
  const found: Directive[] = []
  let section = ''
  for (const line of wholeLines(text)) {
    const [, name] = /^\[([^\]]*)\]$/.exec(line) ?? []
    if (name !== undefined) section = name
    const at = line.indexOf('=')
    if (name !== undefined || at === -1) continue
    found.push({ section, key: line.slice(0, at).trimEnd(), value: line.slice(at + 1).trim(), source })
  }
  return found
}

/** A backslash at its end joins a line with the next one; comments between the two are ignored. */
function wholeLines(text: string): readonly string[] {
  const lines: string[] = []
  let pending = ''
  for (const line of text.split('\n')) {
    if (/^\s*[#;]/.test(line)) continue
    if (line.endsWith('\\')) {
      pending += `${line.slice(0, -1)} `
      continue
    }
    lines.push((pending + line).trim())
    pending = ''
  }
  return [...lines, pending.trim()].filter((line) => line !== '')
}

/** The words of a value, without quotes and backslashes: `"A=b c" D=e` is `A=b c` and `D=e`. */
export function wordsOf(value: string): readonly string[] {
  const words: string[] = []
  const word = /\s*((?:"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|\\[^]|[^\s"'\\])+)/y
  for (let match = word.exec(value); match !== null; match = word.exec(value)) {
    words.push(
      (match[1] ?? '').replaceAll(
        /"((?:\\[^]|[^"\\])*)"|'((?:\\[^]|[^'\\])*)'|\\([^])/g,
        (_all, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
          escaped ?? (double ?? single ?? '').replaceAll(/\\([^])/g, '$1'),
      ),
    )
  }
  return words
}
