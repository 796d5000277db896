/** A member on loopback with a history, its backups in a directory, and a cluster file for quorate. */
import { type Hash, createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { Proof, SideFile } from '../../../src/backup/bundle.ts'
import { sideFileName } from '../../../src/backup/names.ts'
import { openBackup } from '../../../src/backup/open.ts'
import type { Sealing, Secret } from '../../../src/backup/sealing.ts'
import { writeBundle } from '../../../src/backup/write.ts'
import type { MemberClient } from '../../../src/etcd/client.ts'
import { KV } from '../../../src/etcd/gen/kv_pb.ts'
import { utf8 } from '../../../src/etcd/keys.ts'
import { snapshotTool } from '../../../src/etcd/snapshot-tool.ts'
import { tool } from '../../../src/lab/tool.ts'
import { operatorSigner, trustedSigners } from '../../../src/backup/signers.ts'
import type { Signer } from '../../../src/signing/ssh-keygen.ts'
import { type BackupReport, takeBackup } from '../../../src/verbs/backup/take-backup.ts'
import { openDirectoryStore } from '../../../src/store/directory.ts'
import { type EtcdBinaries, type EtcdChoice, etcdBinaries } from '../etcd-binaries.ts'
import { type LoopbackCluster, startCluster } from '../loopback-etcd.ts'
import { quorate, quorateOk } from './quorate.ts'

export const IDENTITY = 'AGE-SECRET-KEY-1L2CQGJL67C0K9ZK4AZ6046HT8MSAKDPL8Y2RXKZ4MJTDNPJLV0KQ5PSFTV'
const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'
const MINE: Secret = { kind: 'identities', identities: [IDENTITY] }
const KEYS: Sealing = { kind: 'recipients', recipients: [RECIPIENT] }

export class BackupSource implements AsyncDisposable {
  readonly store: string
  readonly file: { readonly clusterFile: string }
  readonly #binaries: EtcdBinaries
  readonly #cluster: LoopbackCluster
  readonly #client: MemberClient

  private constructor(home: string, binaries: EtcdBinaries, cluster: LoopbackCluster, client: MemberClient) {
    this.store = path.join(home, 'store')
    this.file = { clusterFile: path.join(home, 'cluster.yaml') }
    this.#binaries = binaries
    this.#cluster = cluster
    this.#client = client
  }

  /** @param parent absolute path of a directory, in which it creates its own */
  static async start(parent: string, choice: EtcdChoice): Promise<BackupSource> {
    const binaries = await etcdBinaries(choice)
    const home = path.join(parent, choice)
    await mkdir(home, { mode: 0o700 })
    const cluster = await startCluster(binaries.directory, 1)
    const root = await cluster.issue('root', 'extendedKeyUsage=clientAuth')
    const [member] = cluster.members
    if (member === undefined) throw new TypeError('one member was asked for')
    const client = member.client({ tls: root })
    const source = new BackupSource(home, binaries, cluster, client)
    await source.useEtcd(choice)
    await source.#ready()
    return source
  }

  /** The cluster file asks for this version, from a source that has no other one. */
  async useEtcd(choice: EtcdChoice): Promise<void> {
    const { version, directory } = await etcdBinaries(choice)
    const nodes = [{ name: 'etcd01', address: '198.18.87.1', roles: ['etcd'] }]
    const etcd = { version, source: { file: { path: directory } } }
    await writeFile(this.file.clusterFile, stringify({ name: 'prod', nodes, etcd }), { mode: 0o600 })
  }

  async #ready(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.put('first', '1')
        return
      } catch (error) {
        if (attempt > 100) throw error
        await sleep(100)
      }
    }
  }

  async put(key: string, value: string): Promise<bigint> {
    const { header } = await this.#client.call(KV.method.put, { key: utf8(key), value: utf8(value) })
    return header?.revision ?? 0n
  }

  /** Overwritten, deleted and compacted keys. */
  async write(): Promise<void> {
    for (let index = 0; index < 40; index++) await this.put(`k${index % 20}`, 'x'.repeat(index))
    const { header } = await this.#client.call(KV.method.deleteRange, { key: utf8('k3') })
    await this.#client.call(KV.method.compact, { revision: header?.revision ?? 0n, physical: true })
    await this.put('last', 'y')
  }

  /** From now on every client must be a user, whom etcd identifies by the certificate. */
  async useUsers(): Promise<void> {
    const { folder: home, members } = this.#cluster
    const endpoint = `--endpoints=https://127.0.0.1:${members[0]?.clientPort ?? 0}`
    const files = { cacert: 'ca.crt', cert: 'operator.crt', key: 'operator.key' }
    const tls = Object.entries(files).map(([flag, file]) => `--${flag}=${path.join(home, file)}`)
    for (const words of [
      ['user', 'add', 'root:secret'],
      ['role', 'add', 'root'],
      ['user', 'grant-role', 'root', 'root'],
      ['auth', 'enable'],
    ])
      await tool([path.join(this.#binaries.directory, 'etcdctl'), endpoint, ...tls, ...words])
  }

  #home() {
    return { name: 'prod', stateDirectory: path.join(this.store, '..', '.quorate', 'prod') }
  }

  async #signer(): Promise<Signer> {
    return await operatorSigner(this.#home(), { now: new Date() })
  }

  async backup(sealing: Sealing = KEYS): Promise<BackupReport> {
    const store = await openDirectoryStore(this.store)
    return await takeBackup({
      cluster: { name: 'prod', nodes: [{ name: 'etcd01', address: '198.18.87.1' }] },
      clients: [this.#client],
      clusterFile: 'name: prod\n',
      trustPem: 'CERTIFICATE',
      caKeySealed: undefined,
      sealing,
      signer: await this.#signer(),
      store,
      tool: snapshotTool(this.#binaries.artifact.files),
      workDirectory: path.join(this.store, '..', 'work'),
      now: () => new Date(),
      signal: AbortSignal.timeout(60_000),
    })
  }

  /** Changes the records inside the bundle and next to it, so that all checksums are right. */
  async forge(name: string, changes: Partial<Proof>): Promise<void> {
    const bundle = path.join(this.store, name)
    const workDirectory = path.join(this.store, '..', 'work')
    const side = JSON.parse(await readFile(path.join(this.store, sideFileName(name)), 'utf8')) as SideFile
    const data = pieces(await readFile(bundle))
    const trust = { signers: await trustedSigners(this.#home()) }
    await using opened = await openBackup(
      { name, data },
      { ...trust, workDirectory, secret: async () => MINE },
    )
    const { about, clusterFile = '', trustPem = '', caKeySealed, sizeBytes } = opened
    if (about === undefined) throw new TypeError('not a bundle')
    const proof = { ...side.proof, ...changes }
    const whole = await readFile(opened.snapshotFile)
    const fileSha256 = () => createHash('sha256').update(whole).digest('hex')
    const snapshot = { sizeBytes, pieces: pieces(whole), fileSha256 }
    const signer = await this.#signer()
    const prove = async () => proof
    const parts = { name, about, clusterFile, trustPem, caKeySealed, snapshot, prove, signer }
    const forged = await writeBundle(parts, KEYS)
    await rename(bundle, `${bundle}.true`)
    const store = await openDirectoryStore(this.store)
    const hash = createHash('sha256')
    const { sizeBytes: written } = await store.put(name, hashed(forged, hash))
    await rm(`${bundle}.true`)
    const sums = { sizeBytes: written, sha256: hash.digest('hex') }
    await store.write(sideFileName(name), JSON.stringify({ ...side, proof, bundle: sums }))
  }

  async run(...words: string[]) {
    return await quorate(this.file, [...words, '--store', this.store])
  }

  async ok(...words: string[]): Promise<string> {
    return await quorateOk(this.file, [...words, '--store', this.store])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close()
    await this.#cluster[Symbol.asyncDispose]()
  }
}

async function* pieces(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}

async function* hashed(data: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of data) {
    hash.update(piece)
    yield piece
  }
}
