/**
 * Settings for etcd.service by other tools on machines: drop-ins, environment files, systemd's own environment, masks.
 */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AdoptJson } from '../../src/cli/output/values.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type Shape, setUpForeign } from './support/foreign.ts'
import { freshState } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { refusal } from './support/refusal.ts'
import { BY_HAND } from './support/shapes.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const UNFIT = 3
const BLOCKED = 8
const DROP_IN = '/etc/systemd/system/etcd.service.d/10-old.conf'
/** A proxy that doesn't answer, in all its spellings, and other variables that affect programs in Go. */
const AMBIENT = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']
  .map((name) => `${name}=http://198.18.255.250:3128`)
  .concat('no_proxy=example.org', 'GODEBUG=http2client=0', 'LD_PRELOAD=/nowhere.so')

/** As set up by hand, except that a drop-in names the file with its settings. */
const BY_DROP_IN: Shape = {
  ...BY_HAND,
  unit: {
    ...BY_HAND.unit,
    text: (member) => BY_HAND.unit.text(member).replace(/EnvironmentFile=.*\n/, ''),
  },
  files: (member) => [
    ...BY_HAND.files(member).map((one) => ({ ...one, path: '/etc/default/etcd' })),
    { path: DROP_IN, text: '[Service]\nEnvironmentFile=/etc/default/etcd\n' },
  ],
}

const reason = whyNoLab()

/** Commands that write a drop-in for services, and reload systemd. */
function dropIn(file: string, text: string): string {
  return `mkdir -p ${path.dirname(file)}; printf '%s\\n' '[Service]' '${text}' >${file}; systemctl daemon-reload`
}

/** The commands of a hint, which follow `on etcd01: `. */
function advised(output: string, name = 'etcd01'): string {
  const commands = new RegExp(`on ${name}: (.*?)(?:; then quorate|\\n|$)`).exec(output)?.[1]
  if (commands === undefined) throw new TypeError(`no commands for ${name} in:\n${output}`)
  return commands
}

