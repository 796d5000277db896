/**
 * quorate as a library: the commands of the command line as typed functions. docs/reference/library.md shows how to
 * combine them.
 *
 * These exports are stable; deep imports are not.
 */

// Errors: every function throws QuorateError for whatever an operator can fix.
export { type ErrorCode, type ErrorDetails, EXIT_CODES, QuorateError } from './errors.ts'

// The cluster file
export { type LoadedCluster, loadClusterFile } from './cluster-file/load.ts'
export { type Parsed, type ParseOptions, loadCluster, parseClusterFile } from './spec/parse.ts'
export type { Problem } from './spec/problem.ts'
export { type Cluster, type Node, type Role, type SshTarget, etcdNodes, selectNodes } from './spec/cluster.ts'

// A session: the connections and the authority that all commands below share
export { type OpenOptions, openClusterSession as openSession } from './verbs/open-session.ts'
export type { Session } from './tiers/etcd/session.ts'
export type { Emit, RunEvent } from './engine/events.ts'

// Nodes
export {
  type TrustOptions,
  type TrustResult,
  type TrustTarget,
  trust,
  trustTargets,
} from './ssh/trust-hosts.ts'
export type { ScannedKey } from './ssh/trust.ts'
export { type RunOptions, type RunResult, allSucceeded, runOnNodes } from './verbs/machines/run.ts'
export { preflight } from './tiers/etcd/preflight.ts'
export { type Check, type PreflightReport, summarize } from './preflight/checks.ts'

// The cluster
export { type ApplyOptions, type PlanReport, apply, planApply } from './verbs/apply/apply.ts'
export type { ApplyReport } from './tiers/etcd/converge.ts'
export { type UpgradeOptions, type UpgradeReport, previewUpgrade, upgrade } from './verbs/upgrade/upgrade.ts'
export type { UpgradePreview } from './verbs/upgrade/examine.ts'
export { guardOf, savePlan } from './verbs/apply/plan-file.ts'
export type { Step } from './tiers/etcd/steps/steps.ts'
export type { MemberStatus } from './verbs/status/member-status.ts'
export { type StatusReport, status } from './verbs/status/status.ts'
export type { StatusProblem } from './verbs/status/problems.ts'
export { type EtcdctlOptions, type EtcdctlResult, etcdctl } from './verbs/machines/etcdctl.ts'
export { type KubectlOptions, type KubectlResult, kubectl } from './verbs/kubernetes/kubectl.ts'
export { type AdoptOptions, type AdoptPreview, type AdoptReport, adopt } from './verbs/adopt/adopt.ts'
export { type TierResetOptions, type TierResetPreview, resetTier } from './verbs/reset/tier-reset.ts'
export type { TierResetReport } from './verbs/reset/stages.ts'
export { type ResetOptions, type ResetPreview, reset } from './verbs/reset/reset.ts'
export type { ResetReport } from './tiers/etcd/perform/reset.ts'

// Adding, removing and replacing members
export {
  type AddedNode,
  type MemberChange,
  memberAddition,
  memberRemoval,
  memberReplacement,
} from './cluster-file/membership-edit.ts'
export { type MemberOptions, type MemberReport, changeMembers } from './verbs/members/member.ts'
export type { MemberPreview } from './tiers/etcd/member-change.ts'

// Availability: client-visible impact
export { type ProbeOptions, probe } from './verbs/status/probe.ts'
export {
  type Availability,
  type ProbeChoice,
  type Recorded,
  type WithRecorderOptions,
  withRecorder,
} from './engine/with-recorder.ts'
export type { OperationRecord } from './engine/operation-record.ts'
export type { MemberClient } from './etcd/client.ts'
export type { AvailabilityReport } from './recorder/report.ts'
export { type Recorder, type RecorderOptions, startRecorder } from './recorder/recorder.ts'
export { type Verdict, judgeAvailability, stallLimitMs } from './recorder/verdict.ts'

