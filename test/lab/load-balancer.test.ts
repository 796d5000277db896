/** HAProxy in front of API servers that come and go, and an address that moves between two service nodes. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import {
  type ApiServer,
  BALANCER_PACKAGES,
  type Watch,
  ask,
  makeApiCertificates,
  openWatch,
  packBalancer,
  sendRequests,
  startApiServer,
} from './support/api-servers.ts'
import { freshState } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const CONFIGURATION = '/etc/haproxy/haproxy.cfg'
const SERVICE = ['service01', 'service02'] as const
const PORT = 6443
const OTHER_PORT = 7443
const SOON = { timeout: 60_000, interval: 200 }

describe.skipIf(reason)(`the load balancer${because}`, () => {
  let lab: TestLab
  let address = ''
  const servers = new Map<string, ApiServer>()

  const start = async (name: string) => void servers.set(name, await startApiServer(lab, name))
  const write = async (more: Readonly<Record<string, unknown>> = {}, withoutMaster?: string) => {
    const roles: Record<string, readonly string[]> = {
      etcd01: ['etcd', 'master'],
      master02: ['master'],
      service01: ['service'],
      service02: ['service'],
    }
    const nodes = lab.machines.map(({ name, address: own }) => ({
      name,
      address: own,
      roles: name === withoutMaster ? ['worker'] : roles[name],
    }))
    const loadBalancer = { url: `https://${address}:${PORT}`, managed: true, address, ...more }
    await lab.writeCluster({ nodes, packages: [], loadBalancer })
  }
  const apply = async () => await quorateOk(lab, ['apply', '--yes', '--no-probe'])
  const configurationOf = async (name: string) => await lab.machine(name).readFile(CONFIGURATION)
  const exists = async (name: string, file: string) =>
    (await lab.machine(name).exec(['test', '-e', file])).exitCode === 0
  const holders = async () => {
    const found = await Promise.all(
      SERVICE.map(async (name) => {
        const { stdout } = await lab.machine(name).exec(['ip', '-o', 'address', 'show', 'to', address])
        return stdout.trim() === '' ? [] : [name]
      }),
    )
    return found.flat()
  }
  const report = async () => {
    const { stdout, exitCode } = await quorate(lab, ['status', '--json'])
    const { tiers } = JSON.parse(stdout) as { tiers: { serving: boolean | null; notes: string[] }[] }
    return { exitCode, serving: tiers[0]?.serving, notes: tiers[0]?.notes ?? [] }
  }

  beforeAll(async () => {
    lab = await testLab({
      machines: [
        { name: 'etcd01', roles: ['etcd', 'master'] },
        { name: 'master02', roles: ['master'] },
        { name: 'service01', roles: ['service'] },
        { name: 'service02', roles: ['service'] },
      ],
      packages: BALANCER_PACKAGES,
    })
    address = lab.machine('etcd01').address.replace(/\d+$/, '99')
    await Promise.all([
      freshState(lab),
      makeApiCertificates(lab, ['etcd01', 'master02']),
      ...SERVICE.map(async (name) => await packBalancer(lab, name)),
    ])
    await write()
  })
  afterAll(async () => {
    for (const server of servers.values()) await server.kill()
    await lab.down()
  })

  test('a foreign configuration stops the whole apply, before anything is touched', async () => {
    await lab.machine('service02').writeFile(CONFIGURATION, 'defaults\n  mode http\n')
    expect(await quorate(lab, ['apply', '--yes'])).toFail('blocked/file-of-another-tool', {
      host: 'service02',
      says: /service02: \/etc\/haproxy\/haproxy\.cfg /,
    })
    expect(await configurationOf('service02')).toBe('defaults\n  mode http\n')
    expect(await exists('service01', '/usr/sbin/haproxy')).toBe(false)
    await lab.machine('service02').check(['rm', '-r', '/etc/haproxy'])
  })

  test('is installed together with etcd, in its first stage; a run that is killed there is completed by the next', async () => {
    const { ended } = startQuorate(lab, ['apply', '--yes', '--no-probe', '--json'], {
      onLine: (line, child) => {
        if (/"type":"step-done".*"kind":"service-file"/.test(line)) child.kill('SIGKILL')
      },
    })
    await ended
    await apply()
    for (const name of SERVICE) {
      expect(await lab.machine(name).check(['systemctl', 'is-active', 'haproxy', 'keepalived'])).toBe(
        'active\nactive\n',
      )
      expect(await lab.machine(name).check(['systemctl', 'is-enabled', 'haproxy'])).toBe('enabled\n')
      expect(await exists(name, '/var/lib/quorate/loading/haproxy.service')).toBe(false)
    }
    const again = await quorate(lab, ['plan'])
    expect(again.stdout + again.stderr).toMatch(/nothing to/i)
    expect(again.exitCode).toBe(0)
  })

  test('only root commands it', async () => {
    const socket = '/run/haproxy/quorate.sock'
    expect(await lab.machine('service01').check(['stat', '-c', '%a %U:%G', socket])).toBe('600 root:root\n')
  })

  test('without API servers status says so, and etcd is as healthy as it is', async () => {
    const { exitCode, serving, notes } = await report()
    expect(exitCode).toBe(0)
    expect(serving).toBe(false)
    expect(notes.filter((note) => /^(?:etcd01|master02): .*API server\b/.test(note))).toHaveLength(2)
  })

  test('one of two API servers at a time comes and goes, HAProxy is reloaded: no request fails', async () => {
    await Promise.all([start('etcd01'), start('master02')])
    await vi.waitFor(async () => expect(await report()).toMatchObject({ serving: true, notes: [] }), SOON)
    const requests = sendRequests(address, PORT)
    for (const name of ['etcd01', 'master02']) {
      await servers.get(name)?.stop()
      await start(name)
      await vi.waitFor(async () => expect((await report()).notes).toEqual([]), SOON)
    }
    const before = await configurationOf('service01')
    await write({}, 'master02')
    await apply()
    expect(await configurationOf('service01')).not.toBe(before)
    await write()
    await apply()
    expect(await configurationOf('service01')).toBe(before)
    await vi.waitFor(async () => expect((await report()).notes).toEqual([]), SOON)
    await requests.stop()
    expect(requests.failed).toEqual([])
    expect([...requests.answered.keys()].toSorted()).toEqual(['etcd01', 'master02'])
  })

  test('the machine of an API server answers nothing any more: only what is under way there fails, and nothing waits for long', async () => {
    const requests = sendRequests(address, PORT)
    await lab.machine('master02').cutNetwork({ ports: [PORT] })
    await vi.waitFor(
      async () => expect((await report()).notes).toEqual([expect.stringMatching(/^master02: .*L4TOUT/)]),
      SOON,
    )
    await requests.stop()
    await lab.machine('master02').restoreNetwork()
    await vi.waitFor(async () => expect((await report()).notes).toEqual([]), SOON)
    // Four are in progress at a time.
    expect(requests.failed.length).toBeLessThanOrEqual(4)
    expect(requests.slowest()).toBeLessThan(3_000)
  })

  test('who is not ready loses its connections, who ends in order keeps them', async () => {
    let watches: readonly Watch[] = []
    const of = (name: string) => watches.filter((watch) => watch.name === name)
    // New connections avoid a server until the health checks of both back ends succeed, and those don't run at the same time.
    await vi.waitFor(async () => {
      for (const watch of watches) watch.stop()
      watches = await Promise.all([1, 2, 3, 4].map(async () => await openWatch(address, PORT)))
      expect([of('etcd01').length, of('master02').length]).toEqual([2, 2])
    }, SOON)
    servers.get('master02')?.loseEtcd()
    await vi.waitFor(() => expect(of('master02').every(({ ended }) => ended())).toBe(true), SOON)
    expect(of('etcd01').some(({ ended }) => ended())).toBe(false)
    await servers.get('master02')?.kill()
    await start('master02')
    await vi.waitFor(async () => expect((await report()).notes).toEqual([]), SOON)
    const stopped = servers.get('etcd01')?.stop()
    await vi.waitFor(
      async () => expect((await report()).notes).toEqual([expect.stringMatching(/L7OKC/)]),
      SOON,
    )
    expect(of('etcd01').some(({ ended }) => ended())).toBe(false)
    for (const watch of watches) watch.stop()
    await stopped
    await start('etcd01')
    await vi.waitFor(async () => expect((await report()).notes).toEqual([]), SOON)
  })

  test('a file that haproxy -c accepts and HAProxy can not load: the previous one is put back, and serves', async () => {
    const machine = lab.machine('service01')
    const before = await configurationOf('service01')
    // By its name it could be HAProxy itself, so nothing refuses it beforehand.
    await machine.check(['sh', '-c', 'mkdir /run/other && cp "$(command -v socat)" /run/other/haproxy'])
    const listen = `TCP4-LISTEN:${OTHER_PORT},fork`
    await machine.check(['systemd-run', '--unit=other', '/run/other/haproxy', listen, 'EXEC:cat'])
    await write({ url: `https://${address}:${OTHER_PORT}` })
    const requests = sendRequests(machine.address, PORT)
    const { exitCode, stdout, stderr } = await quorate(lab, ['apply', '--yes', '--no-probe'])
    expect(exitCode).not.toBe(0)
    expect(stdout + stderr).toMatch(
      /service01: [^]*the previous content of \/etc\/haproxy\/haproxy\.cfg was put back; haproxy\.service is active/,
    )
    expect(await configurationOf('service01')).toBe(before)
    expect(await exists('service01', '/var/lib/quorate/loading/haproxy.service')).toBe(false)
    await requests.stop()
    // HAProxy itself lets go of its port for two seconds while it tries. Nothing fails when the file is put back, 30 s later.
    const failures = requests.failed.map((text) => Date.parse(text.split(' ')[0] ?? ''))
    expect(Math.max(...failures) - Math.min(...failures)).toBeLessThan(10_000)
    expect(await ask(machine.address, PORT)).toMatch(/etcd01|master02/)
    await machine.check(['systemctl', 'stop', 'other'])
    await apply()
    expect(await ask(machine.address, OTHER_PORT)).toMatch(/etcd01|master02/)
    await write()
    await apply()
    expect(await configurationOf('service01')).toBe(before)
    await vi.waitFor(async () => expect((await report()).notes).toEqual([]), SOON)
  })

  test('what haproxy -c refuses never gets in place', async () => {
    const before = await configurationOf('service01')
    await lab.machine('service01').writeFile('/etc/haproxy/api-ca.crt', 'no certificate\n')
    expect(await quorate(lab, ['apply', '--yes', '--no-probe'])).toFail('command', {
      host: 'service01',
      says: /haproxy .* \/etc\/haproxy\/haproxy\.cfg/,
    })
    expect(await configurationOf('service01')).toBe(before)
    expect(await ask(lab.machine('service01').address, PORT)).toMatch(/etcd01|master02/)
  })

  test('as soon as there is a CA, an API server of another one is sent nothing', async () => {
    const ca = await readFile(path.join(lab.folder, 'api-ca.crt'), 'utf8')
    for (const name of SERVICE) await lab.machine(name).writeFile('/etc/haproxy/api-ca.crt', ca)
    await apply()
    expect(await configurationOf('service01')).toContain('verify required ca-file')
    await vi.waitFor(async () => expect(await report()).toMatchObject({ serving: true, notes: [] }), SOON)
    await servers.get('master02')?.kill()
    await makeApiCertificates(lab, ['master02'], 'other-ca')
    await start('master02')
    await vi.waitFor(async () => {
      const { serving, notes } = await report()
      expect(serving).toBe(true)
      expect(notes).toEqual([expect.stringMatching(/^master02: .*: L6/)])
    }, SOON)
  })

  test('the address moves when HAProxy hangs, and when its machine dies', async () => {
    const [first = '', ...others] = await holders()
    expect(others).toEqual([])
    await lab.machine(first).check(['systemctl', 'kill', '--signal=STOP', 'haproxy'])
    const second = SERVICE.find((name) => name !== first) ?? ''
    await vi.waitFor(async () => expect(await holders()).toEqual([second]), SOON)
    expect(await ask(address, PORT)).toBe('etcd01')
    await lab.machine(first).check(['systemctl', 'kill', '--signal=CONT', 'haproxy'])
    await vi.waitFor(
      async () => expect(await lab.machine(first).check(['/etc/keepalived/quorate-haproxy.sh'])).toBe(''),
      SOON,
    )
    await lab.machine(second).kill()
    await vi.waitFor(async () => expect(await ask(address, PORT)).toBe('etcd01'), SOON)
    await lab.machine(second).boot()
    await vi.waitFor(async () => expect(await holders()).toHaveLength(1), SOON)
  })

  test('is taken away when the file stops asking for it', async () => {
    await write({ managed: false })
    await apply()
    for (const name of SERVICE) {
      for (const unit of ['haproxy', 'keepalived']) {
        const { stdout } = await lab.machine(name).exec(['systemctl', 'is-active', unit])
        expect(`${unit} ${stdout}`).toBe(`${unit} inactive\n`)
        expect((await lab.machine(name).exec(['systemctl', 'is-enabled', unit])).stdout).toBe('disabled\n')
      }
      expect(await exists(name, CONFIGURATION)).toBe(false)
      expect(await lab.machine(name).check(['sh', '-c', `ls ${CONFIGURATION}.before-*`])).not.toBe('')
    }
    expect(await holders()).toEqual([])
    expect((await quorate(lab, ['plan'])).exitCode).toBe(0)
  })
})
