/**
 * What commands print with `--json` as one value. `printValue` enforces these types, and schema/output/ is generated
 * from them.
 */
import type { RemarkId } from '../../adopt/member.ts'
import type { Availability } from '../../engine/with-recorder.ts'
import type { BlockReason } from '../../engine/step.ts'
import type { LabStatus } from '../../lab/lab.ts'
import type { ClientCertificate } from '../../pki/client.ts'
import type { ImportedFile } from '../../pki/offline-import.ts'
import type { ScheduleChange } from '../../schedule/changes.ts'
import type { Check, PreflightSummary } from '../../preflight/checks.ts'
import type { OverviewRow } from '../../spec/overview.ts'
import type { Problem } from '../../spec/problem.ts'
import type { ScannedKey } from '../../ssh/trust.ts'
import type { PlanJson, StepJson } from '../../tiers/etcd/steps/plan-json.ts'
import type { ListedCertificate } from '../../verbs/certificates/listed.ts'
import type { MadeKubeconfig } from '../../verbs/kubernetes/kubeconfig.ts'
import type { RecoveryReport } from '../../verbs/recover/report.ts'
import type { RepairOutlook } from '../../verbs/repair/decide.ts'
import type { Alarms } from '../../verbs/space/alarms.ts'
import type { QuotaReport } from '../../verbs/space/quota.ts'
import type { StatusReport } from '../../verbs/status/status.ts'
import type { UpgradePreview } from '../../verbs/upgrade/examine.ts'
import type { Topic } from '../explain/topics.ts'
import type { BackupJson, BundleJson, ListedBackupJson, SignerJson, VerifiedJson } from './backup-json.ts'
import type { ErrorJson } from './error-json.ts'

/** By command, as the catalog names it. */
export interface Values {
  readonly init: {
    /** The cluster file that was written. */
    readonly file: string
    readonly name: string
    /** How many. */
    readonly nodes: number
    readonly warnings: readonly Problem[]
  }
  readonly validate: {
    /** No problem is an error. */
    readonly valid: boolean
    readonly problems: readonly Problem[]
  }
  readonly nodes: readonly OverviewRow[]
  readonly trust: {
    readonly keys: readonly TrustedKeyJson[]
    /** Of nodes that could not be asked. */
    readonly errors: readonly ErrorJson[]
  }
  readonly run: readonly RunJson[]
  readonly preflight: {
    readonly summary: PreflightSummary
    readonly checks: readonly Check[]
    /** Known faults of this version of etcd. */
    readonly versionWarnings: readonly string[]
  }
  readonly plan: PlanJson & {
    /** Nodes whose members `quorate stop` keeps down. */
    readonly stopped: readonly string[]
    readonly versionWarnings: readonly string[]
  }
  readonly adopt: AdoptJson
  readonly status: StatusReport
  readonly probe: Availability
  readonly quota: QuotaReport
  readonly alarms: Alarms
  readonly repair: RepairOutlook
  readonly recover: RecoveryReport
  /** With `--check`. */
  readonly upgrade: UpgradePreview
  readonly unlock: {
    readonly locks: readonly LockJson[]
    /** Nodes from which it was removed. */
    readonly removed: readonly string[]
    /** Nodes that could not be asked. */
    readonly unknown: readonly { readonly host: string | undefined; readonly message: string }[]
  }
  readonly backup: BackupJson
  readonly 'backup list': {
    /** The backup location. */
    readonly store: string
    readonly backups: readonly ListedBackupJson[]
  }
  readonly 'backup verify': { readonly backups: readonly VerifiedJson[] }
  readonly 'backup signers': {
    /** With `rotate` and `revoke`. */
    readonly changed?: true
    readonly file: string
    readonly signers: readonly SignerJson[]
  }
  readonly 'backup schedule': {
    readonly changed: boolean
    /** The node that takes the backups; null: none. */
    readonly node: string | null
    /** When the next one is due, ISO 8601; null: none is. */
    readonly next: string | null
    readonly done: readonly {
      readonly host: string
      /** Which change it is; it stays when `what` is reworded. */
      readonly kind: ScheduleChange['kind']
      /** For people. */
      readonly what: string
    }[]
    /** The first backup, which is taken at once; null: nothing was changed. */
    readonly first:
      | { readonly name: string; readonly revision: string; readonly sizeBytes: number }
      | null
      | undefined
  }
  readonly 'bundle create': BundleJson
  readonly 'bundle verify': BundleJson
  readonly 'certs list': {
    readonly certificates: readonly ListedCertificate[]
    /** Of nodes that could not be asked, and of CAs that have expired. */
    readonly errors: readonly ErrorJson[]
  }
  readonly 'certs client': ClientCertificate & {
    readonly name: string
    /** Client URLs of all members. */
    readonly endpoints: readonly string[]
  }
  readonly 'certs csr': {
    readonly directory: string
    /** Names within the directory. */
    readonly files: readonly string[]
    /** Why requests of members are missing. */
    readonly waitingFor: string | undefined
  }
  readonly 'certs import': {
    /** No file was refused, and none is missing. */
    readonly complete: boolean
    readonly files: readonly ImportedFile[]
    /** Common names without a certificate. */
    readonly missing: readonly string[]
  }
  readonly kubeconfig: MadeKubeconfig
  readonly 'lab up': {
    /** Nodes that this run booted. */
    readonly booted: readonly string[]
    /** Nodes that ran before. */
    readonly running: readonly string[]
  }
  readonly 'lab down': { readonly down: true; readonly purged: boolean }
  readonly 'lab status': LabStatus
  readonly explain: { readonly topic: string; readonly found: readonly Topic[] }
  readonly version: { readonly quorate: string; readonly node: string }
}

export interface TrustedKeyJson extends ScannedKey {
  /** By this run. */
  readonly recorded: boolean
  /** Another key is recorded for this name. */
  readonly refused: boolean
}

export type RunJson =
  | {
      readonly host: string
      /** The user that the command ran as. */
      readonly user: string
      readonly exitCode: number
      readonly stdout: string
      readonly stderr: string
      readonly durationMs: number
    }
  | { readonly host: string; readonly error: ErrorJson }

export interface LockJson {
  readonly host: string
  /** As the node has it. */
  readonly holder: string
  readonly user: string | null
  /** The workstation. */
  readonly from: string | null
  readonly command: string | null
  /** ISO 8601. */
  readonly since: string | null
  /** `beats`: the holder runs; `gone`: it doesn't; `unsure`: unknown. */
  readonly state: 'beats' | 'gone' | 'unsure'
  /** Since its last sign of life. */
  readonly silentSeconds: number | null
}

export interface AdoptJson {
  readonly changed: boolean
  /** The cluster file. */
  readonly file: string
  readonly cluster: { readonly name: string; /** Hexadecimal. */ readonly id: string }
  readonly members: readonly {
    readonly name: string
    readonly etcdName: string
    readonly address: string | null
    readonly version: string | null
    readonly pid: number
    readonly user: string
    /** The systemd unit. */
    readonly unit: string | null
    /** What runs it, in words. */
    readonly runBy: string
  }[]
  /** Of the cluster file. */
  readonly text: string
  /** What adopting writes on the nodes. */
  readonly writes: readonly StepJson[]
  readonly remarks: readonly {
    /** Which remark it is; it stays when the message is reworded. */
    readonly id: RemarkId
    readonly host: string | null
    readonly severity: string
    readonly message: string
  }[]
  /** What `apply` would do afterwards. */
  readonly plan: {
    readonly changes: number
    readonly waves: readonly (readonly StepJson[])[]
    readonly blocked: readonly BlockReason[]
  }
}
