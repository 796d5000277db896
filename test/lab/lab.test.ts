/** The lab itself, which all other lab tests depend on. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fc from 'fast-check'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseEnvironmentFile, renderEnvironmentFile } from '../../src/etcd/environment-file.ts'
import { parseProcessEnvironment } from '../../src/etcd/process-environment.ts'
import { bridgeName, cgroupName, vethName } from '../../src/lab/identity.ts'
import { interfaceExists, removeInterface } from '../../src/lab/bridge.ts'
import { bootLab, downLab, type Lab, labStatus } from '../../src/lab/lab.ts'
import { labBase } from '../../src/lab/base.ts'
import { readIfThere } from '../../src/files/process-identity.ts'
import { sweepLabs } from '../../src/lab/sweep.ts'
import { type TestLab, TEST_LABS, testLab, whyNoLab } from './harness.ts'

const reason = whyNoLab()

describe.skipIf(reason)(`a lab of three machines${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: 3,
      addresses: 'dual',
      disks: [{ path: '/small', sizeBytes: 16 * 2 ** 20 }],
    })
  })
  afterAll(async () => await lab.down())

  test('lets in with its key, under its true host keys', async () => {
    for (const { name } of lab.machines) {
      expect(await lab.ssh(name, ['uname', '-n'])).toMatchObject({ stdout: `${name}\n`, exitCode: 0 })
    }
  })

  test('has a systemd each to which nothing is wrong', async () => {
    for (const machine of lab.machines) {
      expect(await machine.check(['systemctl', 'is-system-running', '--wait'])).toBe('running\n')
    }
    const ids = await Promise.all(lab.machines.map((machine) => machine.readFile('/etc/machine-id')))
    expect(new Set(ids).size).toBe(3)
  })

  test("has control groups that know only the machine's own processes", async () => {
    const machine = lab.machine('etcd01')
    await lab.machine('etcd02').check(['systemd-run', '--unit=other', '/bin/sleep', '300'])
    expect(await machine.check(['systemctl', 'status', '--no-pager'])).not.toContain('other.service')
    await lab.machine('etcd02').check(['systemctl', 'stop', 'other'])
  })

  test('has a systemd that reads environment files as quorate writes and reads them', async () => {
    const machine = lab.machine('etcd01')
    const character = fc.constantFrom(...`aZ9=:,/#;'"\\$\`%@ \t\né{}`.split(''))
    const [written = []] = fc.sample(
      fc.array(fc.string({ unit: character }), { minLength: 24, maxLength: 24 }),
      {
        numRuns: 1,
        seed: 11,
      },
    )
    const values = written.map((text) => text.replaceAll(/\s/g, ' '))
    const own = renderEnvironmentFile(Object.fromEntries(values.map((value, at) => [`ETCD_${at}`, value])))
    // Files edited by hand can contain anything: each text is a separate file, between two valid lines.
    const files = [own, ...written.map((text) => `ETCD_A=before\nETCD_B=${text}\nETCD_C=behind\n`)]
    for (const [at, text] of files.entries()) await machine.writeFile(`/run/environment/${at}`, text)
    const run = `for file in $(ls /run/environment | sort -n); do
      systemd-run --quiet --pipe --wait -p EnvironmentFile=/run/environment/$file \\
        sh -c 'grep -z ^ETCD_ /proc/self/environ | base64 -w 0; echo'
    done`
    const lines = (await machine.check(['sh', '-c', run])).trimEnd().split('\n')
    const real = lines.map((line) => parseProcessEnvironment(Buffer.from(line, 'base64').toString()))
    const read = files.map((text) =>
      Object.entries(parseEnvironmentFile(text)).filter(([name]) => /^ETCD_\w+$/.test(name)),
    )
    expect(real).toEqual(read.map((entries) => Object.fromEntries(entries)))
    expect(values.map((_, at) => real[0]?.[`ETCD_${at}`])).toEqual(values)
  })

  test('is one network, by name, IPv4 and IPv6', async () => {
    const [, second] = lab.machine('etcd03').spec.addresses.map((cidr) => cidr.split('/')[0] ?? '')
    expect(await greeting(lab, 'etcd01', 'etcd03')).toContain('SSH-2.0')
    expect(await greeting(lab, 'etcd01', second ?? '')).toContain('SSH-2.0')
  })

  test('can be cut: altogether, from a peer, from a port, and whole again', async () => {
    const machine = lab.machine('etcd01')
    const other = lab.machine('etcd02').address
    await machine.cutNetwork()
    expect(await greeting(lab, 'etcd02', 'etcd01')).toBe('')
    await machine.cutNetwork({ peers: [other] })
    expect(await greeting(lab, 'etcd02', 'etcd01')).toBe('')
    expect(await greeting(lab, 'etcd03', 'etcd01')).toContain('SSH-2.0')
    await machine.cutNetwork({ ports: [2380] })
    expect(await greeting(lab, 'etcd02', 'etcd01')).toContain('SSH-2.0')
    await machine.cutNetwork({ ports: [22], direction: 'in' })
    expect(await greeting(lab, 'etcd02', 'etcd01')).toBe('')
    expect(await greeting(lab, 'etcd01', 'etcd02')).toBe('')
    await machine.restoreNetwork()
    expect(await greeting(lab, 'etcd02', 'etcd01')).toContain('SSH-2.0')
  })

  test('has a small disk that runs full and can be freed', async () => {
    const machine = lab.machine('etcd02')
    await machine.fillDisk('/small')
    const full = await machine.exec(['sh', '-c', 'head -c 100000 /dev/zero >/small/file'])
    expect(full.stderr).toContain('No space left on device')
    await machine.freeDisk('/small')
    await machine.check(['sh', '-c', 'head -c 100000 /dev/zero >/small/file'])
  })

  test('keeps files through a power cut; pristine machines forget them and keep their host keys', async () => {
    const machine = lab.machine('etcd03')
    await machine.writeFile('/srv/deep/note', 'kept', { mode: '0600' })
    await machine.writeFile('/small/note', 'kept too')
    await machine.check(['sync'])
    await machine.kill()
    expect(await machine.isRunning()).toBe(false)
    await machine.boot()
    expect(await machine.check(['stat', '--format=%a', '/srv/deep/note'])).toBe('600\n')
    expect(await machine.readFile('/srv/deep/note')).toBe('kept')
    expect(await machine.readFile('/small/note')).toBe('kept too')

    await lab.pristine()
    for (const file of ['/srv/deep', '/small/note']) {
      expect(await machine.exec(['test', '-e', file])).toMatchObject({ exitCode: 1 })
    }
    expect(await lab.ssh('etcd03', ['true'])).toMatchObject({ exitCode: 0 })
  })

  test('booted again while it is up: says so, boots only what is missing', async () => {
    const base = await labBase()
    const texts: string[] = []
    const emit = ({ text }: { text: string }) => void texts.push(text)
    const all = lab.machines.map(({ name }) => name)
    const before = await labStatus(lab.lab.spec.folder)
    expect(await bootLab(lab.lab.spec, { base, emit })).toMatchObject({ booted: [], running: all })
    expect(texts).toContainEqual(
      expect.stringMatching(new RegExp(` ${lab.lab.spec.name} .*: ${all.length} nodes$`)),
    )

    await lab.machine('etcd02').kill()
    expect(await labStatus(lab.lab.spec.folder)).toMatchObject({ state: 'partial' })
    expect(await bootLab(lab.lab.spec, { base })).toMatchObject({
      booted: ['etcd02'],
      running: ['etcd01', 'etcd03'],
    })
    await removeInterface(bridgeName(lab.lab.spec.folder))
    expect(await labStatus(lab.lab.spec.folder)).toMatchObject({ state: 'partial' })
    await bootLab(lab.lab.spec, { base })
    expect(await greeting(lab, 'etcd01', 'etcd03')).toContain('SSH-2.0')
    const after = await labStatus(lab.lab.spec.folder)
    expect(after.state).toBe('up')
    expect(after.machines[0]?.pid).toBe(before.machines[0]?.pid)
  })

  test('runs next to another lab, and leaves nothing of itself when it goes', async () => {
    const other = await testLab({ machines: 2 })
    expect(await other.ssh('etcd01', ['true'])).toMatchObject({ exitCode: 0 })
    expect(await other.machine('etcd01').readFile('/etc/machine-id')).not.toBe(
      await lab.machine('etcd01').readFile('/etc/machine-id'),
    )
    const pids = await pidsOf(other.lab)
    await other.down()
    await expectNoTrace(other.lab, pids)
    expect(existsSync(other.folder)).toBe(false)
    expect(await lab.ssh('etcd01', ['true'])).toMatchObject({ exitCode: 0 })
  })

  test('shares its network with a lab of other addresses, and refuses one that wants an address of its own', async () => {
    const { spec } = lab.lab
    const base = await labBase()
    const folders = [`${spec.folder}-beside`, `${spec.folder}-clash`]
    const [folder = '', third = ''] = folders
    const machines = spec.machines.slice(0, 1).map((machine) => ({
      ...machine,
      disks: [],
      addresses: machine.addresses.map((cidr) =>
        cidr.replace(/(\d+)(?=\/\d+$)/, (last) => String(Number(last) + 100)),
      ),
    }))
    try {
      const { lab: second } = await bootLab({ ...spec, folder, machines }, { base })
      expect(await idOf(second)).not.toBe(await idOf(lab.lab))
      const reached = [...machines, ...spec.machines].flatMap(({ addresses }) => addresses)
      for (const cidr of reached) expect(await greetingHere(cidr)).toContain('SSH-2.0')
      const clash = bootLab({ ...spec, folder: third, machines }, { base })
      await expect(clash).rejects.toMatchObject({
        code: 'lab',
        id: 'addresses-in-use',
      })
      // The first one keeps running unchanged, also when it is booted again next to the other.
      await bootLab(spec, { base })
      expect(await lab.ssh('etcd01', ['true'])).toMatchObject({ exitCode: 0 })
      const pids = await pidsOf(second)
      await downLab(folder, { purge: true })
      await expectNoTrace(second, pids)
    } finally {
      for (const one of folders) await downLab(one, { purge: true })
    }
    expect(await lab.ssh('etcd01', ['true'])).toMatchObject({ exitCode: 0 })
  })

  test("refuses a network that is another lab's", async () => {
    const { spec } = lab.lab
    const folder = `${spec.folder}-second`
    const boot = bootLab({ ...spec, folder }, { base: await labBase() })
    await expect(boot).rejects.toFail('lab/addresses-in-use')
    await downLab(folder, { purge: true })
    expect(existsSync(folder)).toBe(false)
  })
})

describe.skipIf(reason)('users', () => {
  test("log in with the lab's key and have the sudo they were given", async () => {
    await using lab = await testLab({
      machines: 1,
      user: 'ops',
      users: [{ name: 'ops', sudo: 'password', password: 'let me: in' }],
    })
    const machine = lab.machine('etcd01')
    expect(await lab.ssh('etcd01', ['id', '-un'])).toMatchObject({ stdout: 'ops\n' })
    expect(await lab.ssh('etcd01', ['sudo', '-n', 'id', '-u'])).toMatchObject({ exitCode: 1 })
    const asked = ['runuser', '-u', 'ops', '--', 'sudo', '-S', 'id', '-u']
    expect(await machine.exec(asked, { stdin: 'let me: in\n' })).toMatchObject({ stdout: '0\n' })
  })

  test('with sudo without a password need none; a lab of IPv6 alone is reachable', async () => {
    await using lab = await testLab({
      machines: 1,
      addresses: 'ipv6',
      user: 'ops',
      users: [{ name: 'ops', sudo: 'passwordless' }],
    })
    expect(await lab.ssh('etcd01', ['sudo', '-n', 'id', '-u'])).toMatchObject({ stdout: '0\n' })
  })
})

describe.skipIf(reason)('a machine for containers', () => {
  test('has control groups of its own to write to, real directories for images, and the kernel settings of a kubelet', async () => {
    const settings = ['vm/overcommit_memory', 'kernel/panic', 'kernel/keys/root_maxkeys']
    const here = await Promise.all(settings.map((name) => readFile(`/proc/sys/${name}`, 'utf8')))
    await using lab = await testLab({
      machines: [{ name: 'worker01', containers: true }, { name: 'plain01' }],
    })
    const machine = lab.machine('worker01')
    expect(await machine.check(['systemctl', 'is-system-running', '--wait'])).toBe('running\n')
    const groups = await machine.check([
      'sh',
      '-c',
      'cd /sys/fs/cgroup && mkdir memory/pods cpu/pods && ls -d */pods',
    ])
    expect(groups).toBe('cpu/pods\nmemory/pods\n')
    // No one else sees them.
    expect(existsSync('/sys/fs/cgroup/memory/pods')).toBe(false)
    expect(
      existsSync(path.join('/sys/fs/cgroup/memory', cgroupName(lab.lab.spec.folder, 'worker01'), 'pods')),
    ).toBe(true)
    const mounts = await machine.check([
      'sh',
      '-c',
      'cd /var/lib/containerd && mkdir l u w m && mount -t overlay o -o lowerdir=l,upperdir=u,workdir=w m && umount m && echo layered',
    ])
    expect(mounts).toBe('layered\n')
    const there = await machine.check(['sh', '-c', 'cd /proc/sys && cat "$@"', 'cat', ...settings])
    expect(there).toBe('1\n10\n1000000\n')
    expect(await Promise.all(settings.map((name) => readFile(`/proc/sys/${name}`, 'utf8')))).toEqual(here)
    expect((await lab.machine('plain01').exec(['mkdir', '/sys/fs/cgroup/memory/pods'])).exitCode).not.toBe(0)

    await lab.pristine()
    expect(await machine.check(['ls', '/var/lib/containerd'])).toBe('')
    const pids = await pidsOf(lab.lab)
    await lab.down()
    await expectNoTrace(lab.lab, pids)
  })
})

