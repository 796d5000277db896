/** `quorate backup` of real clusters: complete, readable only with its secret, and stored completely or not at all. */
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseBundleName } from '../../src/backup/names.ts'
import { openBackup } from '../../src/backup/open.ts'
import { unseal } from '../../src/backup/sealing.ts'
import { KV } from '../../src/etcd/gen/kv_pb.ts'
import { loadClusterFile } from '../../src/cluster-file/load.ts'
import { openClusterSession } from '../../src/verbs/open-session.ts'
import type { ScheduleReport } from '../../src/verbs/schedule/schedule.ts'
import { operatorSigner, trustedSigners } from '../../src/backup/signers.ts'
import { type BackupReport, takeBackup } from '../../src/verbs/backup/take-backup.ts'
import { allMembers } from '../../src/tiers/etcd/session.ts'
import { openDirectoryStore } from '../../src/store/directory.ts'
import { LAB_ETCD, etcdBinaries } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type EtcdClient, INTACT, openEtcdClient } from './support/etcd-client.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { S3_SECRET, startS3Server } from './support/s3-server.ts'
import { etcdctlHere } from './support/tools.ts'
import type { ErrorTopic } from '../../src/error-ids.ts'
import type { ErrorCode } from '../../src/errors.ts'

const KILLED = 137

