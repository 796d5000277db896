/** What happens during a run, as data. Terminal, plain lines and `--json` are renderers of this one stream. */
import type { EngineStep } from './step.ts'
import type { AvailabilityReport, RecorderProgress } from '../recorder/report.ts'
import type { Verdict } from '../recorder/verdict.ts'

export type RunEvent =
  /** Nodes are being observed: connecting and reading, before any decision. */
  | { readonly type: 'looking'; readonly hosts: readonly string[] }
  | { readonly type: 'connected'; readonly host: string; readonly durationMs: number }
  /** The next steps, as one stage. */
  | { readonly type: 'wave'; readonly steps: readonly EngineStep[] }
  /** Upload of binaries to a host, unless `what` says otherwise: a snapshot's progress is emitted with each hundredth. */
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
  /** Download of something large to the workstation: binaries, a member's database. */
  | {
      readonly type: 'artifact'
      readonly text: string
      readonly doneBytes?: number | undefined
      readonly totalBytes?: number | undefined
    }
  /** Progress of a long task, emitted with each hundredth. */
  | {
      readonly type: 'progress'
      readonly text: string
      readonly unit: 'keys' | 'bytes'
      readonly done: number
      readonly total: number
    }
  /** State of the availability probe, emitted each second. */
  | ({ readonly type: 'recording' } & RecorderProgress)
  /** Result of the availability probe. */
  | { readonly type: 'availability'; readonly report: AvailabilityReport; readonly verdict: Verdict }
  /** Useful information that isn't a problem. */
  | ({ readonly type: 'note' } & Message)
  | ({ readonly type: 'warning' } & Message)

interface Message {
  readonly host?: string | undefined
  readonly text: string
  /** Which message it is, if a script has to recognize it. It stays when the text is reworded. */
  readonly id?: MessageId | undefined
}

/** An interface: add, don't change. */
type MessageId =
  | 'certificate-also-due'
  | 'lock-taken-over'
  | 'lock-watched'
  | 'members-wait-for-quorum'
  | 'operator-certificate-not-renewed'

export type Emit = (event: RunEvent) => void
