/**
 * Attacks on backups by someone with write access to the backup location who knows the recipients: bundles that the
 * attacker creates, renames, strips and signs. None is used for anything.
 */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { About } from '../../src/backup/bundle.ts'
import { bundleName, parseBundleName, sideFileName } from '../../src/backup/names.ts'
import { openBackup } from '../../src/backup/open.ts'
import { type BundleParts, writeBundle } from '../../src/backup/write.ts'
import type { BackupReport } from '../../src/verbs/backup/take-backup.ts'
import { openDirectoryStore } from '../../src/store/directory.ts'
import type { Signer } from '../../src/signing/ssh-keygen.ts'
import { signerWith } from '../../src/signing/ssh-keygen.ts'
import { testSigner } from '../../src/signing/testing.ts'
import { restoreTitle } from '../../src/cli/render-restore.ts'
import type { ScheduleReport } from '../../src/verbs/schedule/schedule.ts'
import { ORIGIN_UNVERIFIED } from '../../src/verbs/restore/preview.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { opensslCa } from './support/authority.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { refusal } from './support/refusal.ts'
import { typedAt } from './support/terminal.ts'
import { UNCHANGED } from './support/unchanged.ts'

const NOT_TRUSTED = 11
const UNCONFIRMED = 12
const DECLINED = 13
const NODE = 'service01'
const MIRROR = 'http://198.18.0.66/etcd'