describe.skipIf(whyNoLab())('backup', () => {
  let lab: TestLab
  let etcdClient: EtcdClient
  let recipient: string
  let identity: string
  beforeAll(async () => {
    identity = await generateX25519Identity()
    recipient = await identityToRecipient(identity)
    lab = await testLab({ machines: 3 })
    await applied(lab)
    etcdClient = await openEtcdClient(lab)
  })
  afterEach(async () => await lab.writeCluster({}))
  afterAll(async () => {
    etcdClient[Symbol.dispose]()
    await lab.down()
  })

  const folder = (name: string) => path.join(lab.folder, name)
  const put = async (key: string, value: string) =>
    await etcdctlHere(lab, { addresses: lab.machines.map(({ address }) => address) }, ['put', key, value])
  const opened = async (store: string, name: string) => {
    using from = await openDirectoryStore(store)
    return await openBackup(
      { name, data: await from.get(name) },
      {
        workDirectory: lab.folder,
        secret: async () => ({ kind: 'identities', identities: [identity] }),
        signers: await trustedSigners({ stateDirectory: stateFolder(lab) }),
      },
    )
  }

  test('from the command line: one private file that its key opens, with everything in it', async () => {
    await put('a', 'one')
    const recorder = await etcdClient.record()
    const words = ['backup', '--store', folder('keys'), '--recipient', recipient, '--json']
    const report = JSON.parse(await quorateOk(lab, words)) as BackupReport
    expect(await recorder.stop()).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })

    const [leader] = await etcdClient.healthyVoters(3)
    expect(report.about.member).not.toBe(leader)
    expect(report).toMatchObject({ sealed: 'recipients', recipients: [recipient], caKey: true })
    expect(BigInt(report.proof.status.revision)).toBeGreaterThanOrEqual(BigInt(report.about.readRevision))
    expect(report.proof.hashKv?.revision).toBe(report.proof.status.revision)
    expect((await stat(path.join(stateFolder(lab), 'backup-signing.key'))).mode & 0o777).toBe(0o600)
    const file = path.join(folder('keys'), report.name)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(`${file}.json`, 'utf8'))).toMatchObject({ bundle: report.bundle })

    await using inside = await opened(folder('keys'), report.name)
    expect(inside.about).toEqual(report.about)
    expect(inside.signer).toMatchObject({ principal: 'operator@test', name: report.name })
    expect(inside.clusterFile).toBe(await readFile(lab.clusterFile, 'utf8'))
    const [certificate, key] = await Promise.all(
      ['ca.crt', 'ca.key'].map(
        async (name) => await readFile(path.join(stateFolder(lab), 'ca', name), 'utf8'),
      ),
    )
    expect(inside.trustPem).toContain(certificate?.trim())
    const sealed = inside.caKeySealed ?? Buffer.alloc(0)
    const pem = await text(
      await unseal({ kind: 'identities', identities: [identity] }, one(sealed), 'the key'),
    )
    expect(publicPem(pem)).toBe(publicPem(key ?? ''))
    // Nothing of it was written on the nodes, and nothing is left locally.
    expect((await readdir(stateFolder(lab))).filter((name) => name.startsWith('.backup-'))).toEqual([])
  })

  test('the leader is killed, then the member that is being read: another one is taken, and it is complete', async () => {
    const { cluster } = await loadClusterFile(lab.clusterFile)
    await using session = await openClusterSession(cluster)
    const clients = await allMembers(session)
    const [first] = clients
    // More than fits into the buffers.
    for (let index = 0; index < 16; index++)
      await first?.call(KV.method.put, { key: Buffer.from(`large/${index}`), value: randomBytes(1024 ** 2) })
    const [leader] = await etcdClient.healthyVoters(3)
    using store = await openDirectoryStore(folder('killed'))
    const read: string[] = []
    const kill = async (name: string) =>
      void (await lab.machine(name).check(['systemctl', 'kill', '--signal=KILL', 'etcd']))
    const strike = async function* (body: AsyncIterable<Uint8Array>) {
      for await (const piece of body) {
        yield piece
        if (read.length === 1) await kill(read[0] ?? '')
      }
    }
    const { directory } = await etcdBinaries(LAB_ETCD.version)
    const report = await takeBackup({
      cluster: { name: 'test', nodes: [] },
      clients,
      clusterFile: '',
      trustPem: '',
      caKeySealed: undefined,
      sealing: { kind: 'recipients', recipients: [recipient] },
      signer: await operatorSigner(cluster, { now: new Date() }),
      store: {
        ...store,
        put: async (name, body, options) => {
          if (read.length === 0) await kill(leader)
          return await store.put(name, strike(body), options)
        },
      },
      tool: { name: 'etcdutl', path: path.join(directory, 'etcdutl') },
      workDirectory: lab.folder,
      now: () => new Date(),
      signal: new AbortController().signal,
      onProgress: (name) => {
        if (read.at(-1) !== name) read.push(name)
      },
    })
    expect(read).toHaveLength(2)
    expect(report.about.member).toBe(read[1])
    await using inside = await opened(folder('killed'), report.name)
    expect(inside.proof).toEqual(report.proof)
    expect(await readdir(folder('killed'))).toEqual([report.name, `${report.name}.json`])
    await etcdClient.healthyVoters(3)
  })

  test("without a majority there is nothing worth keeping: refused with each member's reason", async () => {
    const [leader, other] = await etcdClient.healthyVoters(3)
    for (const name of [leader, other ?? '']) await lab.machine(name).check(['systemctl', 'stop', 'etcd'])
    try {
      const run = await quorate(lab, ['backup', '--store', folder('alone'), '--recipient', recipient])
      expect(run).toFail('unhealthy/no-member-to-back-up', {
        says: /:\n(?:.*\n)*.*etcd0\d: /,
        fix: 'quorate status',
      })
      expect(await readdir(folder('alone'))).toEqual([])
    } finally {
      for (const name of [leader, other ?? '']) await lab.machine(name).check(['systemctl', 'start', 'etcd'])
      await etcdClient.healthyVoters(3)
    }
  })

  test('killed with -9 on the way: no backup of that name, and the next run sweeps up', async () => {
    const store = folder('swept')
    await mkdir(store, { mode: 0o700 })
    const run = startQuorate(lab, ['backup', '--store', store, '--recipient', recipient])
    // Its partial file exists as soon as bytes arrive.
    const deadline = performance.now() + 60_000
    while ((await readdir(store)).length === 0 && performance.now() < deadline)
      await new Promise(setImmediate)
    run.child.kill('SIGKILL')
    expect((await run.ended).exitCode).toBe(KILLED)
    expect(await bundles(store)).toEqual([])
    expect((await readdir(store)).filter((name) => name.endsWith('.part'))).toHaveLength(1)
    await quorateOk(lab, ['backup', '--store', store, '--recipient', recipient])
    expect((await readdir(store)).filter((name) => name.endsWith('.part'))).toEqual([])
    expect((await readdir(stateFolder(lab))).filter((name) => name.startsWith('.backup-'))).toEqual([])
  })

  test('in a bucket: taken by hand and by a node, listed, restored for a trial, and the cluster restored from it', async () => {
    // On an address that the machines can reach as well: the first one of their network.
    await using s3 = await startS3Server(lab.machine('etcd01').address.replace(/\d+$/, '1'))
    await s3.client.send(new CreateBucketCommand({ Bucket: 'etcd-backups' }))
    const { endpoint, ca, credentials } = s3.location('etcd-backups')
    const bucket = { bucket: 'etcd-backups', prefix: 'lab', endpoint, ca, credentials }
    await lab.writeCluster({ backup: { store: { s3: bucket }, recipients: [recipient] } })
    const key = folder('backup.key')
    await writeFile(key, `${identity}\n`, { mode: 0o600 })
    await put('bucket', 'before')
    const { name } = JSON.parse(await quorateOk(lab, ['backup', '--json'])) as BackupReport
    await put('bucket', 'after')
    expect(await quorateOk(lab, ['backup', 'list'])).toContain(name)
    await quorateOk(lab, ['backup', 'verify', '--drill', '--identity', key])
    const listed = JSON.parse(await quorateOk(lab, ['backup', 'list', '--json'])) as {
      readonly backups: readonly { readonly name: string; readonly proven?: { readonly provenAt: string } }[]
    }
    expect(listed.backups).toMatchObject([{ name, proven: { provenAt: expect.any(String) } }])
    const scheduled = ['backup', 'schedule', '--node', 'etcd03', '--yes']
    const { first } = JSON.parse(await quorateOk(lab, [...scheduled, '--json'])) as ScheduleReport
    expect(await quorateOk(lab, ['backup', 'list'])).toMatch(new RegExp(`${first?.name} [^]*${name} `))
    expect(await traceOfSecret()).toBe('/etc/quorate-backup/store-credentials.yaml: quorate-backup 600\n')
    await quorateOk(lab, ['backup', 'schedule', '--remove', '--yes'])
    expect(await traceOfSecret()).toBe('')

    await quorateOk(lab, ['restore', name, '--identity', key, '--confirm', 'test'])
    const { stdout } = await etcdctlHere(lab, { addresses: lab.machines.map(({ address }) => address) }, [
      'get',
      'bucket',
      '--print-value-only',
    ])
    expect(stdout.trim()).toBe('before')
  })

  /** Where the S3 secret key is found on the node: in files, in the journal, in the environment of processes. */
  async function traceOfSecret(): Promise<string> {
    const look = `{ grep -rlsF "$1" /etc /var /run /opt /usr/local /srv /tmp --exclude-dir=journal || true; } |
        while read -r file; do stat -c '%n: %U %a' "$file"; done
      journalctl -o cat | grep -F "$1" || true
      cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep -aF "$1" | grep -av 'journalctl -o cat' || true`
    return await lab.machine('etcd03').check(['sh', '-c', look, 'look', S3_SECRET])
  }

  test('nonsense is refused before anything is connected to, and no secret is in a message', async () => {
    const cases: [string[], ErrorCode | ErrorTopic, string | RegExp][] = [
      [['--recipient', recipient], 'usage/no-backup-location', 'backup.store'],
      [['--store', folder('x'), '--recipient', 'ssh-rsa'], 'usage', '"ssh-rsa"'],
      [['--store', folder('x'), '--recipient', identity], 'usage', 'secret key'],
      [
        ['--store', folder('x'), '--plaintext', '--recipient', recipient],
        'usage/conflicting-options',
        /--plaintext .*--recipient/,
      ],
      [['--store', folder('x')], 'permission/secret-needs-an-answer', ''],
      [['--store', 's3://No_Bucket/x', '--recipient', recipient], 'usage', '"No_Bucket"'],
      [['--store', '/proc/x', '--recipient', recipient], 'store', '/proc/x'],
    ]
    for (const [words, topic, says] of cases) {
      const run = await quorate(lab, ['backup', ...words])
      expect(run).toFail(topic, { says })
      expect(run.stderr).not.toContain(identity.slice(20))
    }
  })

  test('in the open only where that is asked for, and then without the key of the CA', async () => {
    const out = await quorateOk(lab, ['backup', '--store', folder('open'), '--plaintext'])
    expect(out).toContain('NOT encrypted')
    const [name = ''] = await bundles(folder('open'))
    expect(name).toMatch(/\.bundle$/)
    await using inside = await opened(folder('open'), name)
    expect(inside.caKeySealed).toBeUndefined()
    expect(inside.proof?.sizeBytes).toBe(inside.sizeBytes)
  })

  test('etcd 3.4, with a passphrase from a file; the cluster file says where to', async () => {
    const store = folder('old')
    const etcd = { version: '3.4.23', source: { debian: { suite: 'bookworm' } } }
    await applied(lab, { etcd, backup: { store: { directory: store } } })
    const file = folder('passphrase')
    await writeFile(file, 'correct horse\n', { mode: 0o600 })
    const report = JSON.parse(
      await quorateOk(lab, ['backup', '--json', '--passphrase-file', file]),
    ) as BackupReport
    expect(report.about.etcdVersion).toBe('3.4.23')
    using from = await openDirectoryStore(store)
    const data = { name: report.name, data: await from.get(report.name) }
    await using inside = await openBackup(data, {
      workDirectory: lab.folder,
      secret: async () => ({ kind: 'passphrase', passphrase: 'correct horse' }),
      signers: await trustedSigners({ stateDirectory: stateFolder(lab) }),
    })
    expect(inside.proof).toEqual(report.proof)
    await rm(file)
  })
})

async function bundles(store: string): Promise<readonly string[]> {
  return (await readdir(store)).filter((name) => parseBundleName(name) !== undefined)
}

function publicPem(key: string) {
  return createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'pem' })
}

async function* one(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}

async function text(data: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const piece of data) all.push(piece)
  return Buffer.concat(all).toString()
}
