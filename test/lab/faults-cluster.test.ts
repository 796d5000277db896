/** Faults of a cluster that was healthy once: nothing is started, created or joined that could cost data. */
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { plannedIn } from './support/events.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { refusal } from './support/refusal.ts'
import { startQuorate } from './support/run.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const PIN = '/etc/etcd/cluster-id'

describe.skipIf(whyNoLab())('a cluster that was healthy', () => {
  let lab: TestLab
  let clusterId: string | null
  beforeAll(async () => {
    const members = MEMBERS.map((name) => ({ name }))
    lab = await testLab({ machines: [...members, { name: 'worker01', roles: ['worker'] }] })
    await applied(lab)
    clusterId = (await statusOf(lab)).report.cluster.id
  })
  afterAll(async () => await lab.down())

  test.each(['data wal', 'wal', 'data'])('whose member lost: %s', async (folders) => {
    const machine = lab.machine('etcd03')
    const lost = folders.split(' ')
    await machine.check(['systemctl', 'stop', 'etcd'])
    for (const folder of lost) await machine.check(['mv', `/opt/etcd/${folder}`, `/opt/etcd/${folder}.away`])
    try {
      for (const verb of ['apply', 'plan']) {
        const refused = await refusal(lab, [verb])
        expect({ verb, touched: refused.touched }).toEqual({ verb, touched: [] })
        expect(refused).toFail('blocked/data-is-missing', {
          host: 'etcd03',
          says: new RegExp(`etcd03: .*: /opt/etcd/${lost[0]}\\b`),
        })
      }
      expect((await machine.exec(['systemctl', 'is-active', 'etcd'])).stdout).toBe('inactive\n')
    } finally {
      for (const folder of lost)
        await machine.check(['mv', '-T', `/opt/etcd/${folder}.away`, `/opt/etcd/${folder}`])
    }
    await quorateOk(lab, ['apply'])
    expect(await health()).toEqual({ exitCode: 0, id: clusterId })
  })

  test("with machines that can't be inspected: unknown is not down, and the exit code says why", async () => {
    const known = path.join(stateFolder(lab), 'known_hosts')
    const looks: [string, number, () => Promise<unknown>, () => Promise<unknown>][] = [
      [
        'host-key',
        76,
        async () => await rename(known, `${known}.away`),
        async () => await rename(`${known}.away`, known),
      ],
      [
        'permission',
        77,
        async () => await chmod(lab.identityFile, 0o644),
        async () => await chmod(lab.identityFile, 0o600),
      ],
      ['unreachable', 69, cutOff, reconnect],
    ]
    for (const [code, exitCode, hide, show] of looks) {
      await hide()
      try {
        const { exitCode: found, report } = await statusOf(lab)
        expect({ code, exitCode: found }).toEqual({ code, exitCode })
        expect(report.cluster).toMatchObject({ healthy: null, health: 'unknown', unknownMembers: 3 })
        const details = report.cluster.problemDetails.map(({ kind, member, code: why, hint }) => ({
          kind,
          member,
          why,
          hint,
        }))
        expect(details).toEqual(
          MEMBERS.map((member) => ({
            kind: 'unknown',
            member,
            why: code,
            hint: expect.any(String) as string,
          })),
        )
        const healths = report.members.map((member) => [member.healthy, member.code])
        expect(healths).toEqual(MEMBERS.map(() => [null, code]))
        if (code !== 'host-key') continue
        const { stdout } = await quorate(lab, ['status'])
        expect(stdout).not.toMatch(/NOT healthy|\bno\b/)
        for (const name of MEMBERS) expect(stdout).toContain(`quorate trust ${name}`)
        for (const words of [['quota'], ['defrag'], ['alarms'], ['plan']])
          expect({ words, exitCode: (await quorate(lab, words)).exitCode }).toEqual({ words, exitCode })
      } finally {
        await show()
      }
    }
  })

  test('with unreachable machines: members are asked from another one, and the rest is unknown', async () => {
    const machine = lab.machine('etcd03')
    await machine.check(['systemctl', 'stop', 'ssh.service'])
    try {
      const { exitCode, report } = await statusOf(lab)
      expect({ exitCode, ...report.cluster }).toMatchObject({ exitCode: 0, healthy: true, healthyMembers: 3 })
      expect(report.members[2]).toMatchObject({
        healthy: true,
        askedFrom: 'etcd01',
        certificateDaysLeft: 364,
      })
      expect(report.cluster.notes.join()).toMatch(/etcd03: unreachable/)
      await machine.check(['systemctl', 'stop', 'etcd'])
      const { exitCode: without, report: partial } = await statusOf(lab)
      expect(without).toBe(1)
      expect(partial.members[2]).toMatchObject({ healthy: false, askedFrom: 'etcd01', code: null })
    } finally {
      await machine.check(['systemctl', 'start', 'ssh.service'])
      await quorateOk(lab, ['apply'])
    }
  })

  test('whose member lost its log is not started by systemd either', async () => {
    const machine = lab.machine('etcd03')
    await machine.check(['systemctl', 'stop', 'etcd'])
    await machine.check(['mv', '/opt/etcd/wal', '/opt/etcd/wal.away'])
    try {
      const { exitCode, stderr } = await machine.exec(['systemctl', 'start', 'etcd'])
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/assert/i) })
      expect(await machine.mainPid('etcd')).toBe(0)
    } finally {
      await machine.check(['mv', '-T', '/opt/etcd/wal.away', '/opt/etcd/wal'])
      await machine.check(['systemctl', 'start', 'etcd'])
    }
  })

  test('whose members all lost their data never becomes a second one', async () => {
    const machines = MEMBERS.map((name) => lab.machine(name))
    await Promise.all(machines.map((machine) => machine.check(['systemctl', 'stop', 'etcd'])))
    const move = async (from: string, to: string) => {
      for (const machine of machines) {
        for (const folder of ['data', 'wal']) {
          await machine.check(['mv', `/opt/etcd/${folder}${from}`, `/opt/etcd/${folder}${to}`])
        }
      }
    }
    await move('', '.away')
    try {
      for (const machine of machines) {
        expect((await machine.exec(['systemctl', 'start', 'etcd'])).exitCode).not.toBe(0)
      }
      const { exitCode, output, touched } = await refusal(lab)
      expect({ exitCode, touched }).toEqual({ exitCode: 8, touched: [] })
      for (const name of MEMBERS) expect(output).toContain(name)
      for (const machine of machines) {
        expect((await machine.exec(['systemctl', 'is-active', 'etcd'])).stdout).not.toBe('active\n')
      }
    } finally {
      await move('.away', '')
    }
    await quorateOk(lab, ['apply'])
    expect(await health()).toEqual({ exitCode: 0, id: clusterId })
  })

  test('of whose members two lost their data: what plan, apply and status name is not refused', async () => {
    const lost = ['etcd02', 'etcd03'].map((name) => lab.machine(name))
    for (const machine of lost) {
      await machine.check(['systemctl', 'stop', 'etcd'])
      for (const folder of ['data', 'wal'])
        await machine.check(['mv', `/opt/etcd/${folder}`, `/opt/etcd/${folder}.away`])
    }
    try {
      for (const verb of ['plan', 'apply', 'status']) {
        const { exitCode, stdout, stderr } = await quorate(lab, [verb])
        expect({ verb, exitCode }).toEqual({ verb, exitCode: verb === 'status' ? 1 : 8 })
        const named = [...(stdout + stderr).matchAll(/: quorate (\S+(?: etcd\d+)?)$/gm)].map(
          ([, words]) => words,
        )
        expect({ verb, named: [...new Set(named)] }).toEqual({ verb, named: ['recover'] })
      }
      // The operator must decide, and nothing was changed.
      expect((await quorate(lab, ['recover'])).exitCode).toBe(2)
    } finally {
      for (const machine of lost) {
        for (const folder of ['data', 'wal'])
          await machine.check(['mv', `/opt/etcd/${folder}.away`, `/opt/etcd/${folder}`])
      }
    }
    // With their data back, but not started yet, they are the missing members.
    const { report } = await statusOf(lab)
    for (const { hint } of report.cluster.problemDetails) expect(hint).toMatch(/quorate start --all$/)
    await quorateOk(lab, ['start', '--all', '--yes'])
    expect(await health()).toEqual({ exitCode: 0, id: clusterId })
  })

  test('gets over a member that is killed, and starts one that was stopped', async () => {
    const machine = lab.machine('etcd02')
    const pid = await machine.mainPid('etcd')
    await machine.signalPid(pid, 'KILL')
    await vi.waitFor(async () => expect(await health()).toEqual({ exitCode: 0, id: clusterId }), {
      timeout: 60_000,
      interval: 500,
    })
    expect(await machine.mainPid('etcd')).not.toBe(pid)

    await machine.check(['systemctl', 'stop', 'etcd'])
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(1)
    expect(report.members[1]).toMatchObject({ name: 'etcd02', healthy: false })
    expect(await quorateOk(lab, ['apply'])).toContain('done')
    expect(await health()).toEqual({ exitCode: 0, id: clusterId })
  })

  test('with a member that hangs: status says which, apply waits for it', async () => {
    const machine = lab.machine('etcd01')
    const pid = await machine.mainPid('etcd')
    await machine.freezePid(pid)
    try {
      const { exitCode, report } = await statusOf(lab)
      expect(exitCode).toBe(1)
      expect(report.cluster.problems.join()).toContain('etcd01')
      expect(report.members[0]).toMatchObject({ healthy: false, problem: expect.any(String) })
      const run = startQuorate(lab, ['apply', '--json'], {
        onLine: (line) => {
          const { type, step } = JSON.parse(line) as { type?: string; step?: { kind: string } }
          if (type === 'step-started' && step?.kind === 'await-health') void machine.thawPid(pid)
        },
      })
      expect(await run.ended).toMatchObject({ exitCode: 0 })
      expect((await run.ended).stdout).toContain('await-health')
    } finally {
      await machine.thawPid(pid)
    }
    expect(await health()).toEqual({ exitCode: 0, id: clusterId })
  })

  test('with a member cut off from its peers: status says which', async () => {
    const machine = lab.machine('etcd03')
    await machine.cutNetwork({ ports: [2380] })
    await vi.waitFor(
      async () => {
        const { exitCode, report } = await statusOf(lab)
        expect({ exitCode, healthyMembers: report.cluster.healthyMembers }).toEqual({
          exitCode: 1,
          healthyMembers: 2,
        })
        expect(report.members[2]).toMatchObject({ healthy: false, problem: expect.any(String) })
      },
      { timeout: 60_000 },
    )
    await machine.restoreNetwork()
    await vi.waitFor(async () => expect(await health()).toEqual({ exitCode: 0, id: clusterId }), {
      timeout: 60_000,
    })
  })

  test('whose file names a member more or less is left alone until the operator confirms', async () => {
    const { nodes } = parse(await readFile(lab.clusterFile, 'utf8')) as {
      nodes: { name: string; roles: string[] }[]
    }
    try {
      await lab.writeCluster({ nodes: nodes.filter(({ name }) => name !== 'etcd03') })
      const fewer = await refusal(lab, ['apply', '--json'])
      expect(fewer).toMatchObject({ exitCode: 12, touched: [] })
      expect(plannedIn(fewer.stdout)).toContainEqual(
        expect.objectContaining({ kind: 'member-remove', what: expect.stringContaining('etcd03') }),
      )

      await lab.writeCluster({ nodes: nodes.map((node) => ({ ...node, roles: ['etcd'] })) })
      const more = await refusal(lab, ['apply', '--json'])
      expect(more).toMatchObject({ exitCode: 12, touched: [] })
      expect(plannedIn(more.stdout)).toContainEqual(expect.objectContaining({ id: 'member-add worker01' }))
    } finally {
      await lab.writeCluster({})
    }
  })

  test('whose cluster ID files were tampered with: another ID is refused, all of them damaged too, one is repaired', async () => {
    const pin = await lab.machine('etcd01').readFile(PIN)
    const write = async (name: string, text: string) => await lab.machine(name).writeFile(PIN, text)
    await write('etcd02', pin.replace(/cluster-id=.*/, 'cluster-id=feedc0ffee'))
    const other = await refusal(lab)
    expect(other).toMatchObject({ exitCode: 8, touched: [] })
    expect(other.output).toContain('feedc0ffee')

    for (const name of MEMBERS) await write(name, 'cluster-id=\n')
    const damaged = await refusal(lab)
    expect(damaged.touched).toEqual([])
    expect(damaged).toFail('blocked/cluster-id-file-is-missing', { says: '/etc/etcd/cluster-id' })

    for (const name of ['etcd01', 'etcd02']) await write(name, pin)
    await quorateOk(lab, ['apply'])
    expect(await lab.machine('etcd03').readFile(PIN)).toBe(pin)
  })

  test('whose CA is not here any more: no other one is made', async () => {
    const state = stateFolder(lab)
    const known = await readFile(path.join(state, 'known_hosts'))
    await rename(state, `${state}.away`)
    await mkdir(state, { mode: 0o700 })
    await writeFile(path.join(state, 'known_hosts'), known)
    try {
      const { exitCode, output, touched } = await refusal(lab)
      expect({ exitCode, touched }).toEqual({ exitCode: 8, touched: [] })
      expect(output).toMatch(/CA/)
      await expect(readFile(path.join(state, 'ca', 'ca.crt'))).rejects.toThrow('ENOENT')
      expect((await quorate(lab, ['status'])).exitCode).not.toBe(0)
      await expect(readFile(path.join(state, 'ca', 'ca.crt'))).rejects.toThrow('ENOENT')
    } finally {
      await rm(state, { recursive: true })
      await rename(`${state}.away`, state)
    }
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('a plan in a file is carried out exactly, or not at all', async () => {
    const file = path.join(lab.folder, 'friday.plan')
    await lab.machine('etcd01').check(['chmod', '600', '/etc/etcd/options.env'])
    expect(await quorate(lab, ['plan', '--out', file])).toMatchObject({ exitCode: 2 })
    await lab.machine('etcd02').check(['sh', '-c', "echo '# a remark' >>/etc/etcd/options.env"])
    const moved = await refusal(lab, ['apply', file])
    expect(moved).toMatchObject({ exitCode: 9, touched: [] })
    expect(moved.output).toContain('etcd02')

    expect(await quorate(lab, ['plan', '--out', file])).toMatchObject({ exitCode: 2 })
    await lab.writeCluster({ pki: { days: 30 } })
    expect(await refusal(lab, ['apply', file])).toMatchObject({ exitCode: 9, touched: [] })
    await lab.writeCluster({})
    expect(await quorateOk(lab, ['apply', file])).toContain('done: 2 steps')
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(await lab.machine('etcd02').readFile('/etc/etcd/options.env')).not.toContain('remark')
  })

  async function cutOff(): Promise<void> {
    for (const name of MEMBERS) await lab.machine(name).cutNetwork({ ports: [22] })
  }

  async function reconnect(): Promise<void> {
    for (const name of MEMBERS) await lab.machine(name).restoreNetwork()
  }

  async function health(): Promise<{ exitCode: number; id: string | null }> {
    const { exitCode, report } = await statusOf(lab)
    return { exitCode, id: report.cluster.id }
  }
})
