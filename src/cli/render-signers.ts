/** Who signed, and who may. */
import type { BundleSigner } from '../backup/trusted.ts'
import type { AllowedSigner } from '../signing/allowed-signers.ts'
import type { CliContext } from './context.ts'
import { renderTable } from './table.ts'
import type { SignerJson } from './output/backup-json.ts'

export function signedBy(
  signer: BundleSigner | undefined,
  colors: Pick<CliContext['colors'], 'yellow'>,
): string {
  return signer === undefined
    ? colors.yellow('no signer that this computer could check')
    : `signed by ${signer.principal} (${signer.fingerprint}) as ${signer.name}`
}

export function renderSigners(
  file: string,
  signers: readonly AllowedSigner[],
  { colors, now }: Pick<CliContext, 'colors' | 'now'>,
): string {
  if (signers.length === 0) return `no backup was signed so far: ${file} has no key\n`
  const header = ['WHO', 'KEY', 'COUNTS'].map(colors.dim)
  const rows = signers.map((signer) => [signer.principals, signer.fingerprint, counts(signer, now())])
  return `${renderTable([header, ...rows])}${colors.dim(file)}\n`
}

function counts({ until, revokedAt }: AllowedSigner, now: Date): string {
  if (revokedAt !== undefined) return `for nothing: revoked ${revokedAt.toISOString()}`
  if (until === undefined) return 'yes'
  return until > now ? `until ${until.toISOString()}` : `for backups until ${until.toISOString()}`
}

export function signersJson(signers: readonly AllowedSigner[]): readonly SignerJson[] {
  return signers.map(({ principals, publicKey, fingerprint, until, revokedAt }) => ({
    principals,
    publicKey,
    fingerprint,
    until: until?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  }))
}
