/** Everything that the gate reads, checked. */
import { type Finding, check, wordsOf } from './check.ts'
import {
  COMMENTED,
  PAGES,
  SOURCES,
  type Text,
  commentTexts,
  helpTexts,
  pageTexts,
  sourceTexts,
} from './texts.ts'
import { ARCHAIC } from './words.ts'

export function allTexts(): readonly Text[] {
  return [
    ...PAGES.flatMap(pageTexts),
    ...helpTexts(),
    ...SOURCES.flatMap(sourceTexts),
    ...COMMENTED.flatMap(commentTexts),
  ]
}

export function findingsIn(texts: readonly Text[]): readonly Finding[] {
  return texts.filter(({ kind }) => kind !== 'comment').flatMap(check)
}

export function findingsInComments(texts: readonly Text[]): readonly Finding[] {
  return texts.filter(({ kind }) => kind === 'comment').flatMap(check)
}

/** Archaic words in README and docs, for each 1,000 words. */
export function archaicDensity(texts: readonly Text[]): number {
  const pages = texts.filter(({ kind }) => kind === 'page').map(({ text }) => text)
  const words = pages.reduce((sum, text) => sum + wordsOf(text), 0)
  const archaic = pages.reduce(
    (sum, text) =>
      sum + ARCHAIC.reduce((count, { pattern }) => count + [...text.matchAll(pattern)].length, 0),
    0,
  )
  return (1000 * archaic) / words
}
