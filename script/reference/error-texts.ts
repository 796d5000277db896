/** src/cli/explain/error-texts.json: what the errors with an ID say, for `quorate explain CODE/ID`. */
import { ERROR_TOPICS } from '../../src/error-ids.ts'
import { messages } from './messages.ts'

/** Of an error that is thrown at several places: each text once. */
export interface ErrorTexts {
  /** What is filled in stands in braces. Empty: it is another program's, or put together from parts. */
  readonly messages: readonly string[]
  readonly fixes: readonly string[]
}

/** By topic, `CODE/ID`. */
export function errorTexts(): Readonly<Record<string, ErrorTexts>> {
  const found = Map.groupBy(messages(), ({ id }) => id)
  return Object.fromEntries(
    ERROR_TOPICS.toSorted().map((topic) => {
      const own = [...found].find(([id]) => id !== undefined && topic.endsWith(`/${id}`))?.[1] ?? []
      const texts = own.map(({ text }) => oneLine(text)).filter((text) => text !== '')
      const fixes = own.flatMap(({ fix }) => (fix === undefined ? [] : [oneLine(fix)]))
      return [topic, { messages: [...new Set(texts)], fixes: [...new Set(fixes)] }]
    }),
  )
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ')
}
