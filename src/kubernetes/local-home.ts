/** Kubernetes' CAs and secrets on this workstation: `<state>/kubernetes`, created completely or not at all. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { syncDirectory, writeNewFile } from '../files/atomic-file.ts'
import { readText } from '../files/read-file.ts'
import { draftFolderBeside } from '../files/temporary.ts'
import { encryptAge, readPrivateKey, readSecretText } from '../pki/ca-key.ts'
import { keyFile, openLocalAuthority } from '../pki/local.ts'
import { makeLocalCa } from '../pki/make-local-ca.ts'
import { privateKeyPem } from '../pki/signer.ts'
import type { Cluster } from '../spec/cluster.ts'
import type { AuthoritiesSession, KubernetesHome } from './authorities.ts'
import { encryptionConfig } from './encryption-config.ts'
import { sha256 } from './sums.ts'

const TITLES = { ca: 'Kubernetes CA', 'front-proxy-ca': 'Kubernetes front proxy CA' } as const
type CaName = keyof typeof TITLES

export function kubernetesDirectory({ stateDirectory }: Pick<Cluster, 'stateDirectory'>): string {
  return path.join(stateDirectory, 'kubernetes')
}

export function openLocalHome(session: AuthoritiesSession): KubernetesHome {
  const { cluster, now, signal } = session
  const directory = kubernetesDirectory(cluster)
  const inside = (name: string) => path.join(directory, name)
  const { authority } = cluster.pki
  const passphrase = authority.home === 'local' && authority.passphrase
  const askPassphrase = askOnce(session)
  const open = (name: CaName) =>
    openLocalAuthority({
      clusterName: cluster.name,
      directory: inside(name),
      existing: undefined,
      passphrase,
      algorithm: cluster.pki.algorithm,
      askPassphrase,
      now,
      place: {
        certificate: path.join(inside(name), 'ca.crt'),
        key: path.join(inside(name), 'ca.key'),
        age: passphrase,
      },
    })
  return {
    kubernetes: open('ca'),
    frontProxy: open('front-proxy-ca'),
    isMade: async () => await Promise.resolve(existsSync(path.join(inside('ca'), 'ca.crt'))),
    make: async () => {
      if (existsSync(path.join(inside('ca'), 'ca.crt'))) return
      await makeHome(session, directory, passphrase ? askPassphrase : undefined)
    },
    read: async (secret) => {
      const file =
        secret === 'ca-key'
          ? await keyFile({ directory: inside('ca'), existing: undefined, passphrase })
          : present(inside(secret === 'encryption' ? 'encryption.yaml' : 'sa.key'))
      const key = { file, purpose: `the key ${file}`, askPassphrase }
      if (secret === 'encryption') return await readSecretText(key, signal)
      return privateKeyPem(await readPrivateKey(key, signal))
    },
    known: async () => {
      const [serviceAccountPublicKey, sum] = await Promise.all([
        readText(inside('sa.pub')),
        readText(inside('encryption.sha256')),
      ])
      return { serviceAccountPublicKey, encryptionSum: sum.trim() }
    },
  }
}

/** All keys of Kubernetes have one passphrase, which is asked for once. */
function askOnce({ askPassphrase }: AuthoritiesSession): AuthoritiesSession['askPassphrase'] {
  let asked: Promise<string> | undefined
  return async (purpose, signal) => {
    asked ??= askPassphrase(purpose, signal)
    return await asked
  }
}

function present(file: string): string {
  const found = [`${file}.age`, file].find((one) => existsSync(one))
  if (found !== undefined) return found
  throw new QuorateError(
    'pki',
    `Kubernetes' secret is missing: neither ${file} nor ${path.basename(file)}.age exists`,
    {
      hint: 'put it back from a backup; the masters have it too',
    },
  )
}

async function makeHome(
  { cluster, now, signal, scryptWorkFactor }: AuthoritiesSession,
  directory: string,
  askPassphrase: AuthoritiesSession['askPassphrase'] | undefined,
): Promise<void> {
  const passphrase = await askPassphrase?.(`the new keys of Kubernetes in ${directory}`, signal)
  if (passphrase === '') {
    throw new QuorateError('pki', "the passphrase of Kubernetes' keys is empty", {
      hint: 'give one, or set pki.authority.passphrase to false',
    })
  }
  const { makeKeyPair } = await import('../pki/signer.ts')
  await mkdir(path.dirname(directory), { recursive: true, mode: 0o700 })
  const draft = await draftFolderBeside(directory)
  const secret = async (name: string, text: string) => {
    if (passphrase === undefined) return await writeNewFile(path.join(draft, name), text, 0o600)
    await writeNewFile(
      path.join(draft, `${name}.age`),
      await encryptAge(text, passphrase, scryptWorkFactor),
      0o600,
    )
  }
  try {
    for (const name of Object.keys(TITLES) as CaName[]) {
      await makeLocalCa(
        {
          title: TITLES[name],
          clusterName: cluster.name,
          directory: path.join(draft, name),
          passphrase: passphrase !== undefined,
          algorithm: cluster.pki.algorithm,
          askPassphrase: async () => await Promise.resolve(passphrase ?? ''),
          now,
          scryptWorkFactor,
        },
        signal,
      )
    }
    // kubeadm's key type. It signs tokens of Pods, and RS256 is the algorithm that external verifiers support best.
    const { privateKey, publicKey } = await makeKeyPair('rsa-2048')
    await secret('sa.key', privateKeyPem(privateKey))
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    await writeNewFile(path.join(draft, 'sa.pub'), pem, 0o644)
    const encryption = encryptionConfig([{ name: 'key1', secret: randomBytes(32) }])
    await secret('encryption.yaml', encryption)
    await writeNewFile(path.join(draft, 'encryption.sha256'), `${sha256(encryption)}\n`, 0o644)
    await syncDirectory(draft)
    // Fails if a directory with content exists at this path: that serves as the lock.
    await rename(draft, directory)
    await syncDirectory(path.dirname(directory))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    const { code } = error as NodeJS.ErrnoException
    const taken = code === 'ENOTEMPTY' || code === 'EEXIST'
    if (taken && existsSync(path.join(directory, 'ca', 'ca.crt'))) return
    if (taken) {
      throw new QuorateError(
        'state',
        `${directory} has files but no Kubernetes CA, so quorate creates none in it`,
        {
          hint: 'put the CA back from a backup; or rename that directory to start with a new CA',
        },
      )
    }
    throw QuorateError.from(error, 'state', `Kubernetes' CAs can't be made in ${directory}`)
  }
}
