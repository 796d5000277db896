/** Manual changes on the machines, or in the cluster file, after the first apply. */
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { applied } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { recordsOf } from './support/records.ts'
import { snapshots } from './support/snapshot.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE, NOTHING_TO_RESET } from './support/unchanged.ts'
import type { ErrorTopic } from '../../src/error-ids.ts'
import type { PlanJson } from '../../src/tiers/etcd/steps/plan-json.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`

const ETCD = LAB_ETCD
const UNIT = '/etc/systemd/system/etcd.service'
/** What the members themselves write while they run. */
const OWN = ['/opt/etcd/data/member', '/opt/etcd/wal']
const MOVED = 9

describe.skipIf(reason)(`an applied cluster${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
  })
  afterAll(async () => {
    await lab.down()
  })
  beforeEach(async () => {
    await lab.writeCluster({})
  })
  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const pids = async () =>
    await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd.service')))
  /** What a repair must restore on one machine. */
  const state = async (name: string) => await on(name, STATE)

  /** What was changed by hand, where, what plan names of it, and the IDs of the steps. */
  const DRIFT: Readonly<
    Record<string, readonly (readonly [string, string, readonly string[], readonly string[]])[]>
  > = {
    'settings, unit and pin': [
      [
        'etcd01',
        'echo ETCD_HEARTBEAT_INTERVAL=777 >>/etc/etcd/options.env',
        ['/etc/etcd/options.env', '-ETCD_HEARTBEAT_INTERVAL=777'],
        ['file etcd01 /etc/etcd/options.env'],
      ],
      [
        'etcd02',
        'rm /etc/etcd/options.env; systemctl disable --quiet etcd',
        ['write /etc/etcd/options.env (missing)', 'enable etcd.service'],
        ['file etcd02 /etc/etcd/options.env', 'enable etcd02'],
      ],
      [
        'etcd03',
        `rm /etc/etcd/cluster-id; sed -i s/^LimitNOFILE=.*/LimitNOFILE=17/ ${UNIT}; systemctl daemon-reload`,
        [UNIT, '-LimitNOFILE=17', 'daemon-reload', '/etc/etcd/cluster-id'],
        [`file etcd03 ${UNIT}`, 'reload etcd03', 'file etcd03 /etc/etcd/cluster-id'],
      ],
    ],
    'owners, modes and users': [
      [
        'etcd01',
        'chmod 644 /etc/ssl/etcd/etcd.key',
        ['/etc/ssl/etcd/etcd.key is root:etcd 644'],
        ['tls-modes etcd01'],
      ],
      [
        'etcd02',
        'chown root:root /etc/ssl/etcd/etcd.key; chmod 755 /opt/etcd/data; chown root /opt/etcd/data',
        ['/etc/ssl/etcd/etcd.key is root:root 640', '/opt/etcd/data', 'is root:etcd 755'],
        ['tls-modes etcd02', 'directory etcd02 /opt/etcd/data'],
      ],
      ['etcd03', 'usermod -s /bin/sh etcd', ['/bin/sh'], ['user etcd03 etcd']],
    ],
    binaries: [
      [
        'etcd01',
        'cd /usr/local/bin; cp etcd new; echo >>new; mv new etcd',
        [`install etcd ${ETCD.version}`, '(etcd is '],
        [`binaries etcd01 ${ETCD.version}`],
      ],
      [
        'etcd02',
        'rm /usr/local/bin/etcdctl',
        [`install etcd ${ETCD.version}`, 'etcdctl is missing'],
        [`binaries etcd02 ${ETCD.version}`],
      ],
    ],
    'the CA file': [
      ['etcd03', 'echo "# nobody reads this" >>/etc/ssl/etcd/ca.crt', ['write /etc/ssl/etcd/ca.crt'], []],
    ],
  }
  test.each(Object.keys(DRIFT))('%s changed by hand: shown, and put right without a restart', async (key) => {
    const drifts = DRIFT[key] ?? []
    const names = drifts.map(([name]) => name)
    const states = async () => await Promise.all(names.map(state))
    const [before, running] = await Promise.all([states(), pids()])
    for (const [name, script] of drifts) await on(name, script)
    const drifted = await states()
    for (const [index, text] of before.entries()) expect(drifted[index]).not.toBe(text)
    const plan = await quorate(lab, ['plan'])
    expect(plan.exitCode).toBe(2)
    const sections = new Map(plan.stdout.split('\n\n').map((text) => [text.split('\n')[0], text]))
    expect([...sections.keys()].filter((name) => name?.startsWith('etcd0'))).toEqual(names)
    for (const [name, , words] of drifts) for (const word of words) expect(sections.get(name)).toContain(word)
    const { waves } = JSON.parse((await quorate(lab, ['plan', '--json'])).stdout) as PlanJson
    const ids = drifts.flatMap(([, , , own]) => own)
    expect(waves.flat().map(({ id }) => id)).toEqual(expect.arrayContaining([...ids]))
    await quorateOk(lab, ['apply'])
    expect(await states()).toEqual(before)
    expect(await pids()).toEqual(running)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('a member that was stopped is started again', async () => {
    const { report: before } = await statusOf(lab)
    await on('etcd02', 'systemctl stop etcd')
    expect((await statusOf(lab)).exitCode).toBe(1)
    await quorateOk(lab, ['apply'])
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(0)
    expect(report.members.map(({ id }) => id)).toEqual(before.members.map(({ id }) => id))
  })

  /** What apply refuses to do, and the text of its refusal. */
  const REFUSED: readonly (readonly [
    string,
    Readonly<Record<string, unknown>>,
    ErrorTopic,
    readonly string[],
  ])[] = [
    [
      'another version',
      { etcd: { version: '3.5.30', source: { debian: { suite: 'sid' } } } },
      'blocked/another-etcd-version',
      [ETCD.version, '3.5.30'],
    ],
    [
      'another data directory',
      { etcd: { ...ETCD, dataDirectory: '/srv/etcd/data' } },
      'blocked/changed-data-directories',
      ['/srv/etcd/data'],
    ],
  ]
  test.each(REFUSED)(
    '%s in the cluster file is refused with nothing touched',
    async (_what, changes, topic, says) => {
      await lab.writeCluster(changes)
      const [before, running] = await Promise.all([snapshots(lab.machines, OWN), pids()])
      const plan = await quorate(lab, ['plan'])
      expect(plan).toFail(topic, { says })
      const apply = await quorate(lab, ['apply'])
      expect(apply).toFail(topic, { says })
      expect(await snapshots(lab.machines, OWN)).toEqual(before)
      expect(await pids()).toEqual(running)
    },
  )

  test('a saved plan is carried out to the letter, or not at all once the hosts have moved', async () => {
    const file = path.join(lab.folder, 'friday.plan')
    await on('etcd01', 'chmod 644 /etc/ssl/etcd/etcd.key')
    expect((await quorate(lab, ['plan', '--out', file])).exitCode).toBe(2)
    await on('etcd02', 'chmod 644 /etc/ssl/etcd/etcd.key')
    const before = await snapshots(lab.machines, OWN)
    const refused = await quorate(lab, ['apply', file])
    expect(refused.exitCode).toBe(MOVED)
    expect(refused.stderr).toContain('etcd02')
    expect(refused.stderr).not.toContain('etcd01')
    expect(await snapshots(lab.machines, OWN)).toEqual(before)
    await on('etcd02', 'chmod 640 /etc/ssl/etcd/etcd.key')
    await quorateOk(lab, ['apply', file])
    expect(await on('etcd01', 'stat -c %a /etc/ssl/etcd/etcd.key')).toBe('640\n')
    // The same plan a second time is stale.
    expect((await quorate(lab, ['apply', file])).exitCode).toBe(MOVED)
  })

  test('reset asks for the name, renames data, and leaves room for a new cluster', async () => {
    const { report: old } = await statusOf(lab)
    await quorateOk(lab, ['etcdctl', '--', 'put', 'greeting', 'hello'])
    const before = await snapshots(lab.machines, OWN)
    for (const args of [[], ['--confirm', 'tset'], ['--yes']])
      expect((await quorate(lab, ['reset', ...args])).exitCode).not.toBe(0)
    expect(await snapshots(lab.machines, OWN)).toEqual(before)
    expect((await statusOf(lab)).exitCode).toBe(0)

    const text = await quorateOk(lab, ['reset', '--confirm', 'test'])
    const aside = /\/opt\/etcd\/data\.before-reset-\S+/.exec(text)?.[0] ?? ''
    expect((await statusOf(lab)).report.members.map(({ healthy }) => healthy)).toEqual([false, false, false])
    for (const { name } of lab.machines) {
      expect(await on(name, `ls ${aside}/member/snap/db; systemctl is-active etcd || true`)).toMatch(
        /\/db\n(inactive|unknown)\n$/,
      )
      expect(
        await on(name, 'ls -d /opt/etcd/data /opt/etcd/wal /etc/etcd/cluster-id 2>/dev/null || true'),
      ).toBe('')
    }
    await quorateOk(lab, ['apply'])
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(0)
    expect(report.cluster.id).not.toBe(old.cluster.id)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'greeting'])).toBe('')

    const made = (await recordsOf(lab)).slice(-2)
    expect(made).toMatchObject([
      { verb: 'reset', error: null },
      { verb: 'apply', error: null },
    ])
    for (const { until, events } of made) {
      expect(until).not.toBeNull()
      expect(events.map(({ type }) => type)).toContain('step-done')
    }

    await quorateOk(lab, ['reset', '--purge', '--confirm', 'test'])
    expect(await on('etcd01', 'ls -d /opt/etcd/data* /etc/ssl/etcd || true')).toBe(`${aside}\n`)
    expect(await quorateOk(lab, ['reset', '--confirm', 'test'])).toBe(NOTHING_TO_RESET)
  })
})

/** Everything that DRIFT changes. */
const STATE = `
cd /etc/ssl/etcd
for file in /etc/etcd/options.env /etc/etcd/cluster-id /etc/systemd/system/etcd.service ca.crt etcd.crt etcd.key \
  /opt/etcd/data /usr/local/bin/etcd /usr/local/bin/etcdctl
do
  stat -c '%n %U:%G %a' "$file" 2>&1 || true
  [ ! -f "$file" ] || sha256sum "$file"
done
getent passwd etcd
systemctl show etcd -p UnitFileState,LimitNOFILE,NeedDaemonReload`
