import { createColors } from 'picocolors'
import { expect, test } from 'vitest'
import type { AnyStep } from '../tiers/etcd/steps/steps.ts'
import type { CliContext } from './context.ts'
import { progressRenderer } from './render-progress.ts'

const step: AnyStep = { kind: 'reload', host: 'etcd01', what: 'reload', why: 'because', danger: 'none' }

function recorder(format: Partial<CliContext>) {
  const written: { out: string; err: string } = { out: '', err: '' }
  const context = {
    out: (text: string) => (written.out += text),
    err: (text: string) => (written.err += text),
    json: false,
    live: false,
    columns: 80,
    draw: (lines: readonly string[]) => (written.err += lines.map((line) => `${line}\n`).join('')),
    colors: createColors(false),
    ...format,
  } as unknown as CliContext
  return { written, progress: progressRenderer(context) }
}

test('elsewhere than on a terminal each step that is done is a plain line', () => {
  const { written, progress } = recorder({})
  progress.emit({ type: 'step-started', step })
  progress.emit({ type: 'step-done', step, durationMs: 1234 })
  expect(written).toEqual({ out: '', err: '✓ etcd01: reload (1.2 s)\n' })
})

test('with --json every event is one line, with whole milliseconds and without the content of files', () => {
  const { written, progress } = recorder({ json: true })
  const file = { ...step, kind: 'file', content: 'SECRET' } as unknown as AnyStep
  progress.emit({ type: 'wave', steps: [file] })
  progress.emit({ type: 'step-done', step: file, durationMs: 12.7 })
  const events = written.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { durationMs?: number })
  expect(events).toHaveLength(2)
  expect(events[1]?.durationMs).toBe(13)
  expect(written.out).not.toContain('SECRET')
  expect(written.err).toBe('')
})

test('nothing is drawn over a question, and what happened during it is shown afterwards', async () => {
  const { written, progress } = recorder({ live: true })
  progress.emit({ type: 'looking', hosts: ['etcd01'] })
  expect(written.err).toContain('inspecting 1 node')
  await progress.hold(async () => {
    written.err = ''
    progress.emit({ type: 'step-done', step, durationMs: 1 })
    expect(written.err).toBe('')
  })
  expect(written.err).toContain('✓ etcd01: reload')
  progress.stop()
})

test('how much of a snapshot is on its way shows in the line of its machine', () => {
  const { written, progress } = recorder({ live: true })
  const sending = { type: 'sending', host: 'etcd01', bytes: 2 * 1024 ** 2, what: 'the snapshot' } as const
  progress.emit(sending)
  progress.emit({ ...sending, doneBytes: 1024 ** 2 })
  progress.stop()
  expect(written.err).toContain('etcd01: sending 2 MiB of the snapshot\n')
  expect(written.err).toContain('etcd01: sending 2 MiB of the snapshot 50 %\n')
})
