/**
 * An attacker who controls etcd: what they can do to root on its node. They own its data and its log, and race with
 * root.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Machine } from '../../src/lab/machine.ts'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { failureOf } from '../to-fail.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { INTACT, openEtcdClient } from './support/etcd-client.ts'
import { runJson } from './support/events.ts'
import { applied } from './support/fresh.ts'
import { handshakesDuring } from './support/handshakes.ts'
import { elsewhere, intrude, intrudeForever, ownersOfBefore } from './support/intruder.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { operatorFiles } from './support/tools.ts'
import { WHOLE, outcomeOf } from './support/whole.ts'

/** The result of `aftermath` if the attack failed. */
const UNHARMED = { ...WHOLE, changed: [], otherOwners: [] }

const OWNERS = [
  'root:root 755 /opt/etcd',
  'etcd:etcd 700 /opt/etcd/data',
  'etcd:etcd 700 /opt/etcd/wal',
  'root:root 755 /etc/ssl/etcd/.',
  'root:root 644 /etc/ssl/etcd/ca.crt',
  'root:root 644 /etc/ssl/etcd/ca.env',
  'root:root 644 /etc/ssl/etcd/etcd.crt',
  'root:etcd 640 /etc/ssl/etcd/etcd.key',
]

describe.skipIf(whyNoLab())('an etcd that was broken into', () => {
  let lab: TestLab
  let victim: Machine
  let bundle = ''
  let before: Record<string, string> = {}
  const secret = () => ['--identity', path.join(lab.folder, 'key.txt')]
  const others = async () =>
    Object.fromEntries(
      await Promise.all(
        lab.machines.map(async (machine) => [machine.name, await elsewhere(machine)] as const),
      ),
    )
  /** The result of the attack: `changed` names machines on which more than etcd's own files changed. */
  const aftermath = async () => {
    const now = await others()
    const paths = OWNERS.map((line) => line.split(' ')[2] ?? '')
    const outcome = await outcomeOf(lab)
    const owners = await Promise.all(
      lab.machines.map(async (machine) => await machine.check(['stat', '-L', '-c', '%U:%G %a %n', ...paths])),
    )
    return {
      ...outcome,
      changed: Object.keys(now).filter((name) => now[name] !== before[name]),
      otherOwners: owners.flatMap((text) =>
        text
          .trim()
          .split('\n')
          .filter((line) => !OWNERS.includes(line)),
      ),
    }
  }

  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    victim = lab.machine('etcd02')
    await applied(lab)
    await victim.check(['mkdir', '-p', '-m', '700', '/root/.ssh', '/etc/cron.d', '/etc/sudoers.d'])
    const identity = await generateX25519Identity()
    await writeFile(path.join(lab.folder, 'key.txt'), `${identity}\n`, { mode: 0o600 })
    const store = path.join(lab.folder, 'backups')
    const recipient = await identityToRecipient(identity)
    const taken = await quorateOk(lab, ['backup', '--store', store, '--recipient', recipient, '--json'])
    bundle = path.join(store, (JSON.parse(taken) as { name: string }).name)
  })
  afterAll(async () => await lab.down())
  beforeEach(async () => void (before = await others()))

  test('can write its data and its log, and nothing that root works with', async () => {
    const tries = [
      'echo >/opt/etcd/data/mine && echo >/opt/etcd/wal/mine && rm /opt/etcd/data/mine /opt/etcd/wal/mine',
      'mv /opt/etcd/data /opt/etcd/other',
      'mkdir /opt/etcd/data.recover-copy',
      'echo >>/etc/ssl/etcd/ca.crt',
      'echo >>/etc/ssl/etcd/etcd.key',
      'ln -s /etc/cron.d/mine /etc/ssl/etcd/.ca.crt.quorate-new',
      'mkdir /etc/ssl/etcd.d/pending',
      'cat /etc/ssl/etcd/etcd.key >/dev/null',
    ]
    for (const where of ['in its unit', 'anywhere'] as const) {
      const codes = []
      for (const script of tries) codes.push((await intrude(victim, script, where)).exitCode)
      expect(codes.map((code) => code === 0)).toEqual([true, false, false, false, false, false, false, true])
    }
    expect(await aftermath()).toEqual(UNHARMED)
  })

  test('with the owners of before: status works, and apply moves them while clients write, without a restart', async () => {
    for (const machine of lab.machines) await ownersOfBefore(machine)
    // A link whose text is an option: copying it must not interpret that.
    await intrude(victim, 'ln -s -- -ft/etc /etc/ssl/etcd/passwd')
    const pids = async () =>
      await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd')))
    const running = await pids()
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, problems: [] })
    const { stdout } = await quorate(lab, ['plan'])
    expect(stdout).toMatch(/\(is etcd:etcd 750: etcd /)
    const [ca = '', cert = '', key = ''] = await Promise.all(
      operatorFiles(lab).map(async (file) => await readFile(file, 'utf8')),
    )
    using etcdClient = await openEtcdClient(lab)
    const recorder = await etcdClient.record()
    let moved: Awaited<ReturnType<typeof runJson>> | undefined
    const { failures, count } = await handshakesDuring(
      { host: victim.address, port: 2379, ca, cert, key },
      async () => (moved = await runJson(lab, ['apply', '--yes'])),
    )
    expect(await recorder.stop()).toMatchObject({ ...INTACT, writes: { failed: 0 }, reads: { failed: 0 } })
    expect(failures).toEqual([])
    expect(count).toBeGreaterThan(10)
    expect(moved).toMatchObject({ exitCode: 0, error: undefined })
    expect([...new Set(moved?.steps.map(({ kind }) => kind))].toSorted()).toEqual(['directory', 'tls-modes'])
    expect(await pids()).toEqual(running)
    expect(await victim.check(['sh', '-c', 'find /etc/ssl/etcd.d -user etcd'])).toBe('')
    expect(await aftermath()).toEqual(UNHARMED)
  })

  test('a data directory that is a link to /usr/local/bin, a key that is /etc/shadow, a certificate that is a pipe: reported, and nothing is changed', async () => {
    await ownersOfBefore(victim)
    const swaps = [
      ['/opt/etcd/data', 'ln -s /usr/local/bin', 'directory'],
      ['/etc/ssl/etcd/etcd.key', 'ln -s /etc/shadow', 'file'],
      ['/etc/ssl/etcd/etcd.crt', 'mkfifo', 'file'],
    ] as const
    for (const [target, make, wanted] of swaps) {
      await intrude(victim, `mv ${target} ${target}.away && ${make} ${target}`)
      // etcd itself may no longer be able to serve: status reports that, and does not hang.
      const { report } = await statusOf(lab)
      const refused = await quorate(lab, ['apply', '--yes'])
      await intrude(victim, `rm ${target} && mv ${target}.away ${target}`)
      expect(report.members.map(({ name }) => name)).toEqual(['etcd01', 'etcd02', 'etcd03'])
      expect(refused).toFail('blocked/etcd-owns-the-path', {
        says: new RegExp(`${target} .* ${wanted}, .* etcd$`, 'm'),
      })
      expect(refused.stdout + refused.stderr).not.toContain('root:')
    }
    await quorateOk(lab, ['apply', '--yes'])
    expect(await aftermath()).toEqual(UNHARMED)
  })

  test("replaces drafts of the CA's file with links while apply writes it: they are never followed", async () => {
    await ownersOfBefore(victim)
    const folder = '/etc/ssl/etcd'
    await intrude(victim, `echo '# changed' >>${folder}/ca.crt`)
    {
      await using _ = await intrudeForever(
        victim,
        `for draft in .ca.crt.quorate-new .ca.env.quorate-new; do ln -sfn /etc/cron.d/mine ${folder}/$draft; done
         ln -sfn /etc/sudoers.d/mine ${folder}/.etcd.crt.quorate-new; rm -f ${folder}/*.quorate-new`,
      )
      await quorateOk(lab, ['apply', '--yes'])
    }
    expect(await victim.check(['tail', '-n', '1', `${folder}/ca.crt`])).not.toContain('changed')
    expect(await aftermath()).toEqual(UNHARMED)
  })

  test('replaces whatever root stages while a restore runs: it is restored, and root writes nowhere else', async () => {
    await ownersOfBefore(victim)
    const failures: ProcessResult[] = []
    {
      await using _ = await intrudeForever(
        victim,
        `for staged in /opt/etcd/.quorate-incoming.* /opt/etcd/*.quorate-restore-*; do
           [ ! -d $staged ] || [ -L $staged ] || { mv $staged $staged.away && ln -s /root/.ssh $staged; }
         done
         for made in /opt/etcd/*.work; do mv $made/data $made/gone && ln -s /root/.ssh $made/data; done 2>/dev/null`,
      )
      const words = ['restore', bundle, ...secret(), '--confirm', 'test', '--yes']
      const first = await quorate(lab, words)
      const second = await quorate(lab, words)
      failures.push(...[first, second].filter(({ exitCode }) => exitCode !== 0))
    }
    // The attacker can still replace what etcd's own tool creates as its user, but that is detected.
    const detected = ['command/another-process-changes-the-data', 'command/data-was-not-created']
    const other = failures.filter((run) => !failureOf(run)?.topics.some((topic) => detected.includes(topic)))
    expect(other).toEqual([])
    await quorateOk(lab, ['restore', bundle, ...secret(), '--confirm', 'test', '--yes'])
    await victim.check(['sh', '-c', 'rm -rf /opt/etcd/*.before-restore-* /opt/etcd/*.away'])
    expect(await aftermath()).toEqual(UNHARMED)
  }, 240_000)

  test('files of its log and its database that are pipes or lead elsewhere: never waited for, and nothing of theirs is shown', async () => {
    await victim.check(['systemctl', 'stop', 'etcd'])
    await intrude(
      victim,
      `cd /opt/etcd/wal && mkfifo ffffffffffffffff-ffffffffffffffff.wal && ln -s /etc/shadow ffffffffffffffff-fffffffffffffffe.wal
       cd /opt/etcd/data/member/snap && mv db db.away && ln -s /etc/shadow db`,
    )
    const said = [await quorate(lab, ['recover']), await quorate(lab, ['repair'])]
    await intrude(
      victim,
      `rm /opt/etcd/wal/ffffffffffffffff-* /opt/etcd/data/member/snap/db
       cd /opt/etcd/data/member/snap && mv db.away db`,
    )
    for (const { stdout, stderr } of said) expect(stdout + stderr).not.toContain('root:')
    await quorateOk(lab, ['apply', '--yes'])
    expect(await aftermath()).toEqual(UNHARMED)
  })

  test('data with a link in it is not copied to recover from; without it, it is', async () => {
    for (const name of ['etcd01', 'etcd03'])
      await lab
        .machine(name)
        .check(['sh', '-c', 'systemctl stop etcd; mv /opt/etcd/data /opt/etcd/data.away'])
    await intrude(victim, 'ln -s /etc/shadow /opt/etcd/data/member/snap/mine')
    const words = ['recover', '--from-survivor', '--confirm', 'test', '--yes']
    const refused = await quorate(lab, words)
    expect(refused).toFail('command/not-a-file-or-directory', { says: '/opt/etcd/data/member/snap/mine' })
    await victim.check(['rm', '/opt/etcd/data/member/snap/mine'])
    await quorateOk(lab, words)
    for (const machine of lab.machines)
      await machine.check(['sh', '-c', 'rm -rf /opt/etcd/*.before-* /opt/etcd/*.away'])
    expect(await aftermath()).toEqual(UNHARMED)
  }, 240_000)
})
