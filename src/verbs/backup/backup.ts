/** `quorate backup`: saves a cluster's keyspace, cluster file and CA as one sealed file. */
import { mkdir } from 'node:fs/promises'
import { seal, type Sealing } from '../../backup/sealing.ts'
import { QuorateError } from '../../errors.ts'
import { readText } from '../../files/read-file.ts'
import { exportKubernetesKeys } from '../../kubernetes/keys-backup.ts'
import { exportCaKey } from '../../pki/ca-key-export.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { StoreLocation } from '../../spec/backup.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { openStore } from '../../store/open-store.ts'
import { obtainTool } from '../../tiers/etcd/obtain-tool.ts'
import { directClients } from './direct-clients.ts'
import { operatorSigner } from '../../backup/signers.ts'
import { type BackupReport, takeBackup } from './take-backup.ts'

export type { BackupReport } from './take-backup.ts'

export interface BackupOptions {
  readonly location: StoreLocation
  readonly sealing: Sealing
  /** Where the AWS_* variables are read from; default: this process's environment. */
  readonly environment?: NodeJS.ProcessEnv | undefined
}

/**
 * Changes nothing on any node, and needs no lock. The bundle contains the keyspace, the cluster file and the CA's
 * certificates. If it is encrypted and their keys are on this workstation, it also contains the CA's key and
 * Kubernetes' CAs and keys.
 * @throws QuorateError as `takeBackup`; `pki` if the CA's key can't be read
 */
export async function backup(session: Session, options: BackupOptions): Promise<BackupReport> {
  const { cluster, signal, now, emit } = session
  const { location, sealing, environment = process.env } = options
  const nodes = etcdNodes(cluster)
  const trustPem = await session.bundle()
  if (trustPem === undefined) {
    throw new QuorateError(
      'pki',
      `CA of ${cluster.name} not found on this workstation: quorate has not managed the cluster from it`,
      {
        hint: 'run this on the workstation that manages the cluster, or adopt the cluster first: quorate adopt MACHINE…',
      },
    )
  }
  using store = await openStore(location, { environment, signal })
  await mkdir(cluster.stateDirectory, { recursive: true, mode: 0o700 })
  const onMade = (text: string) => emit({ type: 'note', text })
  const caKeySealed = await sealCaKey(session, sealing)
  const kubernetesKeysSealed = await sealKubernetesKeys(session, sealing)
  if (cluster.kubernetes !== undefined && kubernetesKeysSealed === undefined)
    emit({ type: 'warning', text: KEYLESS })
  const [clusterFile, tool, signer] = await Promise.all([
    readText(cluster.file),
    obtainTool(session),
    operatorSigner(cluster, { now: now(), signal, onMade }),
  ])
  using members = await directClients(session, nodes)
  return await takeBackup({
    cluster: { name: cluster.name, nodes: nodes.map(({ name, address }) => ({ name, address })) },
    clients: members.clients,
    clusterFile,
    trustPem,
    caKeySealed,
    kubernetesKeysSealed,
    sealing,
    signer,
    store,
    tool,
    workDirectory: cluster.stateDirectory,
    now,
    signal,
    onProgress: (member, doneBytes, totalBytes) =>
      emit({ type: 'artifact', text: `the database of ${member}`, doneBytes, totalBytes }),
    onWarning: (host, text) => emit({ type: 'warning', host, text }),
  })
}

const KEYLESS =
  "this backup does not contain Kubernetes' keys, and its Secrets can't be read without the encryption key: keep a copy of the directory `kubernetes` (in quorate's state directory, or next to a CA key on another host)"

/**
 * Encrypts the CA's key for the bundle's recipients. Returns undefined if the key is not available, or the bundle is
 * not encrypted.
 */
export async function sealCaKey(
  { cluster, askPassphrase, signal }: Pick<Session, 'cluster' | 'askPassphrase' | 'signal'>,
  sealing: Sealing,
): Promise<Uint8Array | undefined> {
  if (sealing.kind === 'plaintext') return undefined
  return await sealText(await exportCaKey(cluster, askPassphrase, signal), sealing)
}

/** As `sealCaKey`, for Kubernetes' CAs and keys. */
async function sealKubernetesKeys(session: Session, sealing: Sealing): Promise<Uint8Array | undefined> {
  return sealing.kind === 'plaintext'
    ? undefined
    : await sealText(await exportKubernetesKeys(session), sealing)
}

async function sealText(text: string | undefined, sealing: Sealing): Promise<Uint8Array | undefined> {
  if (text === undefined) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of await seal(sealing, once(Buffer.from(text)))) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}
