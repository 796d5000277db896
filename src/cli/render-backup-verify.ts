/** The result of a verification, for people and as JSON. */
import type { DrillCheck } from '../verbs/backup/drill-compare.ts'
import type { VerifyReport } from '../verbs/backup/verify-backup.ts'
import type { VerifyOutcome } from '../verbs/backup/verify-backups.ts'
import { formatBytes } from '../spec/units.ts'
import type { CliContext } from './context.ts'
import type { VerifiedJson } from './output/backup-json.ts'
import { errorJson } from './output/error-json.ts'
import { oneLine } from '../spec/visible.ts'
import { signedBy } from './render-signers.ts'

export function renderVerified(report: VerifyReport, colors: CliContext['colors']): string {
  const { name, sizeBytes, about, proof, drill, notes, signer } = report
  const lines = [
    `${colors.green('✓')} ${name}: ${formatBytes(sizeBytes)} read, every checksum is correct`,
    `  database of ${formatBytes(proof.sizeBytes)} from ${oneLine(about.member)} (etcd ${oneLine(about.etcdVersion)}), up to revision ${proof.status.revision}; etcdutl reads the recorded values`,
    ...(signer === undefined ? [] : [`  ${signedBy(signer, colors)}`]),
    ...(drill === undefined
      ? [`  not restore-tested: quorate backup verify ${name} --test-restore`]
      : [
          `${colors.green('✓')} test restore with etcd ${drill.etcdVersion}:`,
          ...drill.checks.map((check) => `  ${describe(check, colors)}`),
        ]),
    ...notes.map((note) => `${colors.yellow('!')} ${oneLine(note)}`),
  ]
  return `${lines.join('\n')}\n`
}

const WORDS: Readonly<Record<DrillCheck['what'], string>> = {
  revision: 'revision',
  keys: 'live keys',
  hash: 'hash of the keyspace and its history (HashKV)',
}

function describe({ what, recorded, found, outcome, why }: DrillCheck, colors: CliContext['colors']): string {
  if (outcome === 'equal' && found === recorded)
    return `${WORDS[what]}: ${oneLine(found ?? '-')}, as recorded`
  if (outcome === 'equal')
    return `${WORDS[what]}: ${oneLine(found ?? '-')}, includes the recorded ${oneLine(recorded ?? '-')}`
  const pair = `${oneLine(found ?? 'none')} now, ${oneLine(recorded ?? 'none')} recorded`
  return `${WORDS[what]}: ${colors.yellow(outcome)} (${pair}): ${oneLine(why ?? '')}`
}

export function verifiedJson(outcome: VerifyOutcome): VerifiedJson {
  const { name } = outcome
  if ('error' in outcome) return { name, ok: false, error: errorJson(outcome.error) }
  const { report } = outcome
  const { sizeBytes, sha256, encrypted, caKey, about, proof, drill = null, notes, signer = null } = report
  return { name, ok: true, sizeBytes, sha256, encrypted, caKey, signer, about, proof, drill, notes }
}
