/**
 * Verifies upstream's signature of a program if the workstation has `cosign`. The signature is keyless: a certificate
 * next to it names the signer, and Sigstore's public log has recorded it.
 */
import { access, constants, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import type { ArtifactContext } from '../artifact.ts'
import { type Download, downloadText } from '../download.ts'
import { printable } from '../network.ts'
import { runProgram } from '../program.ts'

/** Who signs the files of a release: https://kubernetes.io/docs/tasks/administer-cluster/verify-signed-artifacts/ */
const IDENTITY = 'krel-staging@k8s-releng-prod.iam.gserviceaccount.com'
const ISSUER = 'https://accounts.google.com'

const MAX_BYTES = 64 << 10
const TIMEOUT_MS = 60_000

/** Absolute path of `cosign`, if it is in PATH. */
export async function findCosign(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (environment['PATH'] ?? '').split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue
    const file = path.join(folder, 'cosign')
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return file
  }
  return undefined
}

export interface Signed {
  /** Absolute path of the file that was downloaded. */
  readonly file: string
  /** Its source; `.sig` and `.cert` are next to it. */
  readonly url: URL
  readonly site: Omit<Download, 'url'> & { readonly context: ArtifactContext }
}

/**
 * Emits an event: the signature is upstream's, or the site publishes none.
 *
 * @throws QuorateError `artifact` if there is one, and cosign rejects it
 */
export async function verifySignature(cosign: string, { file, url, site }: Signed): Promise<void> {
  const { context } = site
  const parts = { signature: `${file}.sig`, certificate: `${file}.cert` }
  try {
    for (const [suffix, target] of [
      ['.sig', parts.signature],
      ['.cert', parts.certificate],
    ] as const) {
      const beside = new URL(url)
      beside.pathname += suffix
      const text = await downloadText({ ...site, url: beside, missing: NOT_PUBLISHED }, MAX_BYTES)
      await writeFile(target, text, { mode: 0o600 })
    }
    const result = await runProgram(
      cosign,
      [
        'verify-blob',
        `--certificate=${parts.certificate}`,
        `--signature=${parts.signature}`,
        `--certificate-identity=${IDENTITY}`,
        `--certificate-oidc-issuer=${ISSUER}`,
        file,
      ],
      { env: context.environment ?? process.env, signal: context.signal, timeoutMs: TIMEOUT_MS },
    )
    if (result.exitCode !== 0) {
      throw new QuorateError('artifact', `cosign can't verify the signature of ${printable(url)}`, {
        id: 'unverified-release',
        hint: `read the output of cosign; the SHA-256 is the published one. Without ${cosign} in PATH signatures are not verified`,
        cause: new Error(result.stderr.trim().slice(0, 500) || `exit code ${result.exitCode}`),
      })
    }
    context.emit({ kind: 'artifact', text: `cosign: ${printable(url)} is signed by ${IDENTITY}` })
  } catch (error) {
    if (!(error instanceof QuorateError && error.message.startsWith(NOT_PUBLISHED))) throw error
    context.emit({ kind: 'artifact', text: `${printable(url)} ${UNSIGNED}` })
  } finally {
    for (const target of Object.values(parts)) await rm(target, { force: true })
  }
}

const NOT_PUBLISHED = 'There is no signature'

/** What is said of a file that has none, behind its URL. */
export const UNSIGNED = 'has no signature file to verify'
