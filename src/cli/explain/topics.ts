/** The topics of `quorate explain TOPIC`, and their texts. */
import { type ErrorTopic, ERROR_TOPICS } from '../../error-ids.ts'
import { nearest } from '../../spec/nearest.ts'
import { ALARM_GUIDE, ALARMS, type Alarm, type AlarmGuide } from './alarms.ts'
import {
  ALL_EXIT_CODES,
  ERROR_GUIDE,
  EXIT_MEANINGS,
  type ErrorGuide,
  REPORTED_CODES,
  type ReportedCode,
  exitCodeOf,
} from './error-guide.ts'
import errorTexts from './error-texts.json' with { type: 'json' }
import { type KeyEntry, keyEntries } from './keys.ts'

/** One word can have several meanings: `backup` is a key of the cluster file and an error code. */
export type Topic =
  | ({ readonly kind: 'key'; /** Page and heading. */ readonly docs: string } & KeyEntry & {
        /** Keys below it. */
        readonly keys: readonly string[]
      })
  | ({
      readonly kind: 'error'
      readonly code: ReportedCode
      readonly exitCode: number
      readonly docs: string
    } & ErrorGuide)
  | {
      readonly kind: 'error-id'
      /** `CODE/ID`. */
      readonly topic: ErrorTopic
      readonly code: ReportedCode
      readonly exitCode: number
      /** What it may say; values stand in braces. Empty: the text is another program's. */
      readonly messages: readonly string[]
      /** What was changed by the time it is reported. */
      readonly changed: string
      /** What its messages say to do; of an error without a fix of its own, what to do with its code. */
      readonly fixes: readonly string[]
      readonly docs: string
    }
  | ({ readonly kind: 'alarm'; readonly alarm: Alarm } & AlarmGuide)
  | {
      readonly kind: 'exit-code'
      readonly exitCode: number
      /** Its meaning besides the error codes that have it; null: none. */
      readonly meaning: string | null
      readonly codes: readonly ReportedCode[]
      readonly docs: string
    }

/** Generated, so that it may lack an ID that was just added. */
const TEXTS: Readonly<
  Partial<Record<ErrorTopic, { readonly messages: readonly string[]; readonly fixes: readonly string[] }>>
> = errorTexts

export const KEYS_PAGE = 'docs/reference/cluster-file.md'
export const ERRORS_PAGE = 'docs/reference/errors.md'
const MESSAGES_PAGE = 'docs/reference/messages.md'

/**
 * @param asked a path (`nodes.roles`, `nodes[0].roles`), an error code, an error as CODE/ID or only its ID, an alarm of etcd in
 * capitals or not, or an exit code; empty result: none of them
 */
export function explain(asked: string): readonly Topic[] {
  return [
    ...keysAt(asked),
    ...errorsNamed(asked),
    ...errorsWithId(asked),
    ...alarmsNamed(asked),
    ...exitCodesOf(asked),
  ]
}

const ALARM_TOPICS = ALARMS.map((alarm) => alarm.toLowerCase())

function topicNames(): readonly string[] {
  const paths = keyEntries().map(({ path }) => path)
  return [
    ...new Set([
      ...paths,
      ...REPORTED_CODES,
      ...ERROR_TOPICS,
      ...ALARM_TOPICS,
      ...ALL_EXIT_CODES.map(String),
    ]),
  ]
}

/** For completion: topics that start with what was typed, one level of keys at a time; a code before its IDs. */
export function topicsFor(typed: string): readonly string[] {
  return topicNames().filter((name) => name.startsWith(typed) && !/[./]/.test(name.slice(typed.length)))
}

/** The most similar topics, at most three. */
export function nearestTopics(asked: string): readonly string[] {
  const names = topicNames()
  const near = nearest(asked, names)
  // A single word is often a key at a deeper level: `heartbeat`, `roles`.
  const last = asked.split('.').at(-1)?.toLowerCase() ?? ''
  const within = names.filter((name) => name.split('.').at(-1)?.toLowerCase() === last)
  return [...new Set([...(near === undefined ? [] : [near]), ...within])].slice(0, 3)
}

function keysAt(asked: string): readonly Topic[] {
  const words = asked
    .replaceAll(/\[\d+\]/g, '')
    .split('.')
    .filter((word) => !/^\d+$/.test(word))
  const entries = keyEntries()
  const found = entries.find(({ path }) => matches(path.split('.'), words))
  if (found === undefined) return []
  const keys = entries.flatMap(({ path }) => (isBelow(path, found.path) ? [path] : []))
  return [{ kind: 'key', ...found, keys, docs: `${KEYS_PAGE}#${sectionOf(found.path)}` }]
}

/** A path has a name that the file chooses in capitals. */
function matches(path: readonly string[], words: readonly string[]): boolean {
  return (
    path.length === words.length &&
    path.every(
      (word, index) => word === words[index] || (/^[A-Z]+$/.test(word) && (words[index] ?? '') !== ''),
    )
  )
}

function isBelow(path: string, parent: string): boolean {
  return path.startsWith(`${parent}.`) && !path.slice(parent.length + 1).includes('.')
}

/** The page has a heading for each top-level key. */
function sectionOf(path: string): string {
  return (path.split('.')[0] ?? '').toLowerCase()
}

function errorsNamed(asked: string): readonly Topic[] {
  const code = REPORTED_CODES.find((one) => one === asked)
  if (code === undefined) return []
  return [
    {
      kind: 'error',
      code,
      exitCode: exitCodeOf(code),
      docs: `${ERRORS_PAGE}#${code}`,
      ...ERROR_GUIDE[code],
    },
  ]
}

function errorsWithId(asked: string): readonly Topic[] {
  const topic = ERROR_TOPICS.find((one) => one === asked || one.split('/')[1] === asked)
  const code = REPORTED_CODES.find((one) => topic?.startsWith(`${one}/`))
  if (topic === undefined || code === undefined) return []
  const { messages, fixes } = TEXTS[topic] ?? { messages: [], fixes: [] }
  const { changed, fix } = ERROR_GUIDE[code]
  return [
    {
      kind: 'error-id',
      topic,
      code,
      exitCode: exitCodeOf(code),
      messages,
      changed,
      fixes: fixes.length > 0 ? fixes : [fix],
      docs: `${MESSAGES_PAGE}#${code}`,
    },
  ]
}

function alarmsNamed(asked: string): readonly Topic[] {
  const alarm = ALARMS.find((one) => one === asked.toUpperCase())
  return alarm === undefined ? [] : [{ kind: 'alarm', alarm, ...ALARM_GUIDE[alarm] }]
}

function exitCodesOf(asked: string): readonly Topic[] {
  const exitCode = ALL_EXIT_CODES.find((one) => String(one) === asked)
  if (exitCode === undefined) return []
  const codes = REPORTED_CODES.filter((code) => exitCodeOf(code) === exitCode)
  const meaning = EXIT_MEANINGS[exitCode] ?? null
  const head: Topic = { kind: 'exit-code', exitCode, meaning, codes, docs: `${ERRORS_PAGE}#exit-codes` }
  return [head, ...codes.flatMap(errorsNamed)]
}