describe.skipIf(whyNoLab())('a writer of the bucket', () => {
  let lab: TestLab
  let recipient: string
  let identity: string
  let backup: Record<string, unknown>
  /** The operator's backups, the older one first. */
  const genuine: string[] = []
  const store = () => path.join(lab.folder, 'bucket')
  const place = () => ['--store', store(), '--identity', path.join(lab.folder, 'key.txt')]
  const signers = () => path.join(stateFolder(lab), 'allowed_signers')

  beforeAll(async () => {
    identity = await generateX25519Identity()
    recipient = await identityToRecipient(identity)
    backup = { store: { directory: '/srv/backups' }, recipients: [recipient], schedule: { every: 'hourly' } }
    lab = await testLab({ machines: [{ name: 'etcd01' }, { name: NODE, roles: ['service'] }] })
    await applied(lab, { backup })
    await writeFile(path.join(lab.folder, 'key.txt'), `${identity}\n`, { mode: 0o600 })
    for (let round = 0; round < 2; round++) genuine.push(await take())
  })
  afterAll(async () => await lab.down())

  const take = async () => {
    const words = ['backup', '--store', store(), '--recipient', recipient, '--json']
    return (JSON.parse(await quorateOk(lab, words)) as BackupReport).name
  }

  /** The best possible forgery: a later bundle of the cluster, for its recipients, with any changes. */
  async function forge(changes: Partial<BundleParts>, about: Partial<About> = {}): Promise<string> {
    const [, newest = ''] = genuine
    const data = Readable.from([await readFile(path.join(store(), newest))])
    await using inside = await openBackup(
      { name: newest, data },
      {
        workDirectory: lab.folder,
        secret: async () => ({ kind: 'identities', identities: [identity] }),
        signers: { text: await readFile(signers(), 'utf8'), file: signers() },
      },
    )
    const { about: known, proof, clusterFile = '', trustPem = '', caKeySealed, sizeBytes } = inside
    if (known === undefined || proof === undefined) throw new TypeError('not a bundle')
    const said = { ...known, takenAt: new Date(Date.now() + 60_000).toISOString(), ...about }
    const name = bundleName(said.cluster, new Date(said.takenAt), BigInt(said.readRevision), true)
    const snapshot = await readFile(inside.snapshotFile)
    const parts: BundleParts = {
      name,
      about: said,
      clusterFile,
      trustPem,
      caKeySealed,
      snapshot: {
        sizeBytes,
        pieces: Readable.from([snapshot]),
        fileSha256: () => createHash('sha256').update(snapshot).digest('hex'),
      },
      prove: async () => proof,
      signer: undefined,
      ...changes,
    }
    using bucket = await openDirectoryStore(store())
    const hash = createHash('sha256')
    const bundle = await writeBundle(parts, { kind: 'recipients', recipients: [recipient] })
    const { sizeBytes: written } = await bucket.put(
      name,
      (async function* () {
        for await (const piece of bundle) {
          hash.update(piece)
          yield piece
        }
      })(),
    )
    const side = JSON.parse(await readFile(path.join(store(), sideFileName(newest)), 'utf8')) as object
    const sums = { sizeBytes: written, sha256: hash.digest('hex') }
    await bucket.write(sideFileName(name), JSON.stringify({ ...side, about: said, bundle: sums }))
    return name
  }

  async function forgotten(name: string): Promise<void> {
    for (const file of [name, sideFileName(name)]) await rm(path.join(store(), file), { force: true })
  }

  const verified = async (...words: string[]) =>
    await quorate(lab, ['backup', 'verify', ...words, ...place()])
  const verify = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await verified(...words)
    return `${exitCode} ${stdout}${stderr}`
  }

  test('a genuine backup passes, and says who made it; restored it would be shown so', async () => {
    const [, name = ''] = genuine
    expect(await verify('--drill')).toMatch(/^0 .*\n[^]*signed by operator@test \(SHA256:/)
    const asked = await refusal(lab, ['restore', name, ...place()])
    expect(asked).toMatchObject({ exitCode: UNCONFIRMED, touched: [] })
    expect(asked.output).toContain(`signed by operator@test`)
  })

  test("an attacker's bundle, with their mirror and CA: not verified, not restored, and nothing of it is written", async () => {
    const { pem } = await evilCa()
    const clusterFile = (await readFile(lab.clusterFile, 'utf8')).replace(
      /^etcd:\n/m,
      `etcd:\n  source: { release: { mirror: '${MIRROR}' } }\n`,
    )
    const his = await testSigner(lab.folder, 'operator@test', 'attacker')
    for (const [signer, topic, says] of [
      [his, 'signature/unknown-key', 'operator@test'],
      [undefined, 'signature/unsigned', ''],
      // The operator's signature on another text.
      [
        { ...his, sign: async () => await his.sign('another text') } satisfies Signer,
        'signature/another-signature',
        'operator@test',
      ],
    ] as const) {
      const name = await forge({ signer, clusterFile, trustPem: pem })
      expect(await verify()).toMatch(new RegExp(`^${NOT_TRUSTED} `))
      expect(await verified(name, '--drill')).toFail(topic, { says })
      const restored = await refusal(lab, ['restore', name, ...place(), '--confirm', 'test', '--yes'])
      expect(restored).toFail(topic, { says })
      expect(restored.touched).toEqual([])
      const into = path.join(lab.folder, 'new', 'cluster.yaml')
      const words = ['restore', name, ...place(), '--into', into, '--signers', signers(), '--yes']
      const fresh = await quorate({ clusterFile: into }, words)
      expect(fresh).toFail(topic, { says })
      expect(await readdir(path.dirname(into)).catch(() => 'nothing')).toBe('nothing')
      await forgotten(name)
    }
  })

  async function evilCa(): Promise<{ readonly pem: string }> {
    const folder = path.join(lab.folder, 'evil')
    await mkdir(folder, { recursive: true })
    const { certificate } = await opensslCa(folder, 'evil')
    return { pem: await readFile(path.resolve(folder, certificate), 'utf8') }
  }

  test('an older backup under a newer name is noticed', async () => {
    const [older = '', newest = ''] = genuine
    const later = newest.replace(/\d{8}T/, '29990101T')
    for (const [file, as] of [
      [older, later],
      [sideFileName(older), sideFileName(later)],
    ] as const)
      await copyFile(path.join(store(), file), path.join(store(), as))
    expect(await verified()).toFail('signature/name-of-another-backup', { says: older })
    expect(await refusal(lab, ['restore', later, ...place(), '--confirm', 'test'])).toMatchObject({
      exitCode: NOT_TRUSTED,
      touched: [],
    })
    await forgotten(later)
  })

  test('without its signature a backup counts as unsigned: used only if the operator says so', async () => {
    const name = await forge({})
    const words = ['restore', name, ...place()]
    const scripted = await refusal(lab, [...words, '--confirm', 'test', '--yes'])
    expect(scripted).toFail('signature/unsigned', { fix: '--unsigned' })
    expect(scripted.touched).toEqual([])
    const no = await typedAt(lab, words, { question: "Type 'unsigned'", line: 'yes' })
    expect(no).toMatchObject({
      exitCode: DECLINED,
      stdout: expect.not.stringContaining(restoreTitle('test', name)),
    })
    // From then on it is like any other restore: with a preview and a question.
    const said = await refusal(lab, [...words, '--unsigned'])
    expect(said).toMatchObject({ exitCode: UNCONFIRMED, touched: [] })
    const title = said.output.indexOf(restoreTitle('test', name))
    // A warning, the preview, and the risk again.
    expect(title).toBeGreaterThan(0)
    expect(said.output.indexOf(ORIGIN_UNVERIFIED)).toBeGreaterThan(title)
    expect(said.output.slice(0, title)).toMatch(new RegExp(`! .*${name}`))
    expect(await verified(name)).toFail('signature/unsigned')
    const { stdout } = await verified(name, '--unsigned', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      backups: [{ ok: true, signer: null, notes: [expect.stringContaining('origin')] }],
    })
    await forgotten(name)
  })

  test('onto new machines: what the backup would bring is shown with who signed it, and nothing is written before the yes', async () => {
    const [, name = ''] = genuine
    const into = path.join(lab.folder, 'other', 'cluster.yaml')
    const words = ['restore', name, ...place(), '--into', into]
    const unknown = await quorate({ clusterFile: into }, words)
    expect(unknown).toFail('signature/no-allowed-signers', { fix: '--signers FILE' })
    const asked = await quorate({ clusterFile: into }, [...words, '--signers', signers()])
    expect(asked.exitCode).toBe(UNCONFIRMED)
    expect(asked.stderr).toMatch(
      /signed by operator@test[^]*! ssh\.user: "root"[^]*! etcd\.source\.modules[^]*! CA [0-9A-F:]+/,
    )
    expect(await readdir(path.dirname(into)).catch(() => 'nothing')).toBe('nothing')
    // Next to an existing file: what differs.
    await mkdir(path.dirname(into))
    await writeFile(into, (await readFile(lab.clusterFile, 'utf8')).replace('user: root', 'user: other'))
    const beside = await quorate({ clusterFile: into }, [...words, '--signers', signers()])
    expect(beside.exitCode).toBe(UNCONFIRMED)
    expect(beside.stderr).toMatch(/! ssh\.user: "other" .*, "root" /)
    expect(await readdir(path.dirname(into))).toEqual(['cluster.yaml'])
  })

  const on = async (...argv: string[]) => (await lab.machine(NODE).check(argv)).trim()

  /** The node's newest backup, as stored. */
  async function fetched(): Promise<string> {
    const names = (await on('ls', '/srv/backups')).split('\n')
    const name = names.filter((one) => parseBundleName(one) !== undefined).at(-1) ?? ''
    for (const file of [name, sideFileName(name)]) {
      const data = await on('base64', '-w', '0', `/srv/backups/${file}`)
      await writeFile(path.join(store(), file), Buffer.from(data, 'base64'), { mode: 0o600 })
    }
    return name
  }

  test('a node signs with a key of its own that never leaves it; another one in its place stops the schedule', async () => {
    await quorateOk(lab, ['backup', 'schedule', '--yes'])
    const key = '/etc/quorate-backup/signing.key'
    expect(await on('stat', '-c', '%U:%G %a', key)).toBe('root:root 600')
    expect(await on('sh', '-c', 'runuser -u quorate-backup -- cat "$1" 2>&1 || true', 'sh', key)).toContain(
      'Permission denied',
    )
    const name = await fetched()
    expect(await verify(name)).toMatch(/^0 [^]*signed by node-service01@test/)
    // Its private half is in no local file, and in no process or log on the node.
    const secret = (await on('cat', key)).split('\n')[2] ?? ''
    expect(secret.length).toBeGreaterThan(60)
    const look = `grep -rlsF -- "$1" /etc /var /run /opt /srv /tmp || true; journalctl -o cat | grep -cF -- "$1" || true`
    expect(await on('sh', '-c', look, 'look', secret)).toBe(`${key}\n0`)
    const here = await Promise.all(
      (await readdir(stateFolder(lab), { recursive: true, withFileTypes: true }))
        .filter((file) => file.isFile())
        .map(async (file) => await readFile(path.join(file.parentPath, file.name), 'latin1')),
    )
    expect(here.some((text) => text.includes(secret))).toBe(false)

    await on(
      'sh',
      '-c',
      `rm ${key}; ssh-keygen -q -t ed25519 -N '' -f ${key}; rm ${key}.pub; systemctl start quorate-backup`,
    )
    const other = await fetched()
    expect(await verified(other)).toFail('signature/unknown-key', { says: 'node-service01@test' })
    const again = await quorate(lab, ['backup', 'schedule', '--yes'])
    expect(again).toFail('blocked/another-signing-key', { fix: 'quorate backup signers rotate service01' })
    await quorateOk(lab, ['backup', 'signers', 'rotate', NODE, '--yes'])
    await on('systemctl', 'start', 'quorate-backup')
    expect(await verify(await fetched())).toMatch(/^0 /)
    expect(await quorateOk(lab, ['backup', 'schedule', '--yes'])).toMatch(new RegExp(`^${UNCHANGED}`))
    // Earlier signatures of the first key stay valid; the attacker's don't.
    expect(await verify(name)).toMatch(/^0 /)
    expect(await verify(other)).toMatch(/^11 /)
    await forgotten(other)
  })

  test('keys are replaced and revoked: backups of before count until their key is revoked', async () => {
    const [, name = ''] = genuine
    const key = path.join(stateFolder(lab), 'backup-signing.key')
    const stolen = path.join(lab.folder, 'stolen.key')
    await copyFile(key, stolen)
    expect((await quorate(lab, ['backup', 'signers', 'rotate'])).exitCode).toBe(UNCONFIRMED)
    await quorateOk(lab, ['backup', 'signers', 'rotate', '--yes'])
    expect(await readFile(key, 'utf8')).not.toBe(await readFile(stolen, 'utf8'))
    expect(await verify(name)).toMatch(/^0 /)
    const after = await take()
    expect(await verify(after)).toMatch(/^0 [^]*signed by operator@test/)
    const takenAt = new Date(Date.now() + 3_600_000).toISOString()
    const late = await forge({ signer: signerWith(stolen, 'operator@test') }, { takenAt })
    expect(await verified(late)).toFail('signature/expired-key')
    await forgotten(late)

    const list = JSON.parse(await quorateOk(lab, ['backup', 'signers', '--json'])) as {
      readonly signers: readonly {
        readonly principals: string
        readonly fingerprint: string
        readonly until: string | null
      }[]
    }
    const old = list.signers.find(({ principals, until }) => principals === 'operator@test' && until !== null)
    const revoke = ['backup', 'signers', 'revoke', old?.fingerprint ?? '']
    expect((await quorate(lab, [...revoke, '--yes'])).exitCode).toBe(UNCONFIRMED)
    await quorateOk(lab, [...revoke, '--confirm', 'test'])
    expect(await verified(name)).toFail('signature/revoked-key')
    expect(await verify(after)).toMatch(/^0 /)

    // A node's key: the node gets a new one when its schedule is set up again, and not the revoked one.
    const before = await fetched()
    await quorateOk(lab, ['backup', 'signers', 'revoke', 'node-service01@test', '--confirm', 'test'])
    expect(await verified(before)).toFail('signature/revoked-key')
    const report = JSON.parse(
      await quorateOk(lab, ['backup', 'schedule', '--yes', '--json']),
    ) as ScheduleReport
    expect(report.done.map(({ kind }) => kind)).toContain('signing-key')
    await rename(path.join(store(), before), path.join(lab.folder, 'away'))
    expect(await verify(await fetched())).toMatch(/^0 /)
    expect(await quorateOk(lab, ['backup', 'signers'])).toMatch(
      /node-service01@test +SHA256:\S+ +no: revoked/,
    )
  })
})