describe.skipIf(reason)(`machines on which others have set something for etcd (${reason ?? 'lab'})`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3, oneProcessor: false })
    await freshState(lab)
  })
  afterAll(async () => {
    await lab.down()
  })
  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const everywhere = async (script: string) =>
    await Promise.all(lab.machines.map(async ({ name }) => await on(name, script)))
  const pids = async () =>
    await Promise.all(lab.machines.map(async (machine) => await machine.mainPid('etcd.service')))
  const nothingToChange = async () => expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)

  test('a drop-in with the settings of an etcd before is named and refused before anything starts', async () => {
    await on(
      'etcd01',
      `echo ETCD_DATA_DIR=/opt/etcd/default >/etc/default/etcd; ${dropIn(DROP_IN, 'EnvironmentFile=-/etc/default/etcd')}`,
    )
    const preflight = await quorate(lab, ['preflight'])
    expect(preflight.exitCode).toBe(UNFIT)
    expect(preflight.stdout).toContain(DROP_IN)
    const plan = await quorate(lab, ['plan'])
    expect(plan.exitCode).toBe(BLOCKED)
    expect(plan.stdout + plan.stderr).toContain(DROP_IN)
    const { exitCode, output, touched } = await refusal(lab)
    expect(exitCode).toBe(BLOCKED)
    expect(output).toContain('ETCD_DATA_DIR from /etc/default/etcd')
    expect(output).not.toContain('repair')
    expect(touched).toEqual([])
    await on('etcd01', advised(output))
    expect((await quorate(lab, ['preflight'])).stdout).not.toContain(DROP_IN)
  })

  test('a masked etcd.service stays masked: the operator is not asked to start it', async () => {
    await on('etcd01', 'systemctl mask --quiet etcd.service')
    expect((await quorate(lab, ['preflight'])).exitCode).toBe(UNFIT)
    const { exitCode, output, touched } = await refusal(lab)
    expect([exitCode, touched]).toEqual([BLOCKED, []])
    await on('etcd01', 'systemctl unmask --quiet etcd.service')
    expect(output).toContain('systemctl unmask etcd.service')
  })

  test('a proxy that every service and every login gets is none of the members', async () => {
    await everywhere(
      `mkdir -p /etc/systemd/system.conf.d
      printf '[Manager]\\nDefaultEnvironment=${AMBIENT.join(' ')}\\n' >/etc/systemd/system.conf.d/proxy.conf
      printf '%s\\n' ${AMBIENT.slice(0, 6).join(' ')} >>/etc/environment
      printf 'export ETCDCTL_ENDPOINTS=http://192.0.2.1:1 ETCDCTL_API=2\\n' >>/root/.bashrc
      systemctl daemon-reexec`,
    )
    await quorateOk(lab, ['apply'])
    const environments = await everywhere(
      'tr "\\0" "\\n" </proc/$(systemctl show -p MainPID --value etcd.service)/environ',
    )
    for (const text of environments) expect(text).not.toMatch(/proxy|GODEBUG|LD_PRELOAD/i)
    await quorateOk(lab, ['etcdctl', '--', 'endpoint', 'health', '--cluster'])
    expect((await statusOf(lab)).exitCode).toBe(0)
    await nothingToChange()
  })

  test('harmless drop-ins stay, are named by preflight, and change nothing', async () => {
    await on('etcd01', dropIn(DROP_IN, 'Nice=-3\nEnvironment="GOGC=50" ETCD_OPTS=--old'))
    await on('etcd02', dropIn('/etc/systemd/system/service.d/10-all.conf', 'CPUWeight=200'))
    await on('etcd03', 'systemctl set-property etcd.service MemoryHigh=2G')
    const running = await pids()
    await nothingToChange()
    expect(await pids()).toEqual(running)
    const { stdout } = await quorate(lab, ['preflight', '-v'])
    for (const word of [DROP_IN, 'service.d/10-all.conf', 'MemoryHigh']) expect(stdout).toContain(word)
    await quorateOk(lab, ['restart', 'etcd01', '--yes'])
    await nothingToChange()
    await on('etcd01', `rm ${DROP_IN}; systemctl daemon-reload`)
  })

  /** For etcd01, etcd02, etcd03: what is set there, and a variable or key that the refusal names. */
  const REFUSED: readonly (readonly [what: string, ...(readonly [script: string, named: string])[]])[] = [
    [
      'settings in an environment file, for all services, and given to systemd',
      [
        `echo ETCD_HEARTBEAT_INTERVAL=250 >/etc/default/etcd; ${dropIn(DROP_IN, 'EnvironmentFile=-/etc/default/%p')}`,
        'ETCD_HEARTBEAT_INTERVAL from ',
      ],
      [
        dropIn('/etc/systemd/system/service.d/20-all.conf', 'Environment=ETCD_MAX_REQUEST_BYTES=1000'),
        'ETCD_MAX_REQUEST_BYTES',
      ],
      ['systemctl set-environment ETCD_ELECTION_TIMEOUT=5000', 'ETCD_ELECTION_TIMEOUT'],
    ],
    [
      'a user, a command line and a type that another etcd had, and the options file taken out',
      [dropIn(DROP_IN, 'User=root\nExecStart=\nExecStart=/usr/bin/etcd --name default'), 'ExecStart'],
      [dropIn(DROP_IN, 'EnvironmentFile='), 'ETCD_NAME'],
      [dropIn('/run/systemd/system/etcd.service.d/x.conf', 'Type=exec'), 'Type'],
    ],
  ]
  test.each(REFUSED)('%s: refused with what helps, and never restarted for it', async (_what, ...cases) => {
    const running = await pids()
    for (const [index, [script = '']] of cases.entries()) await on(`etcd0${index + 1}`, script)
    const { exitCode, stderr } = await quorate(lab, ['apply'])
    expect(exitCode).toBe(BLOCKED)
    for (const [, named] of cases) expect(stderr).toContain(named)
    expect((await quorate(lab, ['restart', 'etcd01', '--yes'])).exitCode).toBe(BLOCKED)
    expect(await pids()).toEqual(running)
    for (const { name } of lab.machines) await on(name, advised(stderr, name))
    await nothingToChange()
    expect(await pids()).toEqual(running)
  })

  test('a member whose data a drop-in has elsewhere is not taken for lost, and can be brought back', async () => {
    const { report: before } = await statusOf(lab)
    await on(
      'etcd01',
      `systemctl stop etcd; mv /opt/etcd/data /opt/etcd/default
      ${dropIn(DROP_IN, 'EnvironmentFile=-/etc/default/etcd')}
      echo ETCD_DATA_DIR=/opt/etcd/default >/etc/default/etcd
      install -d -o etcd -g etcd -m 700 /opt/etcd/data; systemctl start etcd`,
    )
    const apply = await quorate(lab, ['apply'])
    expect(apply.exitCode).toBe(BLOCKED)
    for (const verb of [
      ['repair', 'etcd01', '--yes'],
      ['member', 'replace', 'etcd01', '--yes'],
    ]) {
      const refused = await quorate(lab, verb)
      expect(refused).not.toFail('blocked/data-is-missing')
      expect(refused.stdout + refused.stderr).not.toMatch(/quorate repair etcd01|\bmissing\b/)
    }
    expect((await statusOf(lab)).report.members.map(({ id }) => id)).toEqual(
      before.members.map(({ id }) => id),
    )
    await quorateOk(lab, ['stop', 'etcd01', '--yes'])
    await on('etcd01', advised(apply.stdout + apply.stderr))
    await quorateOk(lab, ['start', 'etcd01', '--yes'])
    await nothingToChange()
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(0)
    expect(report.members.map(({ id }) => id)).toEqual(before.members.map(({ id }) => id))
  })

  test('the settings of an adopted etcd that a drop-in brings: named by adopt, refused by apply until they are taken back', async () => {
    await lab.pristine()
    const ca = await setUpForeign(lab, [lab.machine('etcd01')], BY_DROP_IN)
    const file = { clusterFile: path.join(lab.folder, 'adopted.yaml') }
    const { remarks } = JSON.parse(
      await quorateOk(file, [
        'adopt',
        '--name=adopted',
        '--suite=trixie',
        lab.machine('etcd01').address,
        '--yes',
        '--json',
        '--user=root',
        `--identity-file=${lab.identityFile}`,
        `--ca-certificate=${ca.certificate}`,
        `--ca-key=${ca.key}`,
      ]),
    ) as AdoptJson
    expect(remarks.find(({ id }) => id === 'drop-ins-stay')?.message).toContain(DROP_IN)
    const [pid] = await pids()
    const { exitCode, stderr } = await quorate(file, ['apply', '--yes'])
    expect([exitCode, (await pids())[0]]).toEqual([BLOCKED, pid])
    await on('etcd01', advised(stderr))
    await quorateOk(file, ['apply', '--yes'])
    expect(await quorateOk(file, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })
})
