/** A backup in words. */
import type { BackupReport } from '../verbs/backup/take-backup.ts'
import { counted, formatBytes } from '../spec/units.ts'
import type { CliContext } from './context.ts'

export function renderBackup(report: BackupReport, colors: CliContext['colors']): string {
  const { name, store, about, proof, bundle } = report
  const keys = proof.keys === undefined ? '' : `, ${counted(BigInt(proof.keys), 'key')}`
  const lines = [
    `${colors.green('✓')} ${name} in ${store}`,
    `  everything up to revision ${proof.status.revision}${keys}, from ${about.member}`,
    `  ${formatBytes(bundle.sizeBytes)}, of a store of ${formatBytes(proof.sizeBytes)}; etcd's own tool has read it`,
    `  ${sealedFor(report)}; ${report.caKey ? 'with' : 'without'} the key of the CA${report.kubernetesKeys === true ? ", with Kubernetes' CAs and keys" : ''}`,
  ]
  return `${lines.join('\n')}\n`
}

function sealedFor({ sealed, recipients }: BackupReport): string {
  if (sealed === 'plaintext') return 'NOT encrypted: whoever reads it has every secret of the cluster'
  if (sealed === 'passphrase') return 'encrypted with a passphrase'
  return `encrypted for ${recipients.length === 1 ? recipients[0] : counted(recipients.length, 'public key')}`
}
