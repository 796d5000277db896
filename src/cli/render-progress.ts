/**
 * Shows the events of a run: a redrawn line for each node on a terminal, otherwise plain lines, and JSON lines with
 * `--json`.
 */
import type { EngineStep } from '../engine/step.ts'
import { eventJson } from '../tiers/etcd/steps/plan-json.ts'
import type { Emit, RunEvent } from '../engine/events.ts'
import { describeAvailability, describeProgress } from './render-availability.ts'
import type { CliContext } from './context.ts'
import { counted, formatBytes } from '../spec/units.ts'
import { oneLine } from '../spec/visible.ts'

export interface ProgressRenderer {
  readonly emit: Emit
  /** Prints nothing during a question; postponed events are printed after it. */
  hold<T>(ask: () => Promise<T>): Promise<T>
  /** Erases the redrawn lines. */
  stop(): void
}

export function progressRenderer(context: CliContext): ProgressRenderer {
  if (context.json) return jsonLines(context)
  return context.live ? liveLines(context) : plainLines(context)
}

function jsonLines(context: CliContext): ProgressRenderer {
  const emit = (event: RunEvent) => context.out(`${JSON.stringify(eventJson(event))}\n`)
  return { emit, hold: async (ask) => await ask(), stop: () => undefined }
}

/** The line that stays, also on a terminal. */
function describe(context: CliContext, event: RunEvent): string | undefined {
  const { colors } = context
  switch (event.type) {
    case 'step-done':
      return `${colors.green('✓')} ${label(event.step)}${oneLine(event.step.what)}${colors.dim(seconds(event.durationMs))}`
    case 'step-failed':
      return `${colors.red('✗')} ${label(event.step)}${oneLine(event.step.what)}`
    case 'note':
      return `${colors.cyan('·')} ${event.host === undefined ? '' : `${event.host}: `}${oneLine(event.text)}`
    case 'warning':
      return `${colors.yellow('!')} ${event.host === undefined ? '' : `${event.host}: `}${oneLine(event.text)}`
    case 'availability':
      return describeAvailability(event, colors)
    case 'artifact':
      return event.totalBytes === undefined ? `${colors.cyan('·')} ${oneLine(event.text)}` : undefined
    default:
      return undefined
  }
}

function plainLines(context: CliContext): ProgressRenderer {
  return {
    emit: (event) => {
      const line = describe(context, event)
      if (line !== undefined) context.err(`${line}\n`)
    },
    hold: async (ask) => await ask(),
    stop: () => undefined,
  }
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

function liveLines(context: CliContext): ProgressRenderer {
  const moving = new Map<string, string>()
  const waiting: RunEvent[] = []
  let questions = 0
  let frame = 0
  const draw = () => {
    const lines = [...moving.values()].map(
      (text) =>
        `${context.colors.cyan(FRAMES[frame % FRAMES.length] ?? '')} ${cut(oneLine(text), context.columns - 3)}`,
    )
    context.draw(lines)
  }
  const timer = setInterval(() => {
    frame += 1
    if (moving.size > 0 && questions === 0) draw()
  }, 100)
  timer.unref()
  const emit = (event: RunEvent) => {
    if (questions > 0) {
      waiting.push(event)
      return
    }
    follow(moving, event)
    const line = describe(context, event)
    if (line !== undefined) context.err(`${line}\n`)
    draw()
  }
  return {
    emit,
    hold: async (ask) => {
      questions += 1
      context.draw([])
      try {
        return await ask()
      } finally {
        questions -= 1
        if (questions === 0) for (const event of waiting.splice(0)) emit(event)
      }
    },
    stop: () => {
      clearInterval(timer)
      moving.clear()
      context.draw([])
    },
  }
}

/** No node has such a name. */
const RECORDING = 'the probe'

/** Which lines are redrawn: one for each working host, one for inspecting, one for downloading. */
function follow(moving: Map<string, string>, event: RunEvent): void {
  switch (event.type) {
    case 'looking':
      moving.set('looking', `inspecting ${counted(event.hosts.length, 'node')}`)
      return
    case 'wave':
      for (const key of moving.keys()) if (key !== RECORDING) moving.delete(key)
      return
    case 'recording':
      // Last, below all others.
      moving.delete(RECORDING)
      moving.set(RECORDING, describeProgress(event))
      return
    case 'availability':
      moving.delete(RECORDING)
      return
    case 'artifact':
      moving.set('artifact', `${event.text}${percent(event)}`)
      return
    case 'progress':
      moving.delete('looking')
      if (event.done >= event.total) moving.delete(event.text)
      else moving.set(event.text, `${event.text} ${Math.floor((100 * event.done) / event.total)} %`)
      return
    case 'sending':
      moving.delete('looking')
      moving.set(
        event.host,
        `${event.host}: sending ${formatBytes(event.bytes)} of ${event.what ?? 'binaries'}${percent({ ...event, totalBytes: event.bytes })}`,
      )
      return
    case 'step-started':
      moving.delete('looking')
      moving.set(event.step.host ?? '', `${label(event.step)}${event.step.what}`)
      return
    case 'step-done':
    case 'step-failed':
      moving.delete(event.step.host ?? '')
      return
    default:
  }
}

function label(step: EngineStep): string {
  return step.host === undefined ? '' : `${step.host}: `
}

function percent({
  doneBytes,
  totalBytes,
}: Pick<Extract<RunEvent, { type: 'artifact' }>, 'doneBytes' | 'totalBytes'>): string {
  return doneBytes === undefined || totalBytes === undefined
    ? ''
    : ` ${Math.floor((100 * doneBytes) / totalBytes)} %`
}

function seconds(durationMs: number): string {
  return durationMs < 100 ? '' : ` (${(durationMs / 1000).toFixed(1)} s)`
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
