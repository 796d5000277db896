/**
 * What commands that print events with `--json` print in addition: a preview before the question, and the last line.
 * `printLine` enforces these types, and schema/output/ is generated from them.
 */
import type { Availability } from '../../engine/with-recorder.ts'
import type { MemberPreview } from '../../tiers/etcd/member-change.ts'
import type { PlanJson, StepJson } from '../../tiers/etcd/steps/plan-json.ts'
import type { RenewReport } from '../../verbs/certificates/renew.ts'
import type { RotateReport } from '../../verbs/certificates/rotate-ca.ts'
import type { MemberReport } from '../../verbs/members/member.ts'
import type { MoveLeaderReport } from '../../verbs/power/move-leader.ts'
import type { PowerReport } from '../../verbs/power/power.ts'
import type { RecoveryPreview } from '../../verbs/recover/decide.ts'
import type { RecoverReport } from '../../verbs/recover/recover.ts'
import type { RepairPreview, RepairReport } from '../../verbs/repair/repair.ts'
import type { IntoPreview } from '../../verbs/restore/bootstrap-preview.ts'
import type { RestorePreview } from '../../verbs/restore/preview.ts'
import type { CompactReport } from '../../verbs/space/compact.ts'
import type { DefragReport } from '../../verbs/space/defrag.ts'
import type { Comparison } from '../../transfer/compare.ts'
import type { Differing, PutCounts } from '../../transfer/put.ts'
import type { ExportTotals } from '../../transfer/write.ts'
import type { UpgradePreview } from '../../verbs/upgrade/examine.ts'
import type { ProvenMember } from '../../verbs/upgrade/proof.ts'
import type { PrunePreview } from '../../verbs/backup/prune.ts'
import type { BundleSigner } from '../../backup/trusted.ts'

/** By command, as the catalog names it. */
export interface Lines {
  readonly apply: PlanLine | (Done & Measured & { readonly steps: number })
  readonly reset: Done & { readonly steps: number; readonly moved: readonly MovedJson[] }
  readonly 'member add': MemberLine
  readonly 'member remove': MemberLine
  readonly 'member replace': MemberLine
  readonly upgrade: (Preview & UpgradePreview) | UpgradeDone
  readonly 'move-leader': Done & MoveLeaderReport
  readonly restart: PowerDone
  readonly stop: PowerDone
  readonly start: PowerDone
  readonly alarms: Done & { readonly steps: number }
  readonly compact: Done & CompactReport
  readonly defrag: Done & {
    readonly members: DefragReport['done']
    readonly skipped: DefragReport['skipped']
    readonly availability: Availability | undefined
  }
  readonly 'space reclaim': Done & {
    readonly steps: number
    readonly members: DefragReport['done']
    readonly availability: Availability | undefined
  }
  readonly 'backup prune': PrunePreviewLine | PruneDone
  readonly restore: IntoLine | RestorePreviewLine | RestoreDone
  readonly recover:
    | (Preview & Omit<RecoveryPreview, 'steps'> & { readonly steps: readonly StepJson[] })
    | (Done & Omit<RecoverReport, 'done'> & { readonly steps: readonly StepJson[] })
    | AbandonDone
  readonly repair:
    | (Preview & Omit<RepairPreview, 'replacement'> & { readonly steps: readonly StepJson[] })
    | (Done & Omit<RepairReport, 'done'> & { readonly steps: readonly StepJson[] })
  readonly export: ExportDone
  readonly import: ImportPreviewLine | ImportDone
  readonly 'certs renew': Done &
    Measured &
    Omit<RenewReport, 'done' | 'schedule'> & {
      readonly steps: number
      /** The node that takes backups; null: its certificate was not due, or there is none. */
      readonly schedule: { readonly host: string; readonly notAfter: string } | null
    }
  readonly 'certs rotate-ca': Done & {
    readonly stages: readonly (Omit<RotateReport, 'done'> & { readonly steps: number })[]
    readonly durationMs: number
  }
}

interface Preview {
  readonly type: 'preview'
}

/** The last line. */
interface Finished {
  readonly type: 'done'
}

interface Done extends Finished {
  /** False: there was nothing to do. */
  readonly changed: boolean
}

interface Measured {
  readonly durationMs: number
  /** What the availability probe saw; missing: it did not run. */
  readonly availability: Availability | undefined
}