// Maintenance
export type { MaintenanceStep } from './tiers/etcd/steps/maintenance.ts'
export type { ConfirmMaintenance, MaintenanceOptions, MaintenancePreview } from './tiers/etcd/under-lock.ts'
export { type MoveLeaderOptions, type MoveLeaderReport, moveLeader } from './verbs/power/move-leader.ts'
export {
  type PowerOptions,
  type PowerReport,
  restartMembers,
  startMembers,
  stopMembers,
} from './verbs/power/power.ts'
export { type MemberQuota, type QuotaReport, quota } from './verbs/space/quota.ts'
export { type Alarms, disarmAlarms, listAlarms } from './verbs/space/alarms.ts'
export { type CompactOptions, type CompactReport, compactHistory } from './verbs/space/compact.ts'
export { type DefragOptions, type DefragReport, defrag } from './verbs/space/defrag.ts'
export type { Defragmented } from './verbs/space/run.ts'
export { type ReclaimReport, reclaimSpace } from './verbs/space/reclaim.ts'
export {
  type UnlockOptions,
  type UnlockPreview,
  type UnlockReport,
  lockHolders,
  unlock,
} from './verbs/machines/unlock.ts'

// A damaged member
export {
  type RepairOptions,
  type RepairPreview,
  type RepairReport,
  repairMember,
} from './verbs/repair/repair.ts'
export { type DamageLook, lookForDamage } from './verbs/repair/observe.ts'
export type { Evidence, RepairOutlook } from './verbs/repair/decide.ts'

// Keys from one cluster to another
export { type ExportOptions, type ExportReport, exportKeys } from './verbs/transfer/export.ts'
export {
  type ImportOptions,
  type ImportPreview,
  type ImportReport,
  importKeys,
} from './verbs/transfer/import.ts'

// Restoring the whole cluster from a snapshot
export { type RestoreOptions, type RestoreReport, restore } from './verbs/restore/restore.ts'
export type { RestorePreview } from './verbs/restore/preview.ts'
export { openSnapshot, statusOf } from './verbs/restore/source.ts'

// Recovery after a quorum loss
export { surveyMembers } from './verbs/recover/observe.ts'
export type { Survey, Survivor } from './verbs/recover/survey.ts'
export { type Choice, type RecoveryReport, reportOf } from './verbs/recover/report.ts'
export type { RecoveryPreview } from './verbs/recover/decide.ts'
export { type RecoverOptions, type RecoverReport, recover } from './verbs/recover/recover.ts'
export { abandonRecovery } from './verbs/recover/abandon.ts'

// Certificates
export { type CertificateList, type ListedCertificate, listCertificates } from './verbs/certificates/list.ts'
export { type ClientOptions, clientCertificate } from './verbs/certificates/client.ts'
export {
  type RenewOptions,
  type RenewPreview,
  type RenewReport,
  renewCertificates,
} from './verbs/certificates/renew.ts'
export {
  type RotateOptions,
  type RotatePreview,
  type RotateReport,
  type RotationStage,
  rotateCa,
} from './verbs/certificates/rotate-ca.ts'
export {
  type ExportedRequests,
  exportCertificateRequests,
  importSignedCertificates,
} from './verbs/certificates/offline.ts'

// The lab
export { type LabOptions, labDown, labState, labUp } from './verbs/machines/lab.ts'

// Existing backups
export {
  type BackupList,
  type ListOptions,
  type ListedBackup,
  backupList,
} from './verbs/backup/list-backups.ts'
export { type VerifyOptions, type VerifyOutcome, verifyBackups } from './verbs/backup/verify-backups.ts'
export type { VerifyReport } from './verbs/backup/verify-backup.ts'
export type { DrillReport } from './verbs/backup/drill.ts'
export type { DrillCheck } from './verbs/backup/drill-compare.ts'
export { type PrunePreview, type PruneRequest, type PruneResult, prune } from './verbs/backup/prune.ts'

// Who may sign backups
export { givenSigners, trustedSigners } from './backup/signers.ts'
export type { BundleSigner, BundleTrust, TrustedSigners } from './backup/trusted.ts'

// Scheduled backups
export {
  type ScheduleOptions,
  type SchedulePreview,
  type ScheduleReport,
  scheduleBackups,
} from './verbs/schedule/schedule.ts'
export { unscheduleBackups } from './verbs/schedule/unschedule.ts'
export type { BackupStatus } from './verbs/status/backups.ts'
