/** The pages for people, and the commands in them. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '..')

/** README, its companions and docs, as paths from the root of the checkout. */
export const PAGES: readonly string[] = [
  ...(await readdir(ROOT)),
  ...(await readdir(path.join(ROOT, 'docs'), { recursive: true })).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'))

/**
 * Lines of ```sh and ```bash blocks, indented or not, and those after a prompt in ```console blocks; continued lines
 * joined.
 */
export function shownLines(markdown: string): string[] {
  return [...markdown.matchAll(/^ *```(sh|bash|console)\n(.*?)^ *```/gms)].flatMap(
    ([, language, block = '']) => {
      const lines = block.replaceAll('\\\n', ' ').split('\n')
      if (language !== 'console') return lines.map((line) => line.trim())
      return lines.flatMap((line) => /^(?:\S+@\S+:\S*)?[$#] (.*)$/.exec(line)?.[1] ?? [])
    },
  )
}
