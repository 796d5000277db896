/** The CA on the workstation: quorate's own, or an existing CA or intermediate. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { access } from 'node:fs/promises'
import path from 'node:path'
import type { KeyAlgorithm } from '../spec/cluster.ts'
import { QuorateError } from '../errors.ts'
import { readCaFile } from './any-certificates.ts'
import type { AskPassphrase, Authority, IssuedCertificate, IssueRequest } from './authority.ts'
import { readPrivateKey } from './ca-key.ts'
import type { CaPlace } from './ca-renewal.ts'
import { spkiSha256 } from './certificate.ts'
import { chainPem, parseChain } from './chain.ts'
import { presentCaFolder } from './own-ca-folder.ts'

export interface LocalAuthorityOptions {
  readonly clusterName: string
  /** The directory of quorate's own CA, `<stateDirectory>/ca`. */
  readonly directory: string
  /** Absolute paths of an existing CA's certificate (with its chain) and key, which are used in place and never written. */
  readonly existing?: { readonly certificate: string; readonly key: string } | undefined
  /** Whether the key of a new CA is encrypted at rest. */
  readonly passphrase: boolean
  /** The algorithm of a new CA. */
  readonly algorithm: KeyAlgorithm
  readonly askPassphrase: AskPassphrase
  readonly now: () => Date
  /** log2 of scrypt's cost for a new encrypted key; age's default (18) by default. */
  readonly scryptWorkFactor?: number | undefined
  /** The CA's location, for the fix if it has expired. */
  readonly place?: CaPlace | undefined
}

/**
 * The CA on the workstation. Reads, creates and asks nothing before it is used: `chain` creates a missing CA, and only
 * the first `issue` asks for the passphrase.
 */
export function openLocalAuthority(options: LocalAuthorityOptions): Authority {
  let opened: Promise<KeyObject> | undefined

  const readChain = async (signal?: AbortSignal) => {
    const certificate = await certificateFile(options, signal)
    return parseChain(await readCaFile(certificate), `the CA certificate ${certificate}`)
  }
  const openKey = async (signal?: AbortSignal): Promise<KeyObject> => {
    // Asked only once if many requests arrive at the same time; asked again after a wrong passphrase.
    opened ??= keyFile(options).then((file) =>
      readPrivateKey({ file, purpose: `the CA key ${file}`, askPassphrase: options.askPassphrase }, signal),
    )
    try {
      return await opened
    } catch (error) {
      opened = undefined
      throw error
    }
  }
  const issueMany = async (requests: readonly IssueRequest[], signal?: AbortSignal) => {
    const chain = await readChain(signal)
    const [{ signLeaf }, { assertUsableCa, chainWarnings }] = await Promise.all([
      import('./signer.ts'),
      import('./ca-check.ts'),
    ])
    assertUsableCa(chain, options.now(), options.place)
    const key = await openKey(signal)
    if (spkiSha256(createPublicKey(key)) !== spkiSha256(chain[0].publicKey)) {
      throw new QuorateError('pki', `the CA key ${await keyFile(options)} doesn't match the CA certificate`, {
        id: 'key-of-another-ca',
        hint: 'set pki.authority.key to the key of the first certificate in the file',
      })
    }
    signal?.throwIfAborted()
    const issued = await Promise.all(requests.map((request) => signLeaf(chain, key, request, options.now())))
    const warnings = chainWarnings(chain)
    return issued.map(({ pem, warnings: own }) => ({ pem, warnings: [...own, ...warnings] }))
  }
  return {
    home: 'local',
    chain: async (signal) => chainPem(await readChain(signal)),
    trust: async (signal) => chainPem(await readChain(signal)),
    issue: async (request, signal) => (await issueMany([request], signal))[0] as IssuedCertificate,
    issueMany,
  }
}

/** Whether the CA exists, or would be created on first use. */
export async function localAuthorityExists(
  options: Pick<LocalAuthorityOptions, 'directory' | 'existing'>,
): Promise<boolean> {
  return exists(options.existing?.certificate ?? path.join(presentCaFolder(options.directory), 'ca.crt'))
}

async function certificateFile(options: LocalAuthorityOptions, signal?: AbortSignal): Promise<string> {
  if (options.existing !== undefined) return options.existing.certificate
  if (!(await localAuthorityExists(options))) {
    const { makeLocalCa } = await import('./make-local-ca.ts')
    await makeLocalCa(options, signal)
  }
  return path.join(presentCaFolder(options.directory), 'ca.crt')
}

/** @throws QuorateError `pki` if there is none */
export async function keyFile(
  options: Pick<LocalAuthorityOptions, 'directory' | 'existing' | 'passphrase'>,
): Promise<string> {
  if (options.existing !== undefined) return options.existing.key
  const directory = presentCaFolder(options.directory)
  const encrypted = path.join(directory, 'ca.key.age')
  const plain = path.join(directory, 'ca.key')
  if (await exists(encrypted)) return encrypted
  if (!(await exists(plain))) {
    throw new QuorateError('pki', `the CA key is missing: neither ${plain} nor ca.key.age exists`, {
      id: 'ca-key-is-missing',
      hint: 'restore the key from a backup, or rerun the command on the workstation that has the key. Without it the CA can issue nothing, but the certificates in use stay valid',
    })
  }
  if (options.passphrase) {
    throw new QuorateError(
      'pki',
      `the cluster file requires a passphrase for the CA key, and ${plain} has none`,
      {
        id: 'ca-key-has-no-passphrase',
        hint: `encrypt it: age --passphrase --output ${encrypted} ${plain} && shred -u ${plain}; or set pki.authority.passphrase to false`,
      },
    )
  }
  return plain
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
