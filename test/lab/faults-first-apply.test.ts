/** Faults before the first apply: reported clearly, before anything is changed on any machine. */
import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { APPLY_QUESTION } from '../../src/cli/approval.ts'
import { EXIT_CODES } from '../../src/errors.ts'
import { tool } from '../../src/lab/tool.ts'
import { etcdBinaries } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { freshState, stateFolder } from './support/fresh.ts'
import { quorate } from './support/quorate.ts'
import { refusal } from './support/refusal.ts'
import { snapshots } from './support/snapshot.ts'
import { talk } from './support/terminal.ts'
import { WHOLE, outcomeOf } from './support/whole.ts'

const MB = 2 ** 20
const PASSWORD = 'opsanoda 5'

describe.skipIf(whyNoLab())('a first apply', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: 3,
      users: [
        { name: 'ops', sudo: 'password', password: PASSWORD },
        { name: 'guest', sudo: 'none' },
      ],
      disks: [
        { path: '/opt/etcd', sizeBytes: 900 * MB },
        { path: '/var/lib/quorate', sizeBytes: 250 * MB },
      ],
      cluster: { requirements: { etcd: { disk: '100MB' } } },
    })
    await freshState(lab)
  })
  afterAll(async () => await lab.down())

  test('on a terminal: shows the plan with its summary and asks; after a no nothing is touched', async () => {
    const before = await snapshots(lab.machines)
    const turns = [{ question: `${APPLY_QUESTION} [y/N]`, line: 'n' }]
    const { stdout, exitCode } = await talk(lab, ['apply'], turns)
    expect({ exitCode, stdout }).toMatchObject({ exitCode: EXIT_CODES.declined })
    expect(stdout).toMatch(
      /Plan: \d+ to create, \d+ to change, 3 to start, 0 to restart, 0 to remove \(\d+ steps on 3 hosts\)/,
    )
    // One turn: all at once.
    expect(stdout).toMatch(/ {2}1\. start etcd01, etcd02, etcd03\b/)
    expect(stdout).not.toMatch(/ {2}2\. start /)
    expect(await snapshots(lab.machines)).toEqual(before)
  })

  test('where one machine is off and another does not answer: names both, touches none', async () => {
    await lab.machine('etcd03').powerOff()
    await lab.machine('etcd02').cutNetwork()
    try {
      const { exitCode, output, touched } = await refusal(lab)
      expect({ exitCode, touched }).toEqual({ exitCode: 69, touched: [] })
      expect(output).toMatch(/etcd02: no answer/)
      expect(output).toMatch(/etcd03: no /)
      expect(output).not.toContain('etcd01')
    } finally {
      await lab.machine('etcd02').restoreNetwork()
      await lab.machine('etcd03').boot()
    }
  })

  test('where a host key is unknown, or another one', async () => {
    const file = path.join(stateFolder(lab), 'known_hosts')
    const known = await readFile(file, 'utf8')
    const lines = known.trimEnd().split('\n')
    try {
      await writeFile(file, `${lines.slice(0, 2).join('\n')}\n`)
      const unknown = await refusal(lab)
      expect(unknown.touched).toEqual([])
      expect(unknown).toFail('host-key/unknown-host-key', { host: 'etcd03', fix: 'quorate trust etcd03' })

      const [first = '', , third = ''] = lines
      const wrong = `${third.split(' ')[0]} ${first.split(' ').slice(1).join(' ')}`
      await writeFile(file, `${lines.slice(0, 2).join('\n')}\n${wrong}\n`)
      const other = await refusal(lab)
      expect(other.touched).toEqual([])
      expect(other).toFail('host-key/another-host-key', { host: 'etcd03' })
    } finally {
      await writeFile(file, known)
    }
  })

  test('where the login has no sudo, or the password is wrong', async () => {
    const passwordFile = path.join(lab.folder, 'password')
    await writeFile(passwordFile, 'not it at all\n', { mode: 0o600 })
    try {
      await lab.writeCluster({ ssh: { user: 'guest', identityFile: lab.identityFile } })
      const args = ['apply', '--sudo-password-file', passwordFile]
      expect(await refusal(lab, args)).toMatchObject({ exitCode: 77, touched: [] })

      await lab.writeCluster({ ssh: { user: 'ops', identityFile: lab.identityFile } })
      const wrong = await refusal(lab, args)
      expect(wrong).toMatchObject({ exitCode: 77, touched: [] })
      expect(wrong.output).toMatch(/sudo rejects ops's password/)
      expect(wrong.output).not.toContain('not it at all')

      const nobody = await refusal(lab)
      expect(nobody).toMatchObject({ exitCode: 77, touched: [] })
      expect(nobody.output).toContain('--sudo-password-file')
    } finally {
      await lab.writeCluster({})
    }
  })

  test('if etcd is not available from the source in the file', async () => {
    const { directory, version } = await etcdBinaries('trixie')
    const release = path.join(lab.folder, `etcd-v${version}-linux-amd64`)
    const foreign = path.join(lab.folder, 'foreign')
    const archive = `${release}.tar.gz`
    for (const folder of [release, foreign]) {
      await mkdir(folder)
      for (const name of ['etcd', 'etcdctl'])
        await copyFile(path.join(directory, name), path.join(folder, name))
    }
    await tool(['tar', '-cf', archive, '-I', 'gzip -1', '-C', lab.folder, path.basename(release)])
    const whole = await readFile(archive)
    await writeFile(`${archive}.cut`, whole.subarray(0, whole.length / 2))
    for (const name of ['etcd', 'etcdctl']) await pretendArm(path.join(foreign, name))

    const trials = [
      { source: { file: { path: archive, sha256: 'a'.repeat(64) } }, says: /a{64}/ },
      { source: { file: { path: `${archive}.cut` } }, says: /etcd-v3\.5\.16-linux-amd64\.tar\.gz\.cut/ },
      { source: { file: { path: foreign } }, says: /arm64|architecture|aarch64/ },
      { source: { debian: { suite: 'trixie' } }, version: '3.5.15', says: /3\.5\.16/ },
    ]
    try {
      for (const { says, ...etcd } of trials) {
        await lab.writeCluster({ etcd: { version, ...etcd } })
        const { exitCode, output, touched } = await refusal(lab)
        expect({ output, exitCode, touched }).toEqual({
          output: expect.stringMatching(says),
          exitCode: 5,
          touched: [],
        })
      }
    } finally {
      await lab.writeCluster({})
    }
  })

  test('where something else is in the place of etcd', async () => {
    const machine = lab.machine('etcd02')
    const { directory } = await etcdBinaries('trixie')
    const listen = async (port: string) => {
      await machine.check([
        'systemd-run',
        '--unit=other',
        'systemd-socket-activate',
        '--accept',
        '-l',
        port,
        'true',
      ])
    }
    const stop = async () => void (await machine.check(['systemctl', 'stop', 'other']))
    for (const port of ['2379', '2380']) {
      await listen(port)
      const refused = await refusal(lab)
      await stop()
      expect(refused.touched).toEqual([])
      expect(refused).toFail('blocked/port-in-use', {
        host: 'etcd02',
        says: new RegExp(`etcd02: .* port .*${port}`),
      })
    }

    await machine.writeFile('/usr/bin/etcd', await readFile(path.join(directory, 'etcd')), { mode: '0755' })
    await machine.check([
      'systemd-run',
      '--unit=other',
      '/usr/bin/etcd',
      '--data-dir=/srv/etcd',
      '--logger=zap',
    ])
    await machine.check(['sh', '-c', 'until ss -Hltn "sport = :2379" | grep -q 2379; do sleep 0.05; done'])
    const process = await refusal(lab)
    await stop()
    expect(process.touched).toEqual([])
    expect(process).toFail('blocked/port-in-use', { host: 'etcd02', says: /etcd02: another etcd/ })

    const unit = '/lib/systemd/system/etcd.service'
    await machine.writeFile(unit, '[Service]\nType=notify\nExecStart=/usr/bin/etcd --data-dir=/srv/etcd\n')
    await machine.check(['systemctl', 'start', 'etcd'])
    const service = await refusal(lab)
    await machine.check(['systemctl', 'stop', 'etcd'])
    await machine.check(['rm', '-rf', unit, '/usr/bin/etcd', '/srv/etcd'])
    await machine.check(['systemctl', 'daemon-reload'])
    expect(service).toMatchObject({ exitCode: 8, touched: [] })
    expect(service.output).toContain(`runs as ${unit}`)

    await machine.writeFile('/opt/etcd/data/member/snap/db', 'precious')
    const data = await refusal(lab)
    await machine.check(['rm', '-rf', '/opt/etcd/data'])
    expect(data.touched).toEqual([])
    expect(data).toFail('blocked/data-of-another-cluster', {
      host: 'etcd02',
      says: /etcd02: .* \/opt\/etcd\/data/,
    })
  })

  test('with full disks: names machine and fix, and completes once there is space', async () => {
    const data = lab.machine('etcd03')
    await data.fillDisk('/opt/etcd')
    const filled = await refusal(lab)
    await data.freeDisk('/opt/etcd')
    expect(filled.touched).toEqual([])
    expect(filled).toFail('preflight', {
      host: 'etcd03',
      says: /etcd03: .* on \/opt\/etcd \(/,
      fix: '/opt/etcd',
    })

    const incoming = lab.machine('etcd02')
    await incoming.fillDisk('/var/lib/quorate', 10 * MB)
    const narrow = await refusal(lab)
    await incoming.freeDisk('/var/lib/quorate')
    expect(narrow.touched).toEqual([])
    expect(narrow).toFail('preflight', {
      host: 'etcd02',
      says: /etcd02: .* inodes free on \/var\/lib\/quorate \(/,
      fix: 'df -i /var/lib/quorate',
    })
    expect((await quorate(lab, ['apply'])).exitCode).toBe(0)

    // An existing cluster is not inspected like that each time.
    await incoming.check(['rm', '/usr/local/bin/etcdctl'])
    await incoming.fillDisk('/var/lib/quorate', 10 * MB)
    const full = await quorate(lab, ['apply'])
    expect(full).toFail('command', {
      host: 'etcd02',
      says: /etcd02: .*No space left on device/,
      fix: 'full disk (df -h',
    })
    expect(full.stderr).not.toMatch(/✗ etcd0[13]|error: etcd0[13]/)

    await incoming.freeDisk('/var/lib/quorate')
    expect((await quorate(lab, ['apply'])).exitCode).toBe(0)
    expect(await outcomeOf(lab)).toEqual(WHOLE)
  })
})

/** Makes an ELF file claim that it is for aarch64. */
async function pretendArm(file: string): Promise<void> {
  await using handle = await open(file, 'r+')
  await handle.write(Buffer.from([0xb7, 0x00]), 0, 2, 18)
}
