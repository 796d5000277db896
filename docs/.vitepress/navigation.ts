/** Navigation and sidebar of the site, from the lists in docs/index.md: a page is entered there and nowhere else. */

interface Page {
  readonly text: string
  /** From the site's root: `/guides/backup`. */
  readonly link: string
}

interface Group {
  /** The heading above the list: `Guides: backups`. */
  readonly text: string
  readonly items: Page[]
}

/** Each `## Heading` of the index, with the pages in the list below it. */
export function groupsOf(index: string): Group[] {
  return index
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...lines] = section.split('\n')
      const links = lines.flatMap((line) => [...line.matchAll(/^- \[([^\]]+)\]\(([^)#]+)\.md\)/g)])
      // A link to `runbooks/index` is one to `runbooks/`: the web server finds the page for both, the site only for this one.
      const items = links.map(([, text = '', file = '']) => ({
        text,
        link: `/${file.replace(/(^|\/)index$/, '$1')}`,
      }))
      return { text: heading, items }
    })
}

/** Groups that fold; the site opens the one that holds the page. */
export function sidebarOf(groups: readonly Group[]): (Group & { collapsed: boolean })[] {
  return groups.map((group) => ({ ...group, collapsed: true }))
}

type NavigationItem = Page | { readonly text: string; readonly items: Page[] }

/** One entry for each group, which leads to its first page. Groups `X: a` and `X: b` share a menu `X`. */
export function navigationOf(groups: readonly Group[]): NavigationItem[] {
  const menus = Map.groupBy(groups, ({ text }) => text.split(': ')[0] ?? text)
  return [...menus].map(([text, members]) => {
    const items = members.map((group) => ({
      text: capitalized(group.text.split(': ').at(-1) ?? ''),
      link: group.items[0]?.link ?? '/',
    }))
    return items.length === 1 ? { text, link: items[0]?.link ?? '/' } : { text, items }
  })
}

function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}
