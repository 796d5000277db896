/**
 * Suspends quorate at a moment of its work while something happens to the machines, so that what it does next is not
 * left to chance.
 */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Availability } from '../../../src/engine/with-recorder.ts'
import type { ProcessResult } from '../../../src/ssh/process.ts'
import type { TestLab } from '../harness.ts'
import { quorate } from './quorate.ts'

export interface ToolEvent {
  readonly type?: string
  readonly step?: { readonly kind: string; readonly host?: string; readonly what: string }
  readonly changed?: boolean
  readonly availability?: Availability
  readonly report?: Availability['report']
  readonly error?: {
    readonly code: string
    readonly id?: string
    readonly host?: string
    readonly message: string
    readonly hint?: string
  }
}

/** Happens once, the first time that the moment comes. quorate is suspended until it is done. */
export interface Happening {
  readonly at: (event: ToolEvent) => boolean
  readonly act: (event: ToolEvent, tool: ChildProcess) => Promise<void>
}

export interface HeldRun extends ProcessResult {
  readonly events: readonly ToolEvent[]
  /** How many of them happened. */
  readonly happened: number
  /** The indexes of the events at which they happened. */
  readonly moments: readonly number[]
}

/** Runs it with `--json`; each happening is awaited only after the previous one is done. */
export async function held(
  lab: Pick<TestLab, 'clusterFile'>,
  args: readonly string[],
  happenings: readonly Happening[],
): Promise<HeldRun> {
  const events: ToolEvent[] = []
  const moments: number[] = []
  const troubles: unknown[] = []
  let busy: Promise<void> = Promise.resolve()
  let acting = false
  const ended = await quorate(lab, [...args, '--json'], {
    onLine: (line, child) => {
      const event = JSON.parse(line) as ToolEvent
      events.push(event)
      const next = happenings[moments.length]
      if (acting || next === undefined || !next.at(event)) return
      moments.push(events.length - 1)
      acting = true
      child.kill('SIGSTOP')
      const done = () => {
        acting = false
        child.kill('SIGCONT')
      }
      busy = next
        .act(event, child)
        .catch((error: unknown) => void troubles.push(error))
        .finally(done)
    },
  })
  await busy
  if (troubles.length > 0) throw troubles[0]
  return { ...ended, events, happened: moments.length, moments }
}

/** `step-started restart`, `step-done member-add etcd04`: type, kind and perhaps host. */
export function on(moment: string): (event: ToolEvent) => boolean {
  const [type, kind, host] = moment.split(' ')
  return (event) =>
    event.type === type &&
    (kind === undefined || event.step?.kind === kind) &&
    (host === undefined || event.step?.host === host)
}

/**
 * Hosts of restarts and stops that started after the first happening, and before the second one or the one on this host
 * was done.
 */
export function restartsOfOthers(
  { events, moments: [from = 0, until] }: HeldRun,
  name: string,
): readonly string[] {
  const later = events.slice(from + 1, until)
  const cured = later.findIndex(on(`step-done restart ${name}`))
  return later
    .slice(0, cured === -1 ? undefined : cured)
    .filter(({ type, step }) => type === 'step-started' && ['restart', 'stop'].includes(step?.kind ?? ''))
    .flatMap(({ step }) => (step?.host === undefined || step.host === name ? [] : [step.host]))
}

const LOCKED = 75
/** A member that crashes and restarts by itself may look different at the second inspection. */
const MOVED = 9
/** The lock of a holder that is silent for 30 s is taken over. */
const TAKEN_OVER_MS = 120_000
const PAUSE_MS = 2_000

/**
 * As `quorateOk`, but repeats it, as its hint says, if a broken connection still holds the lock, or if nodes changed.
 */
export async function finish(lab: Pick<TestLab, 'clusterFile'>, args: readonly string[]): Promise<string> {
  const deadline = performance.now() + TAKEN_OVER_MS
  for (;;) {
    const { stdout, stderr, exitCode } = await quorate(lab, args)
    if (exitCode === 0) return stdout
    if (![LOCKED, MOVED].includes(exitCode) || performance.now() > deadline)
      throw new Error(`quorate ${args.join(' ')} ended with exit code ${exitCode}:\n${stdout}${stderr}`)
    await sleep(PAUSE_MS)
  }
}
