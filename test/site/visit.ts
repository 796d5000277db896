/** What a browser finds on a page of the site. */
import type { BrowserContext, Page } from 'playwright-core'

export interface Visit {
  /** Errors in the console, exceptions and failed answers. */
  readonly errors: readonly string[]
  /** Addresses off the site that the page asked for. */
  readonly requests: readonly string[]
  /** Where its links lead. */
  readonly links: readonly string[]
  /** What a link with an anchor can lead to. */
  readonly anchors: readonly string[]
  /** On a phone: what sticks out of the page to the right, if it scrolls sideways. */
  readonly wide: readonly string[]
  /** On a phone: how many tables and blocks of code scroll inside themselves. */
  readonly scrolling: number
}

const DESKTOP = { width: 1280, height: 800 }
export const PHONE = { width: 390, height: 844 }

/** Vue has taken the page over: what the scripts do from now on needs a person. */
const ALIVE = `document.querySelector('#app')?.__vue_app__ !== undefined`

const LINKS = `[...document.querySelectorAll('a[href]')].map(({ href }) => href)`

const ANCHORS = `[...document.querySelectorAll('[id]')].map(({ id }) => id)`

/** As text, as everything that runs in the browser: the checkout's TypeScript knows no `document`. */
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
 * In a tab of its own: what one page still fetches as the next is opened fails, and is none of the next one's errors.
 * @param site Its address, with the path that it is under
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
    // Warnings depend on the time: that what was loaded in advance has not been used yet, on a busy computer.
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