interface MovedJson {
  readonly host: string
  readonly from: string
  readonly to: string
}

/** All that will be done, before anything is asked or done. */
type PlanLine = PlanJson & { readonly type: 'plan' }

type MemberLine =
  | (Preview &
      Omit<MemberPreview, 'steps' | 'clearing'> & {
        readonly steps: readonly StepJson[]
        /** What is done afterwards on nodes that leave. */
        readonly clearing: readonly StepJson[]
      })
  | (Done & Omit<MemberReport, 'done'> & { readonly steps: readonly StepJson[] })

type UpgradeDone = Done &
  Measured & {
    readonly from: readonly string[]
    readonly to: string
    readonly clusterVersion: string
    readonly members: readonly ProvenMember[]
    /** Taken before the first restart; missing: none was needed. */
    readonly snapshot:
      | {
          readonly file: string
          readonly sizeBytes: number
          /** Hex. */
          readonly sha256: string
          readonly revision: number
          readonly member: string
        }
      | undefined
    readonly steps: readonly StepJson[]
  }

type PowerDone = Done &
  Omit<PowerReport, 'done'> & {
    /** Nodes whose members were started, stopped or restarted. */
    readonly nodes: readonly string[]
  }

export interface KeptJson {
  readonly name: string
  readonly reasons: readonly string[]
}

export interface PrunePreviewLine extends Preview {
  /** The backup location. */
  readonly store: string
  readonly keep: PrunePreview['keep']
  readonly kept: readonly KeptJson[]
  readonly removable: readonly string[]
  /** Side files without a backup. */
  readonly orphans: readonly string[]
}

export interface PruneDone extends Finished {
  readonly store: string
  readonly kept: readonly KeptJson[]
  readonly removed: readonly string[]
  readonly failed: readonly { readonly name: string; readonly problem: string }[]
  /** Side files of backups that were gone already. */
  readonly swept: readonly string[]
}

/** With `--into`: what is written on the workstation. */
export interface IntoLine extends Omit<IntoPreview, 'signer'> {
  readonly type: 'into'
  /** null: not signed, and that was accepted. */
  readonly signer: BundleSigner | null
}

export interface RestorePreviewLine
  extends Preview, Omit<RestorePreview, 'plan' | 'snapshot' | 'presentRevision'> {
  readonly snapshot: Omit<RestorePreview['snapshot'], 'revision' | 'keys'> & {
    readonly revision: number
    /** Missing: not known before it is restored. */
    readonly keys: number | undefined
  }
  /** The newest revision that a member reports; missing: none answers. */
  readonly presentRevision: number | undefined
  readonly steps: readonly StepJson[]
}

interface RestoreDone extends Finished {
  /** Of the new cluster, hexadecimal. */
  readonly clusterId: string
  readonly keys: number
  readonly revision: number
  /** Where the data from before is. */
  readonly moved: readonly { readonly host: string; readonly path: string }[]
  readonly durationMs: number
}

/** With `--abandon`. */
interface AbandonDone extends Done {
  readonly nodes: readonly string[]
  /** The new cluster stays. False: each of these nodes has the data again that it had before. */
  readonly stays: boolean
}

type RangeJson =
  | { readonly prefix: string }
  | { readonly from: string; readonly to: string }
  | { readonly all: true }

interface ExportDone extends Finished, ExportTotals {
  /** In digits. */
  readonly revision: string
  readonly range: RangeJson
  /** Missing: the keys went elsewhere. */
  readonly file: string | undefined
}

interface ImportPreviewJson extends Comparison {
  /** What is done with keys that have another value. */
  readonly differing: Differing
  /** Leases that will be granted, at most. */
  readonly leases: number
  readonly risks: readonly string[]
  /** Of the export. */
  readonly header: {
    readonly format: 'quorate-export'
    readonly version: number
    readonly cluster: string
    /** Hexadecimal. */
    readonly clusterId: string
    /** In digits. */
    readonly revision: string
    /** ISO 8601. */
    readonly time: string
    readonly range: RangeJson
  }
}

type ImportPreviewLine = Preview & ImportPreviewJson

interface ImportDone extends Done, PutCounts {
  readonly dryRun: boolean
  readonly preview: ImportPreviewJson
  /** Compared again at the end; missing: nothing was written. */
  readonly verified: Comparison | undefined
}
