/**
 * A node takes backups by itself: its unit, its failures, how they are reported, and what is left after its removal.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { mkdtemp, readFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BundleName, parseBundleName } from '../../src/backup/names.ts'
import { openBackup } from '../../src/backup/open.ts'
import { unseal } from '../../src/backup/sealing.ts'
import type { CertificateList } from '../../src/verbs/certificates/list.ts'
import { trustedSigners } from '../../src/backup/signers.ts'
import { SCHEDULE_USER } from '../../src/schedule/places.ts'
import type { ScheduleReport } from '../../src/verbs/schedule/schedule.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { forge } from './support/authority.ts'
import { reportOf } from './support/events.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { leftovers } from './support/no-trace.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { UNCHANGED } from './support/unchanged.ts'

const NODE = 'service01'
const STORE = '/srv/backups'
const SERVICE = 'quorate-backup.service'
/** The directory from which Debian's node exporter reads. */
const COLLECTOR = '/var/lib/prometheus/node-exporter'
const METRICS = `${COLLECTOR}/quorate_backup.prom`

function newestOfHours(all: readonly (BundleName | undefined)[]): Iterable<string> {
  const hours = all.flatMap((one) =>
    one === undefined ? [] : [[one.name.slice(0, 'test-20261122T21'.length), one.name] as const],
  )
  return new Map(hours).values()
}

