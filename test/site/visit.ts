/** What a browser finds on a page of the site. */
import type { BrowserContext, Page } from 'playwright-core'

export interface Visit {
  /** Errors in the console, exceptions and failed answers. */
  readonly errors: readonly string[]
  /** Addresses outside the site that the page requested. */
  readonly requests: readonly string[]
  /** Targets of its links. */
  readonly links: readonly string[]
  /** Possible targets of links with an anchor. */
  readonly anchors: readonly string[]
  /** On a phone: what extends beyond the page to the right, if it scrolls sideways. */
  readonly wide: readonly string[]
  /** On a phone: how many tables and blocks of code scroll inside themselves. */
  readonly scrolling: number
}

const DESKTOP = { width: 1280, height: 800 }
export const PHONE = { width: 390, height: 844 }

/** Vue has taken over the page: from now on its scripts only react to a person. */
const ALIVE = `document.querySelector('#app')?.__vue_app__ !== undefined`

const LINKS = `[...document.querySelectorAll('a[href]')].map(({ href }) => href)`

const ANCHORS = `[...document.querySelectorAll('[id]')].map(({ id }) => id)`

/** As text, like everything that runs in the browser, because the checkout's TypeScript has no `document`. */
const SIDEWAYS = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement
  const all = [...document.querySelectorAll('.vp-doc *')]
  const scrolls = (one) => getComputedStyle(one).overflowX === 'auto'
  const boxed = (one) => one !== null && (scrolls(one) || boxed(one.parentElement))
  const wide = all.filter((one) => one.getBoundingClientRect().right > clientWidth && !boxed(one))
  return {
    wide: scrollWidth <= clientWidth ? [] : [scrollWidth + ' px', ...wide.map((one) => one.outerHTML.slice(0, 80))],
    scrolling: all.filter((one) => one.scrollWidth > one.clientWidth && scrolls(one)).length,
  }
})()`

/**
 * In a separate tab: requests of one page that fail when the next is opened must not count as errors of the next.
 * @param site its address, with its path
 */
export async function visit(browser: BrowserContext, site: string, name: string): Promise<Visit> {
  const page = await browser.newPage()
  try {
    const watched = watch(page, site)
    await page.setViewportSize(DESKTOP)
    await page.goto(new URL(name, site).href)
    await page.waitForFunction(ALIVE)
    const links = await page.evaluate<string[]>(LINKS)
    const anchors = await page.evaluate<string[]>(ANCHORS)
    await page.setViewportSize(PHONE)
    const onPhone = await page.evaluate<Pick<Visit, 'wide' | 'scrolling'>>(SIDEWAYS)
    return { errors: [...watched.errors], requests: [...watched.requests], links, anchors, ...onPhone }
  } finally {
    await page.close()
  }
}

function watch(page: Page, site: string): { errors: string[]; requests: string[] } {
  const errors: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    // Warnings depend on timing: on a busy computer, preloaded files may not have been used yet.
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('response', (response) => {
    if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(site) && !request.url().startsWith('data:')) requests.push(request.url())
  })
  return { errors, requests }
}
