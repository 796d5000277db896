/** Restores a whole cluster: killed at every step, without a machine, onto new machines; compared key by key. */
import { readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { takeSnapshot } from '../../src/etcd/snapshot.ts'
import { openSnapshot, statusOf as snapshotStatus } from '../../src/verbs/restore/source.ts'
import { restore } from '../../src/verbs/restore/restore.ts'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { allMembers } from '../../src/tiers/etcd/session.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { sessionOf } from './support/fill.ts'
import { applied, freshState, keptSigners, stateFolder } from './support/fresh.ts'
import { type ToolEvent, held, on } from './support/held.ts'
import { type Written, contentsAt, contentsNow, writeHistory } from './support/history.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { refusal } from './support/refusal.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { WHOLE, outcomeOf } from './support/whole.ts'

/** The amount by which a restore raises the revision, if etcd can. */
const BUMP = 1_000_000_000

const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml'

/** One step of each kind, at whose start quorate is killed; and once more in the middle of the replacement. */
const DEATHS = [
  'step-done restore-stage',
  'step-started restore-halt',
  'step-started stop',
  'step-done restore-place',
  'step-started start',
  'step-started verify',
  'step-done restore-finish',
]

/** In the middle of it: no other command may touch the cluster. */
const UNFINISHED = DEATHS.slice(2, 4)

describe.skipIf(whyNoLab())('restore', () => {
  let lab: TestLab
  let bundle = ''
  let revision = 0n
  let history: readonly Written[] = []
  const secret = () => ['--identity', path.join(lab.folder, 'key.txt')]

  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
    await consumers()
    const identity = await generateX25519Identity()
    await writeFile(path.join(lab.folder, 'key.txt'), `${identity}\n`, { mode: 0o600 })
    await using session = await sessionOf(lab)
    history = await writeHistory(session, 120, 'kept')
    const store = path.join(lab.folder, 'backups')
    const recipient = await identityToRecipient(identity)
    const taken = await quorateOk(lab, ['backup', '--store', store, '--recipient', recipient, '--json'])
    const report = JSON.parse(taken) as { name: string; proof: { status: { revision: string } } }
    bundle = path.join(store, report.name)
    revision = BigInt(report.proof.status.revision)
    history = [...history, ...(await writeHistory(session, 40, 'lost'))]
  })
  afterAll(async () => await lab.down())

  test('a bundle that was cut off, one of another cluster, a machine that is down: refused, and nothing is touched', async () => {
    const cut = path.join(lab.folder, 'cut.bundle.age')
    await writeFile(cut, await readFile(bundle))
    await truncate(cut, 3000)
    const damaged = await refusal(lab, ['restore', cut, ...secret(), '--confirm', 'test'])
    expect(damaged).toMatchObject({ exitCode: 10, touched: [] })
    await lab.writeCluster({ name: 'other', state: stateFolder(lab) })
    const foreign = await refusal(lab, ['restore', bundle, ...secret(), '--confirm', 'other'])
    await lab.writeCluster({})
    expect(foreign.touched).toEqual([])
    expect(foreign).toFail('backup/backup-of-another-cluster', { says: /'test'.*'other'/ })
    await lab.machine('etcd03').check(['systemctl', 'stop', 'ssh'])
    const alone = await refusal(lab, ['restore', bundle, ...secret(), '--confirm', 'test'])
    await lab.machine('etcd03').check(['systemctl', 'start', 'ssh'])
    expect(alone).toMatchObject({ exitCode: 69, touched: [] })
    expect(alone.output).toContain('--without etcd03')
    const unasked = await refusal(lab, ['restore', bundle, ...secret(), '--yes'])
    expect(unasked).toMatchObject({ exitCode: 12, touched: [] })
    expect(unasked.output).toContain(` at revision ${history.at(-1)?.revision}`)
  })

  test('stopped by Ctrl-C before anything was stopped: what was restored next to the data is removed again', async () => {
    const words = ['restore', bundle, ...secret(), '--confirm', 'test', '--json']
    let told = false
    const { ended } = startQuorate(lab, words, {
      onLine: (line, child) => {
        // During that step: a moment later everything would have been stopped, without a rollback. Only once: a second
        // Ctrl-C means not to wait for anything.
        if (told || !on('step-started restore-stage')(JSON.parse(line) as ToolEvent)) return
        told = child.kill('SIGINT')
      },
    })
    expect((await ended).exitCode).toBe(130)
    const folders = await Promise.all(lab.machines.map(async ({ name }) => await filesOf(name)))
    expect(folders).toEqual(lab.machines.map(() => ['data', 'wal']))
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('killed at every kind of step: the next run continues, and the result is the history up to the snapshot', async () => {
    const before = await idOf(lab)
    const hints: string[] = []
    for (const death of DEATHS) {
      expect({ death, exitCode: await diesAt(death) }).toEqual({ death, exitCode: 137 })
      if (!UNFINISHED.includes(death)) continue
      expect((await lab.machine('etcd02').exec(['test', '-e', MANIFEST])).exitCode).toBe(1)
      const { exitCode, stderr } = await quorate(lab, ['apply'])
      // The file's path comes from the node: it is not repeated.
      hints.push(`${exitCode} ${stderr.includes('quorate restore SNAPSHOT')} ${stderr.includes(bundle)}`)
    }
    expect(hints).toEqual(UNFINISHED.map(() => '8 true false'))
    await quorateOk(lab, ['restore', bundle, ...secret(), '--confirm', 'test', '--yes'])

    await using session = await sessionOf(lab)
    expect(await contentsNow(session)).toEqual(contentsAt(history, revision))
    expect(await revisionNow(lab)).toBeGreaterThan(Number(revision) + BUMP)
    expect(await idOf(lab)).not.toBe(before)
    expect(await outcomeOf(lab)).toEqual(WHOLE)
    expect(await filesOf('etcd01')).toEqual(['data', 'data.before-restore', 'wal', 'wal.before-restore'])
    expect(await lab.machine('etcd02').readFile(MANIFEST)).toBe('kind: Pod\n')
    expect(await activeConsumers()).toEqual([
      'kube-apiserver active, flanneld inactive',
      'nothing left behind',
    ])
  })

  test('a machine is gone: the others are restored without it, by one operator and not by a second one, and it joins them when it is back', async () => {
    const gone = lab.machine('etcd03')
    await gone.check(['sh', '-c', 'systemctl stop ssh; systemctl stop etcd'])
    const words = ['restore', bundle, ...secret(), '--without', 'etcd03', '--confirm', 'test', '--yes']
    const seconds: ProcessResult[] = []
    const second = async () => void seconds.push(await quorate(lab, words))
    const first = await held(lab, words, [{ at: on('step-started restore-halt'), act: second }])
    expect(first).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('quorate reset etcd03') })
    const another = expect.toFail('locked/another-operator-holds-the-lock', { says: /\(restore\) since/ })
    expect(seconds).toEqual([another])
    // Its old data would make it a member of the old cluster, in which no other member is left.
    await gone.check(['sh', '-c', 'systemctl start ssh; systemctl start --no-block etcd'])
    expect((await refusal(lab)).exitCode).toBe(8)
    await quorateOk(lab, ['reset', 'etcd03', '--confirm', 'test'])
    await quorateOk(lab, ['apply', '--yes'])
    expect(await outcomeOf(lab)).toEqual(WHOLE)
    await using session = await sessionOf(lab)
    expect(await contentsNow(session)).toEqual(contentsAt(history, revision))
  })

  test('new machines, a bundle and its key: the same cluster, with the same CA', async () => {
    const ca = await readFile(path.join(stateFolder(lab), 'ca/ca.crt'), 'utf8')
    const signers = await keptSigners(lab)
    await Promise.all([lab.pristine(), freshState(lab)])
    const into = path.join(lab.folder, 'again.yaml')
    const address = `etcd02=${lab.machine('etcd02').address}`
    const words = ['restore', bundle, ...secret(), '--into', into, '--address', address, ...signers, '--yes']
    await quorateOk({ clusterFile: into }, words)
    expect(await readFile(path.join(stateFolder(lab), 'ca/ca.crt'), 'utf8')).toBe(ca)
    await using session = await sessionOf(lab)
    expect(await contentsNow(session)).toEqual(contentsAt(history, revision))
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  test('etcd 3.4.23: by etcdctl, from a bare snapshot, and the revision goes back, which is said', async () => {
    await applied(lab, { etcd: { version: '3.4.23', source: { debian: { suite: 'bookworm' } } } })
    const file = path.join(lab.folder, 'bare.db')
    const session = await sessionOf(lab)
    const kept = await writeHistory(session, 60, 'kept')
    const [member] = await allMembers(session)
    if (member === undefined) throw new TypeError('no member')
    const snapshot = await takeSnapshot(member, { file })
    await writeHistory(session, 30, 'lost')
    await session[Symbol.asyncDispose]()

    const flipped = await readFile(file)
    flipped[flipped.length - 100] = 255 - (flipped.at(-100) ?? 0)
    await writeFile(`${file}.flipped`, flipped)
    const damaged = await refusal(lab, ['restore', `${file}.flipped`, '--confirm', 'test'])
    expect(damaged.touched).toEqual([])
    expect(damaged).toFail('backup', { says: 'checksum' })
    expect(await exchangedMeanwhile(file)).toFail('command', { says: /snapshot .*changed/ })
    expect(await filesOf('etcd01')).toEqual(['data', 'wal'])

    const { stderr, exitCode } = await quorate(lab, ['restore', file, '--confirm', 'test'])
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      // Revisions go back: what watches has to be restarted.
      stderr: expect.stringMatching(/\(3\.4\.27 .* 3\.5\.10 .* restart .*client/),
    })
    await using again = await sessionOf(lab)
    expect(await contentsNow(again)).toEqual(contentsAt(kept, snapshot.revision))
    expect(await revisionNow(lab)).toBeLessThan(Number(snapshot.revision) + 20)
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })

  /** An API server that runs and a flannel that does not, as units with those names. */
  async function consumers(): Promise<void> {
    const unit = '[Service]\nExecStart=/bin/sleep infinity\n'
    for (const name of ['kube-apiserver', 'flanneld'])
      await lab.machine('etcd01').writeFile(`/etc/systemd/system/${name}.service`, unit)
    await lab.machine('etcd01').check(['systemctl', 'start', 'kube-apiserver'])
    await lab.machine('etcd02').writeFile(MANIFEST, 'kind: Pod\n')
  }

  async function activeConsumers(): Promise<readonly string[]> {
    const machine = lab.machine('etcd01')
    const [api, flannel] = await Promise.all(
      ['kube-apiserver', 'flanneld'].map(async (unit) =>
        (await machine.exec(['systemctl', 'is-active', unit])).stdout.trim(),
      ),
    )
    const left = await machine.exec([
      'sh',
      '-c',
      'ls -d /var/lib/quorate/restore /var/lib/quorate/underway 2>/dev/null',
    ])
    return [
      `kube-apiserver ${api}, flanneld ${flannel}`,
      left.stdout === '' ? 'nothing left behind' : left.stdout,
    ]
  }

  /** The error of a restore whose file is replaced with another valid snapshot after its inspection. */
  async function exchangedMeanwhile(file: string): Promise<unknown> {
    await using session = await sessionOf(lab)
    const [other, mine] = [`${file}.other`, await readFile(file)]
    const [member] = await allMembers(session)
    if (member === undefined) throw new TypeError('no member')
    await takeSnapshot(member, { file: other })
    await using opened = await openSnapshot({
      snapshot: file,
      store: undefined,
      signers: { text: undefined, file: 'none' },
      secret: async () => await Promise.reject(new Error('nothing is encrypted')),
      workDirectory: lab.folder,
      environment: {},
      signal: session.signal,
    })
    const status = await snapshotStatus(session, opened)
    const confirm = async () => await writeFile(file, await readFile(other))
    try {
      return await restore(session, { opened, status, command: 'quorate restore', confirm }).catch(
        (error: unknown) => error,
      )
    } finally {
      await writeFile(file, mine)
    }
  }

  /** Exit code of a restore that is killed at the first such event; 137 if it was. */
  async function diesAt(moment: string): Promise<number> {
    const words = ['restore', bundle, ...secret(), '--confirm', 'test', '--yes', '--json']
    const { ended } = startQuorate(lab, words, {
      onLine: (line, child) => {
        if (on(moment)(JSON.parse(line) as ToolEvent)) child.kill('SIGKILL')
      },
    })
    const { exitCode, stdout, stderr } = await ended
    if (exitCode !== 137) throw new Error(`${moment}: ${stdout.slice(-2000)}${stderr}`)
    return exitCode
  }

  async function filesOf(name: string): Promise<readonly string[]> {
    const { stdout } = await lab.machine(name).exec(['ls', '-A', '/opt/etcd'])
    return [
      ...new Set(
        stdout
          .trim()
          .split('\n')
          .map((file) => file.replace(/-\d{8}T.*/, '')),
      ),
    ]
  }
})

async function idOf(lab: TestLab): Promise<string | null> {
  return (await statusOf(lab)).report.cluster.id
}

async function revisionNow(lab: TestLab): Promise<number> {
  await using session = await sessionOf(lab)
  const [member] = await allMembers(session)
  const { KV } = await import('../../src/etcd/gen/kv_pb.ts')
  const answer = await member?.call(KV.method.range, { key: new Uint8Array([1]), countOnly: true })
  return Number(answer?.header?.revision)
}