describe.skipIf(whyNoLab())('backups on a schedule', () => {
  let lab: TestLab
  let backup: Record<string, unknown>
  let identity: string
  beforeAll(async () => {
    identity = await generateIdentity()
    const recipient = await identityToRecipient(identity)
    backup = { store: { directory: STORE }, recipients: [recipient], schedule: { every: 'hourly' } }
    lab = await testLab({
      machines: [
        ...['etcd01', 'etcd02', 'etcd03'].map((name) => ({ name })),
        { name: NODE, roles: ['service'] },
      ],
    })
    await applied(lab, { backup })
    await lab.machine(NODE).exec(['mkdir', '-p', COLLECTOR])
  })
  afterAll(async () => {
    await lab.down()
  })

  const on = async (node: string, ...argv: string[]) => (await lab.machine(node).exec(argv)).stdout.trim()
  const notes = async () => (await statusOf(lab)).report.cluster.noteDetails
  const bundles = async () =>
    (await on(NODE, 'ls', STORE)).split('\n').flatMap((name) => parseBundleName(name) ?? [])

  test('nothing is done without a yes; then the timer is there, and a first backup in the store', async () => {
    expect(await quorate(lab, ['backup', 'schedule'])).toMatchObject({
      exitCode: 12,
      stderr: expect.stringMatching(/service01 takes backups \(hourly\)[\s\S]*root on service01[\s\S]*--yes/),
    })
    expect(await on(NODE, 'sh', '-c', 'id quorate-backup 2>&1 || true')).toContain('no such user')

    // An interrupted run is continued.
    const killed = startQuorate(lab, ['backup', 'schedule', '--yes'])
    killed.child.stderr?.on('data', (said: string) => {
      if (said.includes('done: ') && said.includes(SCHEDULE_USER)) killed.child.kill('SIGKILL')
    })
    expect((await killed.ended).exitCode).not.toBe(0)

    const report = JSON.parse(
      await quorateOk(lab, ['backup', 'schedule', '--yes', '--json']),
    ) as ScheduleReport
    expect(report.done.map(({ kind }) => kind)).not.toContain('user')
    expect(report).toMatchObject({ changed: true, node: NODE, next: expect.stringMatching(/^20.*Z$/) })
    const [first] = await bundles()
    expect(first?.name).toBe(report.first?.name)
    expect(first).toMatchObject({ cluster: 'test', encrypted: true })

    const timer = await on(NODE, 'systemctl', 'show', 'quorate-backup.timer')
    expect(timer).toContain('Persistent=yes')
    expect(timer).toContain('UnitFileState=enabled')
    expect(timer).toMatch(/TimersCalendar=\{ OnCalendar=\*-\*-\* \*:00:00/)
    expect(await on(NODE, 'stat', '-c', '%U %a', '/etc/quorate-backup/client.key')).toBe('root 640')
    expect(await on(NODE, 'cat', METRICS)).toMatch(/^quorate_backup_size_bytes\{cluster="test"\} [1-9]/m)
    expect(await leftovers(lab.machines)).toEqual([])
  })

  test("what the node stored, and can't open, is enough to recreate the cluster", async () => {
    const [{ name } = { name: '' }] = await bundles()
    const data = Buffer.from(await on(NODE, 'base64', '-w', '0', `${STORE}/${name}`), 'base64')
    const secret = { kind: 'identities', identities: [identity] } as const
    const open = async (identities: readonly string[]) =>
      await openBackup(
        { name, data: Readable.from([data]) },
        {
          workDirectory: lab.folder,
          secret: async () => ({ kind: 'identities', identities }),
          signers: await trustedSigners({ stateDirectory: stateFolder(lab) }),
        },
      )
    await expect(open([await generateIdentity()])).rejects.toFail('backup/wrong-secret')

    await using bundle = await open([identity])
    expect(bundle.about).toMatchObject({ cluster: 'test', etcdVersion: LAB_ETCD.version })
    // With its own key, which is passed to the service and which only root can read on the node.
    expect(bundle.signer).toMatchObject({ principal: 'node-service01@test', name })
    expect(await on(NODE, 'stat', '-c', '%U %a', '/etc/quorate-backup/signing.key')).toBe('root 600')
    expect(bundle.clusterFile).toBe(await readFile(lab.clusterFile, 'utf8'))
    const sealed = Readable.from([Buffer.from(bundle.caKeySealed ?? '')])
    const pem = (await text(await unseal(secret, sealed, 'CA key'))).trim()
    const ca = new X509Certificate(bundle.trustPem ?? '')
    expect(ca.checkPrivateKey(createPrivateKey(pem))).toBe(true)
    expect(await on(NODE, 'cat', '/etc/quorate-backup/ca-key.age')).toContain('BEGIN AGE ENCRYPTED FILE')
  })

  test('other times change the timer and nothing else; run again it changes nothing', async () => {
    const words = '--node service01 --every day --keep daily=14,monthly=12'.split(' ')
    const report = JSON.parse(
      await quorateOk(lab, ['backup', 'schedule', ...words, '--yes', '--json']),
    ) as ScheduleReport
    expect(report.done.map(({ what }) => what)).toEqual([
      'write /etc/quorate-backup/config.json',
      'write /etc/systemd/system/quorate-backup.timer',
    ])
    expect(report.next).toMatch(/T00:0\d:\d\d/)
    expect(await quorateOk(lab, ['backup', 'schedule', ...words])).toMatch(
      new RegExp(`^${UNCHANGED}: service01 `),
    )
    // quorate itself is on the node, and everything that it needs to read the backup location.
    const there = ['/usr/local/lib/quorate/quorate', '-f', '/etc/quorate-backup/cluster.yaml']
    const list = await quorateOk(lab, ['run', NODE, '--', ...there, 'backup', 'list'])
    expect(list).toContain(report.first?.name)
  })

  test('each run keeps the newest of its hour; a store that fails is seen, and so is that it works again', async () => {
    const [first] = await bundles()
    await on(NODE, 'systemctl', 'start', SERVICE)
    const second = (await bundles()).at(-1)
    expect(second?.takenAt.getTime()).toBeGreaterThan(first?.takenAt.getTime() ?? Infinity)
    // Two only if an hour ended exactly between them.
    expect((await bundles()).map(({ name }) => name)).toEqual([...newestOfHours([first, second])])

    await on(NODE, 'chmod', '500', STORE)
    const failed = await lab.machine(NODE).exec(['systemctl', 'start', SERVICE])
    expect(failed.exitCode).not.toBe(0)
    expect(await on(NODE, 'systemctl', 'is-failed', SERVICE)).toBe('failed')
    expect(await on(NODE, 'cat', METRICS)).toMatch(/^quorate_backup_failures_total\{cluster="test"\} 1$/m)
    expect(await notes()).toEqual([
      { id: 'backup-failed', host: NODE, message: expect.stringContaining(STORE) as string },
    ])
    expect((await quorate(lab, ['status'])).stdout).toMatch(/! service01: .*srv.backups/)
    expect((await bundles()).at(-1)).toEqual(second)

    await on(NODE, 'chmod', '700', STORE)
    await on(NODE, 'systemctl', 'start', SERVICE)
    expect(await on(NODE, 'cat', METRICS)).toMatch(/^quorate_backup_last_run_failed\{cluster="test"\} 0$/m)
    const well = await quorateOk(lab, ['status'])
    expect(well).toMatch(/backups: service01, daily; latest .* ago, revision \d+, .*; next in .*;/)
    expect((await statusOf(lab)).report.backups).toMatchObject({
      node: NODE,
      problem: null,
      lastProven: null,
    })
    expect(well).not.toContain('!')
  })

  test('its certificate is listed; an expired one is reported, and renewed like all others', async () => {
    const list = JSON.parse(await quorateOk(lab, ['certs', 'list', '--json'])) as CertificateList
    expect(list.certificates.filter(({ host }) => host === NODE)).toMatchObject([
      { owner: 'quorate-backup', kind: 'client', file: '/etc/quorate-backup/client.crt', daysLeft: 364 },
    ])
    expect(await reportOf(lab, ['certs', 'renew'])).toMatchObject({ changed: false })
    const expired = await expire()
    expect((await lab.machine(NODE).exec(['systemctl', 'start', SERVICE])).exitCode).not.toBe(0)
    expect(await notes()).toContainEqual({
      id: 'backup-certificate',
      host: NODE,
      message: expect.stringMatching(/expired.*quorate certs renew$/),
    })
    const asked = await quorate(lab, ['certs', 'renew'])
    expect(asked).toMatchObject({
      exitCode: 12,
      stderr: expect.stringMatching(/service01\n.*certificate.*backups/),
    })
    expect(await certificate()).toBe(expired)
    const said = await quorateOk(lab, ['certs', 'renew', '--yes', '--json'])
    const done = JSON.parse(said.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
    const schedule = { host: NODE, notAfter: expect.stringMatching(/^20.*Z$/) }
    expect(done).toMatchObject({ type: 'done', changed: true, steps: 0, clients: [], schedule })
    expect(await on(NODE, 'stat', '-c', '%U %a', '/etc/quorate-backup/client.key')).toBe('root 640')
    await lab.machine(NODE).check(['systemctl', 'start', SERVICE])
    expect(await quorateOk(lab, ['status'])).not.toContain('!')
    expect(await reportOf(lab, ['certs', 'renew'])).toMatchObject({ changed: false })

    await expire()
    const words = '--every day --keep daily=14,monthly=12 --yes --json'.split(' ')
    const again = JSON.parse(await quorateOk(lab, ['backup', 'schedule', ...words])) as ScheduleReport
    expect(again.done.map(({ kind }) => kind)).toEqual(['certificate'])
  })

  const certificate = async () => await on(NODE, 'cat', '/etc/quorate-backup/client.crt')

  /** The present key; returns what is in effect then. */
  async function expire(): Promise<string> {
    const file = '/etc/quorate-backup/client.crt'
    const key = '/etc/quorate-backup/client.key'
    const csr = await on(NODE, 'openssl', 'req', '-new', '-key', key, '-subj', '/CN=quorate-backup')
    const folder = await mkdtemp(path.join(lab.folder, 'expired-'))
    const ca = path.join(stateFolder(lab), 'ca')
    const authority = { certificate: path.join(ca, 'ca.crt'), key: path.join(ca, 'ca.key') }
    const life = { notBefore: '20250101000000Z', notAfter: '20250601000000Z' }
    const pem = await forge(folder, authority, { csr, names: 'DNS:localhost', ...life })
    await lab.machine(NODE).writeFile(file, pem)
    await on(NODE, 'chown', 'root:quorate-backup', file)
    await on(NODE, 'chmod', '640', file)
    return await certificate()
  }

  test('the CA is rotated beneath it: set up again after the first stage and the last, it never fails', async () => {
    const setUp = async () => {
      const words = '--every day --keep daily=14,monthly=12 --yes --json'.split(' ')
      const { done } = JSON.parse(await quorateOk(lab, ['backup', 'schedule', ...words])) as ScheduleReport
      await lab.machine(NODE).check(['systemctl', 'start', SERVICE])
      return done.map(({ kind }) => kind)
    }
    const rotate = async (...words: string[]) => {
      await quorateOk(lab, ['certs', 'rotate-ca', ...words, '--yes'])
      return (await quorate(lab, ['status'])).stdout
    }
    expect(await rotate('--trust-only')).toMatch(/! service01: .*quorate backup schedule/)
    expect(await setUp()).toContain('certificate')
    expect(await on(NODE, 'grep', '-c', 'BEGIN', '/etc/quorate-backup/ca.crt')).toBe('2')
    await rotate()
    await lab.machine(NODE).check(['systemctl', 'start', SERVICE])
    expect(await rotate('--finish')).toMatch(/! service01: .*quorate backup schedule/)
    await lab.machine(NODE).check(['systemctl', 'start', SERVICE])
    await setUp()
    expect(await on(NODE, 'grep', '-c', 'BEGIN', '/etc/quorate-backup/ca.crt')).toBe('1')
    expect(await quorateOk(lab, ['status'])).not.toContain('!')
  })

  test('a machine that was off when its time came takes the backup when it is up again', async () => {
    const machine = lab.machine(NODE)
    const last = (await bundles()).at(-1)
    // At once, without the random delay of a few minutes that separates clusters with the same backup location.
    const soon = '/etc/systemd/system/quorate-backup.timer.d/soon.conf'
    await machine.writeFile(soon, '[Timer]\nRandomizedDelaySec=0\n')
    // Daily, with the last run at the time of this stamp: the node was off for two days.
    await on(NODE, 'touch', '-d', '2 days ago', '/var/lib/systemd/timers/stamp-quorate-backup.timer')
    await machine.kill()
    await machine.boot()
    await expect
      .poll(async () => (await bundles()).at(-1)?.takenAt.getTime(), { timeout: 60_000, interval: 500 })
      .toBeGreaterThan(last?.takenAt.getTime() ?? Infinity)
    await expect
      .poll(async () => await on(NODE, 'systemctl', 'is-active', SERVICE), { timeout: 60_000 })
      .toBe('inactive')
    expect(await quorateOk(lab, ['status'])).toMatch(/backups: service01, daily; latest .* ago/)
    await on(NODE, 'rm', '-r', path.dirname(soon))
    await on(NODE, 'systemctl', 'daemon-reload')
  })

  test('another node takes over, and the first forgets all of it but the backups', async () => {
    expect(await traces(NODE)).toContain('/usr/local/lib/quorate')
    await quorateOk(lab, ['backup', 'schedule', '--node', 'etcd03', '--yes'])
    expect(await traces(NODE)).toEqual('')
    expect(await bundles()).not.toEqual([])
    expect(await on('etcd03', 'systemctl', 'is-active', 'quorate-backup.timer')).toBe('active')
    expect(await notes()).toContainEqual({
      id: 'schedule-on-another-node',
      host: 'etcd03',
      message: expect.stringMatching(/\bservice01\b.*quorate backup schedule$/),
    })
    await lab.writeCluster({ backup: { store: backup['store'], recipients: backup['recipients'] } })
    const unnamed = (await quorate(lab, ['status'])).stdout
    expect(unnamed).toMatch(/backups: etcd03, .*latest/)
    expect((await notes()).map(({ id }) => id)).not.toContain('schedule-on-another-node')
    await lab.writeCluster({ backup })

    expect(await quorateOk(lab, ['backup', 'schedule', '--remove', '--yes'])).toContain('no node')
    expect(await traces('etcd03')).toEqual('')
    expect(await on('etcd03', 'sh', '-c', `stat -c '%U %a' ${STORE} ${STORE}/*.age`)).toBe(
      'root 700\nroot 600',
    )
    expect(await quorateOk(lab, ['backup', 'schedule', '--remove'])).toContain(UNCHANGED)
    expect(await notes()).toMatchObject([{ id: 'schedule-is-missing', host: NODE }])
  })

  async function traces(node: string): Promise<string> {
    const look =
      'find / -xdev ( -name *quorate-backup* -o -name quorate_backup* -o -path /usr/local/lib/quorate ) -not -path /proc/*'
    const files = await lab.machine(node).exec(['find', ...look.split(' ').slice(1)])
    const user = await on(node, 'sh', '-c', 'getent passwd quorate-backup || true')
    return `${files.stdout}${user}`
  }

  test('what is missing, or impossible, is refused with what to do', async () => {
    const refused = async (changes: Record<string, unknown>, ...words: string[]) => {
      await lab.writeCluster({ backup: { ...backup, ...changes } })
      return await quorate(lab, ['backup', 'schedule', '--yes', ...words])
    }
    expect(await refused({ recipients: [] })).toFail('cluster-file', {
      says: ['backup.schedule', 'backup.recipients', 'age-keygen'],
    })
    expect(await refused({}, '--every', 'Tue 25:00')).toFail('usage/not-a-repeating-time', {
      says: 'Tue 25:00',
    })
    expect(await refused({ store: { directory: '/home/backups' } })).toFail('usage/unfit-backup-directory', {
      says: '/home/backups',
    })
    expect(await refused({}, '--node', 'nobody')).toFail('usage/no-such-node', {
      says: 'nobody',
      fix: 'service01',
    })
    expect(await readFile(lab.clusterFile, 'utf8')).toContain('backup')
  })
})
