/** What happens during a run, as data. Terminal, plain lines and `--json` are renderers of this one stream. */
import type { EngineStep } from './step.ts'
import type { AvailabilityReport, RecorderProgress } from '../recorder/report.ts'
import type { Verdict } from '../recorder/verdict.ts'

export type RunEvent =
  /** Machines are being looked at: connecting and reading, before anything is decided. */
  | { readonly type: 'looking'; readonly hosts: readonly string[] }
  | { readonly type: 'connected'; readonly host: string; readonly durationMs: number }
  /** What comes next: these steps, as one wave. */
  | { readonly type: 'wave'; readonly steps: readonly EngineStep[] }
  /** Binaries are on their way to a host, unless `what` says otherwise: a snapshot's is told again with each hundredth. */
  | {
      readonly type: 'sending'
      readonly host: string
      readonly bytes: number
      readonly doneBytes?: number | undefined
      readonly what?: string | undefined
    }
  | { readonly type: 'step-started'; readonly step: EngineStep }
  | { readonly type: 'step-done'; readonly step: EngineStep; readonly durationMs: number }
  | { readonly type: 'step-failed'; readonly step: EngineStep; readonly message: string }
  /** Something large on its way to this computer: binaries, a member's store. */
  | {
      readonly type: 'artifact'
      readonly text: string
      readonly doneBytes?: number | undefined
      readonly totalBytes?: number | undefined
    }
  /** How far something is that takes long, told when it has got further by a hundredth. */
  | {
      readonly type: 'progress'
      readonly text: string
      readonly unit: 'keys' | 'bytes'
      readonly done: number
      readonly total: number
    }
  /** How a client fares that writes, reads and watches meanwhile; told each second. */
  | ({ readonly type: 'recording' } & RecorderProgress)
  /** What that client noticed of it all. */
  | { readonly type: 'availability'; readonly report: AvailabilityReport; readonly verdict: Verdict }
  /** Something worth knowing that is no trouble. */
  | { readonly type: 'note'; readonly host?: string | undefined; readonly text: string }
  | { readonly type: 'warning'; readonly host?: string | undefined; readonly text: string }

export type Emit = (event: RunEvent) => void
