/** Links from a page to files of the repository that are no pages: `../../test/lab/apply.test.ts`. */
import path from 'node:path'

/** What is used of markdown-it's tokens. */
interface Token {
  type: string
  tag: string
  content: string
  readonly children: readonly Token[] | null
  attrGet(name: string): string | null
  attrSet(name: string, value: string): void
}

/**
 * Makes such links lead to the repository's web pages. Without an address of the repository only their text stays.
 * @param page From docs/: `guides/backup.md`
 * @param repository `https://github.com/OWNER/NAME`
 */
export function rewriteOutsideLinks(
  tokens: readonly Token[],
  page: string,
  repository: string | undefined,
): void {
  for (const { children } of tokens) {
    let dropped = false
    for (const token of children ?? []) {
      if (token.type === 'link_open') {
        const file = outside(page, token.attrGet('href') ?? '')
        dropped = file !== undefined && repository === undefined
        if (file !== undefined) token.attrSet('href', `${repository}/blob/main/${file}`)
      }
      if (dropped && token.type.startsWith('link_')) hide(token)
    }
  }
}

/** @returns the linked file, from the checkout's root, with its anchor; undefined for pages of the site and other sites */
export function outside(page: string, link: string): string | undefined {
  if (/^(?:[a-z]+:|\/|#)/i.test(link)) return undefined
  const file = path.posix.join('docs', path.posix.dirname(page), link)
  const isPage = file.startsWith('docs/') && /\.md(?:#|$)/.test(file)
  return isPage ? undefined : file
}

function hide(token: Token): void {
  token.type = 'text'
  token.tag = ''
  token.content = ''
}
