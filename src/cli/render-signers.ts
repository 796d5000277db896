/** The signer of a backup, and the allowed signers. */
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
    ? colors.yellow('signature not verified on this workstation')
    : `signed by ${signer.principal} (${signer.fingerprint}) as ${signer.name}`
}

export function renderSigners(
  file: string,
  signers: readonly AllowedSigner[],
  { colors, now }: Pick<CliContext, 'colors' | 'now'>,
): string {
  if (signers.length === 0) return `no key has signed a backup yet: ${file} is empty\n`
  const header = ['WHO', 'KEY', 'VALID'].map(colors.dim)
  const rows = signers.map((signer) => [signer.principals, signer.fingerprint, counts(signer, now())])
  return `${renderTable([header, ...rows])}${colors.dim(file)}\n`
}

function counts({ until, revokedAt }: AllowedSigner, now: Date): string {
  if (revokedAt !== undefined) return `no: revoked ${revokedAt.toISOString()}`
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
