/** Making quorate's own CA: whole or not at all, and one only, however many runs begin at once. */
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
  /** What it is called after the cluster's name: `etcd CA` unless given. */
  readonly title?: string | undefined
  readonly clusterName: string
  /** How many CAs this cluster has had with it: no two of them have the same name. 1 unless given. */
  readonly generation?: number | undefined
  /** Becomes a folder of mode 0700 with `ca.crt` (0644) and `ca.key` or `ca.key.age` (0600). */
  readonly directory: string
  readonly passphrase: boolean
  readonly algorithm: KeyAlgorithm
  readonly askPassphrase: AskPassphrase
  readonly now: () => Date
  readonly scryptWorkFactor?: number | undefined
}

/**
 * Certificate and key are written in a private folder beside the place, which is then renamed to it. If another run was
 * first, its CA stays and ours is thrown away unused.
 * @throws QuorateError `pki` for an empty passphrase, `state` if something else is in the place
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
      hint: 'Give one, or set pki.authority.passphrase to false.',
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
    // Fails if the place is taken by a folder with anything in it: that is the lock.
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
        `${options.directory} holds files but no ca.crt, so no CA is made there`,
        {
          hint: 'Put the CA back from a backup, or move that folder aside to begin with a new CA.',
        },
      )
    }
    throw QuorateError.from(error, 'state', `the CA can't be made in ${options.directory}`)
  }
}
