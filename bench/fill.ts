/** Writes measurements into pages. */
import { readFile, writeFile } from 'node:fs/promises'

/**
 * Replaces the lines between `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @throws Error if the text doesn't have both marks
 */
export function filled(text: string, name: string, content: string): string {
  const marks = new RegExp(`(<!-- ${name} -->\\n).*?(<!-- /${name} -->)`, 's')
  if (!marks.test(text)) throw new Error(`no <!-- ${name} --> and <!-- /${name} --> to write between`)
  return text.replace(marks, (_all, start: string, end: string) => `${start}${content}${end}`)
}

/** The same for a file. */
export async function fillPage(file: string, name: string, content: string): Promise<void> {
  await writeFile(file, filled(await readFile(file, 'utf8'), name, content))
}
