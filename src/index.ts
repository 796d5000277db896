/**
 * quorate as a library: the verbs of the command line as typed functions. docs/library.md shows how they go together.
 *
 * What is exported here is kept stable; a deep import is not.
 */

// Errors: every function throws QuorateError for whatever an operator can mend.
export { type ErrorCode, type ErrorDetails, EXIT_CODES, QuorateError } from './errors.ts'

// The cluster file
export { type LoadedCluster, loadClusterFile } from './operations/load.ts'
export { type Parsed, type ParseOptions, loadCluster, parseClusterFile } from './spec/parse.ts'
export type { Problem } from './spec/problem.ts'
export { type Cluster, type Node, type Role, type SshTarget, etcdNodes, selectNodes } from './spec/cluster.ts'

// A session: the connections and the authority that all verbs below share
export { type OpenOptions, openClusterSession as openSession } from './operations/open.ts'
export type { Session } from './run/session.ts'
export type { Emit, RunEvent } from './run/events.ts'

// Machines
export {
  type TrustOptions,
  type TrustResult,
  type TrustTarget,
  trust,
  trustTargets,
} from './operations/trust.ts'
export type { ScannedKey } from './ssh/trust.ts'
export { type RunOptions, type RunResult, allSucceeded, runOnNodes } from './operations/run.ts'
export { preflight } from './operations/preflight.ts'
export { type Check, type PreflightReport, summarize } from './preflight/checks.ts'

// The cluster
export { type ApplyOptions, type ApplyReport, type PlanReport, apply, planApply } from './operations/apply.ts'
export { type UpgradeOptions, type UpgradeReport, previewUpgrade, upgrade } from './operations/upgrade.ts'
export type { UpgradePreview } from './operations/upgrade-examine.ts'
export { guardOf, savePlan } from './operations/plan-file.ts'
export type { Step } from './plan/steps.ts'
export type { MemberStatus } from './operations/member-status.ts'
export { type StatusReport, status } from './operations/status.ts'
export type { StatusProblem } from './operations/status-problems.ts'
export { type EtcdctlOptions, type EtcdctlResult, etcdctl } from './operations/etcdctl.ts'
export { type AdoptOptions, type AdoptPreview, type AdoptReport, adopt } from './operations/adopt.ts'
export { type ResetOptions, type ResetPreview, type ResetReport, reset } from './operations/reset.ts'

// Members come and go
export {
  type AddedNode,
  type MemberChange,
  memberAddition,
  memberRemoval,
  memberReplacement,
} from './operations/member-change.ts'
export { type MemberOptions, type MemberReport, changeMembers } from './operations/member.ts'
export type { MemberPreview } from './operations/member-look.ts'

// Availability: what clients notice
export { type ProbeOptions, probe } from './operations/probe.ts'
export {
  type Availability,
  type ProbeChoice,
  type Recorded,
  type WithRecorderOptions,
  withRecorder,
} from './operations/with-recorder.ts'
export type { OperationRecord } from './operations/operation-record.ts'
export type { MemberClient } from './etcd/client.ts'
export type { AvailabilityReport } from './recorder/report.ts'
export { type Recorder, type RecorderOptions, startRecorder } from './recorder/recorder.ts'
export { type Verdict, judgeAvailability, stallLimitMs } from './recorder/verdict.ts'

// Upkeep
export type { MaintenanceStep } from './plan/maintenance.ts'
export type { ConfirmMaintenance, MaintenanceOptions, MaintenancePreview } from './operations/under-lock.ts'
export { type MoveLeaderOptions, type MoveLeaderReport, moveLeader } from './operations/move-leader.ts'
export {
  type PowerOptions,
  type PowerReport,
  restartMembers,
  startMembers,
  stopMembers,
} from './operations/power.ts'
export { type MemberQuota, type QuotaReport, quota } from './operations/quota.ts'
export { type Alarms, disarmAlarms, listAlarms } from './operations/alarms.ts'
export { type CompactOptions, type CompactReport, compactHistory } from './operations/compact.ts'
export { type DefragOptions, type DefragReport, type Defragmented, defrag } from './operations/defrag.ts'
export { type UnjamReport, unjam } from './operations/unjam.ts'
export {
  type UnlockOptions,
  type UnlockPreview,
  type UnlockReport,
  lockHolders,
  unlock,
} from './operations/unlock.ts'

// A damaged member
export {
  type RepairOptions,
  type RepairPreview,
  type RepairReport,
  repairMember,
} from './operations/repair.ts'
export { type DamageLook, lookForDamage } from './operations/repair-look.ts'
export type { Evidence, RepairOutlook } from './plan/repair.ts'

// Keys from one cluster to another
export { type ExportOptions, type ExportReport, exportKeys } from './operations/export.ts'
export { type ImportOptions, type ImportPreview, type ImportReport, importKeys } from './operations/import.ts'

// The whole cluster from a snapshot
export { type RestoreOptions, type RestoreReport, restore } from './operations/restore.ts'
export type { RestorePreview } from './operations/restore-preview.ts'
export { openSnapshot, statusOf } from './operations/restore-source.ts'

// The quorum is lost
export { type Survey, type Survivor, surveyMembers } from './operations/recover-look.ts'
export { type Choice, type RecoveryReport, reportOf } from './operations/recover-report.ts'
export type { RecoveryPreview } from './operations/recover-decide.ts'
export { type RecoverOptions, type RecoverReport, recover } from './operations/recover.ts'
export { abandonRecovery } from './operations/recover-abandon.ts'

// Certificates
export { type CertificateList, type ListedCertificate, listCertificates } from './operations/certs-list.ts'
export { type ClientOptions, clientCertificate } from './operations/certs-client.ts'
export {
  type RenewOptions,
  type RenewPreview,
  type RenewReport,
  renewCertificates,
} from './operations/certs-renew.ts'
export {
  type RotateOptions,
  type RotatePreview,
  type RotateReport,
  type RotationStage,
  rotateCa,
} from './operations/certs-rotate-ca.ts'
export {
  type ExportedRequests,
  exportCertificateRequests,
  importSignedCertificates,
} from './operations/certs-offline.ts'

// The lab
export { type LabOptions, labDown, labState, labUp } from './operations/lab.ts'

// The backups that there are
export {
  type BackupList,
  type ListOptions,
  type ListedBackup,
  backupList,
} from './operations/list-backups.ts'
export { type VerifyOptions, type VerifyOutcome, verifyBackups } from './operations/verify-backups.ts'
export type { VerifyReport } from './operations/verify-backup.ts'
export type { DrillReport } from './operations/drill.ts'
export type { DrillCheck } from './operations/drill-compare.ts'
export { type PrunePreview, type PruneRequest, type PruneResult, prune } from './operations/prune.ts'

// Who may sign backups
export { givenSigners, trustedSigners } from './operations/signers.ts'
export type { BundleSigner, BundleTrust, TrustedSigners } from './backup/trusted.ts'

// Backups that a node takes by itself
export {
  type ScheduleOptions,
  type SchedulePreview,
  type ScheduleReport,
  scheduleBackups,
} from './operations/backup-schedule.ts'
export { unscheduleBackups } from './operations/backup-unschedule.ts'
export type { BackupStatus } from './operations/status-backups.ts'
