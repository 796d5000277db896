/** Creates quorate's own CA: atomically, and only one, however many runs start at once. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { KeyAlgorithm } from '../spec/cluster.ts'
import { QuorateError } from '../errors.ts'
import { draftFolderBeside } from '../files/temporary.ts'
import { syncDirectory, writeNewFile } from '../files/atomic-file.ts'
import type { AskPassphrase } from './authority.ts'
import { encryptAge } from './ca-key.ts'
import { makeRoot, privateKeyPem } from './signer.ts'

/** X.509's bound for a common name (ub-common-name, RFC 5280). */
const COMMON_NAME_LENGTH = 64

export interface NewCa {
  /** The second part of its name, after the cluster's name: `etcd CA` by default. */
  readonly title?: string | undefined
  readonly clusterName: string
  /** The number of this CA among the cluster's CAs, so that no two have the same name. 1 by default. */
  readonly generation?: number | undefined
  /** Becomes a directory of mode 0700 with `ca.crt` (0644) and `ca.key` or `ca.key.age` (0600). */
  readonly directory: string
  readonly passphrase: boolean
  readonly algorithm: KeyAlgorithm
  readonly askPassphrase: AskPassphrase
  readonly now: () => Date
  readonly scryptWorkFactor?: number | undefined
}

/**
 * Writes certificate and key to a private directory next to the target, and then renames it. If another run was first,
 * its CA is kept and this one is discarded.
 * @throws QuorateError `pki` for an empty passphrase, `state` if the target is something else
 */
export async function makeLocalCa(options: NewCa, signal?: AbortSignal): Promise<void> {
  const { generation = 1, title = 'etcd CA' } = options
  const suffix = generation === 1 ? ` ${title}` : ` ${title} ${generation}`
  const commonName = options.clusterName.slice(0, COMMON_NAME_LENGTH - suffix.length) + suffix
  const passphrase = options.passphrase
    ? await options.askPassphrase(`the new CA key ${path.join(options.directory, 'ca.key.age')}`, signal)
    : undefined
  if (passphrase === '') {
    throw new QuorateError('pki', 'the passphrase of the CA key is empty', {
      id: 'empty-passphrase',
      hint: 'give a passphrase, or set pki.authority.passphrase to false',
    })
  }
  const { certificatePem, key } = await makeRoot({
    commonName,
    algorithm: options.algorithm,
    now: options.now(),
  })
  signal?.throwIfAborted()

  const parent = path.dirname(options.directory)
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const fresh = await draftFolderBeside(options.directory)
  try {
    await writeNewFile(path.join(fresh, 'ca.crt'), certificatePem, 0o644)
    if (passphrase === undefined) await writeNewFile(path.join(fresh, 'ca.key'), privateKeyPem(key), 0o600)
    else {
      const encrypted = await encryptAge(privateKeyPem(key), passphrase, options.scryptWorkFactor)
      await writeNewFile(path.join(fresh, 'ca.key.age'), encrypted, 0o600)
    }
    await syncDirectory(fresh)
    // Fails if the target is a non-empty directory: that is the lock.
    await rename(fresh, options.directory)
    await syncDirectory(parent)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    const code = (error as NodeJS.ErrnoException).code
    const taken = code === 'ENOTEMPTY' || code === 'EEXIST'
    if (taken && existsSync(path.join(options.directory, 'ca.crt'))) return
    if (taken) {
      throw new QuorateError(
        'state',
        `${options.directory} contains files but no ca.crt, so quorate creates no CA in it`,
        {
          hint: 'restore the CA from a backup, or rename that directory to start with a new CA',
        },
      )
    }
    throw QuorateError.from(error, 'state', `can't create the CA in ${options.directory}`)
  }
}
