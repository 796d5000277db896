/** The report of a backup. */
import type { BackupReport } from '../verbs/backup/take-backup.ts'
import { counted, formatBytes } from '../spec/units.ts'
import type { CliContext } from './context.ts'

export function renderBackup(report: BackupReport, colors: CliContext['colors']): string {
  const { name, store, about, proof, bundle } = report
  const keys = proof.keys === undefined ? '' : `, ${counted(BigInt(proof.keys), 'key')}`
  const lines = [
    `${colors.green('✓')} ${name} in ${store}`,
    `  keyspace up to revision ${proof.status.revision}${keys}, from ${about.member}`,
    `  ${formatBytes(bundle.sizeBytes)}, from a database of ${formatBytes(proof.sizeBytes)}; etcdutl has read it`,
    `  ${sealedFor(report)}; ${report.caKey ? 'with' : 'without'} the CA key${report.kubernetesKeys === true ? ', with the CAs and keys of Kubernetes' : ''}`,
  ]
  return `${lines.join('\n')}\n`
}

function sealedFor({ sealed, recipients }: BackupReport): string {
  if (sealed === 'plaintext') return 'NOT encrypted: a reader gets every secret of the cluster'
  if (sealed === 'passphrase') return 'encrypted with a passphrase'
  return `encrypted to ${recipients.length === 1 ? recipients[0] : counted(recipients.length, 'public key')}`
}