describe.skipIf(reason)('after an unclean end', () => {
  test('of the process that owns a lab, a sweep removes it and leaves other labs alone', async () => {
    await using mine = await testLab({ machines: 1 })
    const { owner, folder } = await ownerOfALab()
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    const spec = (
      JSON.parse(await readFile(path.join(folder, 'lab/lab.json'), 'utf8')) as { spec: Lab['spec'] }
    ).spec
    const pids = await pidsOf({ spec })
    expect(pids.length).toBe(2)

    expect(await sweepLabs(TEST_LABS)).toContain(folder)
    await expectNoTrace({ spec }, pids)
    expect(await mine.ssh('etcd01', ['true'])).toMatchObject({ exitCode: 0 })
  })

  test("of a container's supervisor and with the record lost, down still leaves nothing", async () => {
    await using lab = await testLab({ machines: 2 })
    const pids = await pidsOf(lab.lab)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await rm(path.join(lab.lab.spec.folder, 'lab.json'))
    await lab.down()
    expect(pids).toHaveLength(2)
    await expectNoTrace(lab.lab, pids)
  })
})

/** Another process with a lab of two machines. */
async function ownerOfALab(): Promise<{ owner: ChildProcess; folder: string }> {
  const [hook, program] = ['raw-hook.mjs', 'lab-owner.ts'].map((name) => path.join(import.meta.dirname, name))
  const owner = spawn(process.execPath, ['--import', `${hook}`, `${program}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  return { owner, folder: line.toString().trim() }
}

async function greeting(lab: TestLab, from: string, to: string): Promise<string> {
  const argv = ['timeout', '2', 'bash', '-c', 'exec 3<>"/dev/tcp/$1/22" && head -n 1 <&3', 'greeting', to]
  return (await lab.machine(from).exec(argv)).stdout
}

async function idOf(lab: Lab): Promise<string> {
  return await lab.machine('etcd01').readFile('/etc/machine-id')
}

/** As this host receives it. */
async function greetingHere(cidr: string): Promise<string> {
  const socket = connect({ host: cidr.split('/')[0], port: 22, timeout: 5000 })
  try {
    socket.once('timeout', () => socket.destroy(new Error(`no answer from ${cidr}`)))
    const [data] = (await once(socket, 'data')) as [Buffer]
    return data.toString()
  } finally {
    socket.destroy()
  }
}

async function pidsOf({ spec }: Pick<Lab, 'spec'>): Promise<number[]> {
  const { machines } = await labStatus(spec.folder)
  return machines.map(({ pid }) => pid).filter((pid) => pid !== undefined)
}

async function expectNoTrace({ spec }: Pick<Lab, 'spec'>, pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(0)
  // A zombie process has no command line any more.
  for (const pid of pids) expect((await readIfThere(`/proc/${pid}/cmdline`)) ?? '').toBe('')
  expect(await interfaceExists(bridgeName(spec.folder))).toBe(false)
  for (const { name } of spec.machines) {
    expect(await interfaceExists(vethName(spec.folder, name))).toBe(false)
    for (const tree of ['', 'unified', 'systemd', 'memory', 'cpu', 'cpuset']) {
      expect(existsSync(path.join('/sys/fs/cgroup', tree, cgroupName(spec.folder, name)))).toBe(false)
    }
  }
  expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(spec.folder)
  expect(existsSync(spec.folder)).toBe(false)
  expect(await processesNaming(spec.folder)).toEqual([])
}

async function processesNaming(text: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const file = `/proc/${pid}/cmdline`
    const command = (await readIfThere(file)) ?? ''
    if (command.includes(text)) found.push(command)
  }
  return found
}
