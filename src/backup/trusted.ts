/** Checks that a bundle is from an allowed signer, before anything else in it is used. */
import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'
import { parseSigners } from '../signing/allowed-signers.ts'
import { type SignatureOutcome, checkSignature } from '../signing/ssh-keygen.ts'
import { MANIFEST, type Manifest, SIGNATURE, parseManifest } from './manifest.ts'
import { parseBundleName } from './names.ts'

/** Who may sign the bundle that is opened. */
export interface TrustedSigners {
  /** An allowed signers file of OpenSSH; undefined: it is missing, and no signature can be checked. */
  readonly text: string | undefined
  /** The file's path, for messages. */
  readonly file: string
}

/** A bundle whose signature can't be checked. */
export interface Unvouched {
  readonly name: string
  /** As in `it is not signed: …`. */
  readonly why: string
  /** It is signed, but there is no list of allowed signers to check the signature with. */
  readonly unchecked?: boolean
}

export interface BundleTrust {
  readonly signers: TrustedSigners
  /**
   * Called if there is no signature, or nothing to check it with; throws to refuse. If left out, such bundles are
   * refused. A wrong signature is always refused.
   */
  readonly acceptUnsigned?: ((unvouched: Unvouched) => Promise<void>) | undefined
}

/** Who signed it. */
export interface BundleSigner {
  readonly principal: string
  /** `SHA256:…` of the key. */
  readonly fingerprint: string
  /** The name in the signed manifest. */
  readonly name: string
}

/** What is checked of a bundle: none of its content has been read yet. */
export interface Unverified {
  /** Its name in the place where it was found. */
  readonly name: string
  readonly manifest: Buffer | undefined
  readonly signature: Buffer | undefined
  /** SHA-256 in hex of every other entry in the bundle. */
  readonly sums: ReadonlyMap<string, string>
}

/**
 * @param folder absolute path of a private directory for the files that ssh-keygen reads
 * @returns undefined: it is unsigned, and that was accepted
 * @throws QuorateError `signature`
 */
export async function requireTrusted(
  found: Unverified,
  { signers, acceptUnsigned = refuseUnsigned }: BundleTrust,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal | undefined },
): Promise<{ readonly signer: BundleSigner; readonly manifest: Manifest } | undefined> {
  const { name, manifest: text, signature } = found
  if (text === undefined && signature === undefined) {
    const why = 'it is not signed: anyone who can write to its location could have made it'
    await acceptUnsigned({ name, why })
    return undefined
  }
  const manifest = text === undefined ? undefined : parseManifest(text.toString('utf8'))
  if (text === undefined || signature === undefined || manifest === undefined)
    throw untrusted(name, {
      id: 'damaged-signature',
      why: `its ${MANIFEST} or ${SIGNATURE} is missing or damaged`,
    })
  if (signers.text === undefined) {
    const why = `it says that ${manifest.signer} signed it, which can't be checked: there is no ${signers.file}`
    await acceptUnsigned({ name, why, unchecked: true })
    return undefined
  }
  const { signer: principal, takenAt } = manifest
  const checked = await checkSignature({
    text: text.toString('utf8'),
    signature: signature.toString('latin1'),
    principal,
    at: new Date(takenAt),
    allowed: signers.text,
    folder,
    signal,
  })
  if (checked.kind !== 'good') throw refusal(name, manifest, checked, signers)
  requireSums(found, manifest)
  requireSignedName(name, manifest)
  return { signer: { principal, fingerprint: checked.fingerprint, name: manifest.name }, manifest }
}

function requireSums({ name, sums }: Unverified, manifest: Manifest): void {
  for (const entry of new Set([...sums.keys(), ...manifest.sums.keys()])) {
    if (sums.get(entry) === manifest.sums.get(entry)) continue
    const what = !sums.has(entry) ? 'is missing' : manifest.sums.has(entry) ? 'was changed' : 'was added'
    // Unsigned names may contain anything.
    const shown = manifest.sums.has(entry) ? entry : JSON.stringify(entry.slice(0, 100))
    throw untrusted(name, {
      id: 'changed-after-signing',
      why: `its ${shown} ${what} since ${manifest.signer} signed it`,
    })
  }
}

/**
 * A file that an operator renamed is accepted under the name in its manifest. In a backup location, each bundle has its
 * own name.
 */
function requireSignedName(name: string, manifest: Manifest): void {
  if (name === manifest.name || parseBundleName(name) === undefined) return
  const why = `${manifest.signer} signed ${manifest.name}: that backup was given this one's name`
  throw untrusted(name, { id: 'name-of-another-backup', why })
}

function refusal(
  name: string,
  { signer, takenAt }: Manifest,
  outcome: SignatureOutcome,
  signers: TrustedSigners,
): QuorateError {
  if (outcome.kind !== 'unknown')
    return untrusted(name, {
      id: 'another-signature',
      why: `its signature is not one of ${signer} over its contents`,
    })
  const { fingerprint } = outcome
  const known = parseSigners(signers.text ?? '').filter((one) => one.fingerprint === fingerprint)
  if (known.some(({ revokedAt }) => revokedAt !== undefined))
    return untrusted(name, { id: 'revoked-key', why: `its signing key ${fingerprint} was revoked` })
  const [ended] = known.flatMap(({ until }) => until ?? [])
  if (ended !== undefined && ended <= new Date(takenAt)) {
    const why = `its signing key ${fingerprint} was allowed until ${ended.toISOString()}, and the backup is of ${takenAt}`
    return untrusted(name, { id: 'expired-key', why })
  }
  return untrusted(name, {
    id: 'unknown-key',
    why: `the key ${fingerprint} that signed it is not allowed for ${signer} in ${signers.file}`,
    hint: 'if it is the key of a trusted operator or node, add its line to that file, or name another file: --signers FILE',
  })
}

const UNTOUCHED = 'nothing of it was used; `quorate backup list` has the others'

/** @param why as in `the backup b is refused: WHY` */
export function untrusted(
  name: string,
  {
    id,
    why,
    hint = UNTOUCHED,
  }: { readonly id: IdOf<'signature'>; readonly why: string; readonly hint?: string },
): QuorateError {
  return new QuorateError('signature', `the backup ${name} is refused: ${why}`, { id, hint })
}

async function refuseUnsigned({ name, why, unchecked = false }: Unvouched): Promise<void> {
  if (unchecked)
    throw untrusted(name, {
      id: 'no-allowed-signers',
      why,
      hint: "name the cluster's list of allowed signers: --signers FILE. If you know where the backup comes from: --unsigned",
    })
  throw untrusted(name, {
    id: 'unsigned',
    why,
    hint: 'backups from before quorate signed them have no signature. If you know where this one comes from: --unsigned',
  })
}
