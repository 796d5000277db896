/**
 * `expect(RESULT).toFail('CODE/ID', FACTS)`: it failed with this error, whatever its sentence. RESULT is an error, a function that
 * throws one, or what a run of quorate printed, with --json or without. After `rejects` it is the error of a promise.
 */
import { expect } from 'vitest'
import type { ErrorTopic } from '../src/error-ids.ts'
import { type ErrorCode, EXIT_CODES, QuorateError } from '../src/errors.ts'

export interface Facts {
  /** A node that it names as its place. */
  readonly host?: string
  /** What the message names: names, numbers, paths, the words of another program. No sentence of quorate's. */
  readonly says?: string | RegExp | readonly (string | RegExp)[]
  /** What the fix names: the advised command, a key of the cluster file. */
  readonly fix?: string | RegExp | readonly (string | RegExp)[]
}

declare module 'vitest' {
  // The parameters are those of vitest's own declaration.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    toFail(topic: ErrorCode | ErrorTopic, facts?: Facts): R
  }
}

/** An error, however it comes to a test. */
interface Failure {
  readonly topics: readonly string[]
  readonly hosts: readonly string[]
  readonly message: string
  readonly fix: string
  /** Of a run. */
  readonly exitCode?: number | undefined
}

interface Run {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

expect.extend({
  toFail(received: unknown, topic: ErrorCode | ErrorTopic, facts: Facts = {}) {
    const failure = failureOf(received)
    const wrong = failure === undefined ? ['it did not fail'] : differences(failure, topic, facts)
    return {
      pass: wrong.length === 0,
      message: () =>
        wrong.length === 0
          ? `it failed with ${topic}:\n${shown(received)}`
          : `expected to fail with ${topic}: ${wrong.join('; ')}\n${shown(received)}`,
    }
  },
})

function differences(failure: Failure, topic: string, { host, says, fix }: Facts): readonly string[] {
  const code = topic.split('/')[0] as ErrorCode
  const { topics, hosts, exitCode } = failure
  const isTopic = topics.includes(topic) || topics.some((one) => one.split('/')[0] === topic)
  return [
    ...(isTopic ? [] : [`it is ${topics.join(', ')}`]),
    ...(exitCode === undefined || exitCode === EXIT_CODES[code] ? [] : [`the exit code is ${exitCode}`]),
    ...(host === undefined || hosts.includes(host) ? [] : [`the host is ${hosts.join(', ') || 'none'}`]),
    ...missing(failure.message, says).map((fact) => `the message lacks ${fact}`),
    ...missing(failure.fix, fix).map((fact) => `the fix lacks ${fact}`),
  ]
}

function missing(text: string, facts: Facts['says'] = []): readonly string[] {
  const absent = [facts]
    .flat()
    .filter((fact) => !(typeof fact === 'string' ? text.includes(fact) : fact.test(text)))
  return absent.map(String)
}

/** undefined: none, or a bug. */
export function failureOf(received: unknown): Failure | undefined {
  if (typeof received === 'function') return thrownBy(received as () => unknown)
  if (received instanceof QuorateError) {
    const { code, ids, host, message, hint = '' } = received
    return { topics: topicsOf(code, ids), hosts: hostsOf(message, host), message, fix: hint }
  }
  return isRun(received) ? (printedJson(received) ?? printed(received)) : undefined
}

function thrownBy(work: () => unknown): Failure | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return failureOf(error)
  }
}

function isRun(received: unknown): received is Run {
  return typeof received === 'object' && received !== null && 'exitCode' in received && 'stderr' in received
}

function topicsOf(code: string, ids: readonly string[]): readonly string[] {
  return ids.length === 0 ? [code] : ids.map((id) => `${code}/${id}`)
}

/** An error of several nodes has a line for each. */
function hostsOf(message: string, host: string | undefined): readonly string[] {
  const named = [...message.matchAll(/^ *(?:error: )?([a-z0-9][a-z0-9.-]*): /gm)].map(([, name = '']) => name)
  return host === undefined ? named : [host, ...named]
}

interface PrintedError {
  readonly code: string
  readonly id?: string
  readonly ids?: readonly string[]
  readonly host?: string
  readonly message: string
  readonly fix?: string
}

/** With --json: the last line, or all of the output. */
function printedJson({ stdout, exitCode }: Run): Failure | undefined {
  const error = errorIn(stdout) ?? errorIn(stdout.trimEnd().split('\n').at(-1) ?? '')
  if (error === undefined) return undefined
  const { code, id, ids = id === undefined ? [] : [id], host, message, fix = '' } = error
  return { topics: topicsOf(code, ids), hosts: hostsOf(message, host), message, fix, exitCode }
}

function errorIn(text: string): PrintedError | undefined {
  try {
    return (JSON.parse(text) as { readonly error?: PrintedError }).error
  } catch {
    return undefined
  }
}

/** In a terminal: `error: …`, then impact, fix and docs (src/cli/render-error.ts); or the reasons of a blocked plan. */
function printed({ stdout, stderr, exitCode }: Run): Failure | undefined {
  const [, message, notes = ''] = /^(error: .*?)\n\n(.*)/ms.exec(stderr) ?? []
  if (message === undefined) return exitCode === EXIT_CODES.blocked ? blockedPlan(stdout) : undefined
  const fix = /^ {2}fix: (.*?)(?=^ {2}docs: )/ms.exec(notes)?.[1] ?? ''
  return { topics: topicsIn(notes), hosts: hostsOf(message, undefined), message, fix, exitCode }
}

/** What `quorate plan` prints: `  ✗ NODE: MESSAGE`, `    fix: …`, `    docs: …` for each reason (src/cli/render-plan.ts). */
function blockedPlan(stdout: string): Failure {
  const reasons = stdout.match(/^ {2}✗ .*/gm) ?? []
  const message = reasons.map((line) => line.slice('  ✗ '.length)).join('\n')
  const fix = stdout.match(/(?<=^ {4}fix: ).*/gm)?.join('\n') ?? ''
  const topics = ['blocked', ...topicsIn(stdout)]
  return { topics, hosts: hostsOf(message, undefined), message, fix, exitCode: EXIT_CODES.blocked }
}

function topicsIn(text: string): readonly string[] {
  return [...text.matchAll(/^ +(?:docs: +)?quorate explain (\S+)$/gm)].map(([, topic = '']) => topic)
}

function shown(received: unknown): string {
  if (isRun(received)) return `exit code ${received.exitCode}\n${received.stdout}${received.stderr}`
  return received instanceof Error ? (received.stack ?? received.message) : String(received)
}
