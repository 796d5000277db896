/** SSH against real sshd, sudo and login shells. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SshTarget } from '../../src/spec/cluster.ts'
import { type FleetOptions, openFleet } from '../../src/ssh/fleet.ts'
import { trust } from '../../src/operations/trust.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'

const PASSWORD = 'correct horse'

describe.skipIf(whyNoLab())('over SSH', () => {
  let lab: TestLab
  const target = (name: string, changes: Partial<SshTarget> = {}): SshTarget => ({
    host: lab.machine(name).address,
    user: 'root',
    port: undefined,
    identityFile: lab.identityFile,
    jump: undefined,
    ...changes,
  })
  const fleet = async (options: Partial<FleetOptions> = {}) =>
    await openFleet({ knownHosts: lab.knownHostsFile, ...options })

  beforeAll(async () => {
    lab = await testLab({
      machines: ['near', 'far'].map((name) => ({ name, roles: ['etcd'] })),
      addresses: 'dual',
      users: [
        { name: 'free', sudo: 'passwordless' },
        { name: 'asked', sudo: 'password', password: PASSWORD },
        { name: 'barred', sudo: 'none' },
        { name: 'noisy', sudo: 'passwordless' },
      ],
    })
    await lab
      .machine('far')
      .writeFile('/home/noisy/.bashrc', "echo 'Welcome!'; printf 'no line end'; echo warning >&2\n", {
        owner: 'noisy',
      })
  })
  afterAll(async () => {
    await lab?.down()
  })

  describe('root rights', () => {
    test('root needs nothing, a sudoer without password becomes root', async () => {
      await using machines = await fleet()
      for (const user of ['root', 'free']) {
        const remote = await machines.get('far', target('far', { user }))
        expect(remote.user).toBe(user)
        expect((await remote.run({ argv: ['id', '-un'], root: true })).stdout).toBe('root\n')
        expect((await remote.run({ argv: ['id', '-un'] })).stdout).toBe(`${user}\n`)
      }
    })

    test('a sudo password is asked for once, reaches sudo alone, and shows nowhere', async () => {
      let asked = 0
      await using machines = await fleet({ sudoPassword: async () => ((asked += 1), PASSWORD) })
      const remote = await machines.get('far', target('far', { user: 'asked' }))
      const input = `first line\n${PASSWORD.length}\n`
      const runs = await Promise.all(
        [1, 2, 3].map(async () => await remote.run({ argv: ['cat'], stdin: input, root: true })),
      )
      expect(runs.map(({ stdout }) => stdout)).toEqual([input, input, input])
      expect(asked).toBe(1)

      const sleeping = remote.run({ argv: ['sleep', '2.5'], root: true })
      await until(async () => (await processesThere()).includes('sleep 2.5'))
      const there = await lab
        .machine('far')
        .check(['sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" " "'])
      expect(there).toContain('QUORATE_RUN=')
      expect(there).not.toContain(PASSWORD)
      expect(await everyCommandLineHere()).not.toContain(PASSWORD)
      await sleeping
    })

    test('a wrong password is refused clearly and not repeated in the error', async () => {
      await using machines = await fleet({ sudoPassword: async () => 'wrong battery' })
      const remote = await machines.get('far', target('far', { user: 'asked' }))
      const error = await failure(remote.run({ argv: ['true'], root: true }))
      expect(error).toMatchObject({
        code: 'permission',
        host: 'far',
        message: "sudo there does not take asked's password",
      })
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong battery')
    })

    test('who may not use sudo, and where nobody can be asked, is told so', async () => {
      await using silent = await fleet()
      const unasked = await silent.get('far', target('far', { user: 'asked' }))
      await expect(unasked.run({ argv: ['true'], root: true })).rejects.toMatchObject({
        code: 'permission',
        hint: expect.stringContaining('--sudo-password-file'),
      })

      await lab.machine('far').check(['sh', '-c', 'echo barred:secret | chpasswd'])
      await using machines = await fleet({ sudoPassword: async () => 'secret' })
      const barred = await machines.get('far', target('far', { user: 'barred' }))
      await expect(barred.run({ argv: ['true'], root: true })).rejects.toMatchObject({
        code: 'permission',
        message: 'barred may not use sudo there',
      })
      expect((await barred.run({ argv: ['id', '-un'] })).stdout).toBe('barred\n')
    })

    test('a machine without sudo is told apart', async () => {
      const machine = lab.machine('far')
      await machine.check(['mv', '/usr/bin/sudo', '/usr/bin/sudo.away'])
      try {
        await using machines = await fleet()
        const remote = await machines.get('far', target('far', { user: 'free' }))
        await expect(remote.run({ argv: ['true'], root: true })).rejects.toMatchObject({
          code: 'permission',
          message: 'free is not root there, and there is no sudo',
        })
      } finally {
        await machine.check(['mv', '/usr/bin/sudo.away', '/usr/bin/sudo'])
      }
    })
  })

  describe('commands', () => {
    test('what a login script prints is no part of the output', async () => {
      await using machines = await fleet()
      const remote = await machines.get('far', target('far', { user: 'noisy' }))
      expect(await remote.run({ argv: ['sh', '-c', 'echo out; echo err >&2'] })).toMatchObject({
        stdout: 'out\n',
        stderr: 'err\n',
      })
      expect((await remote.run({ argv: ['id', '-u'], root: true })).stdout).toBe('0\n')
    })

    test('exit codes are the command’s, 255 too', async () => {
      await using machines = await fleet()
      const remote = await machines.get('far', target('far'))
      for (const code of [0, 1, 127, 255]) {
        expect((await remote.run({ argv: ['sh', '-c', `exit ${code}`] })).exitCode).toBe(code)
      }
    })

    test('more at once than sshd allows sessions on a connection', async () => {
      await using machines = await fleet()
      const remote = await machines.get('far', target('far'))
      const numbers = Array.from({ length: 12 }, (_, index) => `${index}`)
      const results = await Promise.all(
        numbers.map(async (number) => await remote.run({ argv: ['sh', '-c', `sleep 0.2; echo ${number}`] })),
      )
      expect(results.map(({ stdout }) => stdout.trim())).toEqual(numbers)
    })

    test('an sshd with few sessions is used with few at once', async () => {
      const machine = lab.machine('far')
      await machine.writeFile('/etc/ssh/sshd_config.d/few.conf', 'MaxSessions 3\n')
      await machine.check(['systemctl', 'reload', 'ssh'])
      try {
        await using machines = await fleet()
        const remote = await machines.get('far', target('far'))
        const numbers = Array.from({ length: 12 }, (_, index) => `${index}`)
        const results = await Promise.all(
          numbers.map(async (number) => await remote.run({ argv: ['cat'], stdin: Readable.from([number]) })),
        )
        expect(results.map(({ stdout }) => stdout)).toEqual(numbers)
      } finally {
        await machine.check(['rm', '/etc/ssh/sshd_config.d/few.conf'])
        await machine.check(['systemctl', 'reload', 'ssh'])
      }
    })

    test('68 MB arrive intact, from memory and from a stream, with a password before them', async () => {
      const data = randomBytes(68 << 20)
      const sum = createHash('sha256').update(data).digest('hex')
      await using machines = await fleet({ sudoPassword: async () => PASSWORD })
      const plain = await machines.get('far', target('far'))
      expect((await plain.run({ argv: ['sha256sum'], stdin: data })).stdout).toContain(sum)
      const sudoer = await machines.get('far', target('far', { user: 'asked' }))
      const file = path.join(lab.folder, 'big')
      await writeFile(file, data)
      const { createReadStream } = await import('node:fs')
      expect(
        (await sudoer.run({ argv: ['sha256sum'], stdin: createReadStream(file), root: true })).stdout,
      ).toContain(sum)
    })

    test('binary output comes byte for byte where it is asked for', async () => {
      await using machines = await fleet()
      const remote = await machines.get('far', target('far'))
      const { stdout } = await remote.run({ argv: ['printf', '\\377\\000\\303\\n'], encoding: 'latin1' })
      expect([...Buffer.from(stdout, 'latin1')]).toEqual([0xff, 0, 0xc3, 0x0a])
    })
  })

  describe('ends', () => {
    test.for(['root', 'free', 'asked'])('an aborted command ends there too (%s)', async (user) => {
      await using machines = await fleet({ sudoPassword: async () => PASSWORD })
      const remote = await machines.get('far', target('far', { user }))
      const abort = new AbortController()
      const marker = `7${Math.floor(Math.random() * 1e6)}`
      const running = remote.run({ argv: ['sleep', marker], root: true, signal: abort.signal })
      await until(async () => (await processesThere()).includes(`sleep ${marker}`))
      abort.abort(new Error('stopped by the test'))
      await expect(running).rejects.toThrow('stopped by the test')
      expect(await processesThere()).not.toContain(`sleep ${marker}`)
      expect((await remote.run({ argv: ['echo', 'alive'] })).stdout).toBe('alive\n')
    })

    test.for(['root', 'asked'])(
      'a killed program leaves nothing running, here or there (%s)',
      async (user) => {
        const marker = `8${Math.floor(Math.random() * 1e6)}`
        const program = await bundled(`
        import { openFleet } from ${JSON.stringify(path.resolve('src/ssh/fleet.ts'))}
        const fleet = await openFleet({ knownHosts: ${JSON.stringify(lab.knownHostsFile)}, sudoPassword: async () => ${JSON.stringify(PASSWORD)} })
        const remote = await fleet.get('far', ${JSON.stringify(target('far', { user }))})
        await remote.run({ argv: ['sleep', '${marker}'], root: true })
      `)
        const child = spawn(process.execPath, [program], { stdio: 'ignore' })
        await until(async () => (await processesThere()).includes(`sleep ${marker}`))
        expect(await everyCommandLineHere()).toContain(marker)
        child.kill('SIGKILL')
        await until(async () => !(await processesThere()).includes(`sleep ${marker}`))
        await until(async () => !(await everyCommandLineHere()).includes(marker))
        await until(async () => !(await processesThere()).includes('quorate'))
      },
    )

    test('a machine that vanishes in the middle is noticed within 20 s', async () => {
      await using machines = await fleet()
      const remote = await machines.get('near', target('near'))
      const running = failure(remote.run({ argv: ['sleep', '60'] }))
      const started = performance.now()
      await lab.machine('near').cutNetwork()
      try {
        expect(await running).toMatchObject({ code: 'unreachable', host: 'near' })
        expect(performance.now() - started).toBeLessThan(20_000)
      } finally {
        await lab.machine('near').restoreNetwork()
      }
    })

    test('what an input stream throws is thrown, and the command does not get half of it for the whole', async () => {
      await using machines = await fleet()
      const remote = await machines.get('far', target('far'))
      const broken = Readable.from(
        (async function* () {
          yield Buffer.alloc(1 << 20)
          await new Promise((resolve) => setTimeout(resolve, 200))
          throw new Error('the source broke')
        })(),
      )
      const running = remote.run({ argv: ['sh', '-c', 'cat >/tmp/half && touch /tmp/whole'], stdin: broken })
      await expect(running).rejects.toThrow('the source broke')
      expect((await remote.run({ argv: ['test', '-e', '/tmp/whole'] })).exitCode).toBe(1)
    })
  })

  describe('ways', () => {
    test('through another machine, whose key is checked as well', async () => {
      const jump = `root@${lab.machine('near').address}`
      await using machines = await fleet()
      const remote = await machines.get('far', target('far', { jump }))
      expect((await remote.run({ argv: ['uname', '-n'] })).stdout).toBe('far\n')
      const onlyFar = await knownHostsFor('far')
      await using strict = await fleet({ knownHosts: onlyFar })
      const error = await failure(strict.get('far', target('far', { jump })))
      expect(error).toMatchObject({
        code: 'host-key',
        message: expect.stringContaining(lab.machine('near').address),
      })
    })

    test('an IPv6 address, and a tunnel to one', async () => {
      const address =
        lab
          .machine('far')
          .spec.addresses.find((cidr) => cidr.includes(':'))
          ?.split('/')[0] ?? ''
      await using machines = await fleet()
      const remote = await machines.get('far', target('far', { host: address }))
      expect((await remote.run({ argv: ['uname', '-n'] })).stdout).toBe('far\n')
      expect(await greetingAt(await remote.forward({ address: '::1', port: 22 }))).toMatch(/^SSH-2\.0-/)
      expect(await greetingAt(await remote.forward({ address: '127.0.0.1', port: 22 }))).toMatch(/^SSH-2\.0-/)
    })

    test('another port', async () => {
      const machine = lab.machine('far')
      await machine.check(['sh', '-c', '/usr/sbin/sshd -p 2222 -o PidFile=/run/other-sshd.pid'])
      try {
        const known = path.join(lab.folder, 'known-port')
        await writeFile(known, `[${machine.address}]:2222 ${await machine.hostKey()}\n`)
        await using machines = await fleet({ knownHosts: known })
        const remote = await machines.get('far', target('far', { port: 2222 }))
        expect((await remote.run({ argv: ['uname', '-n'] })).stdout).toBe('far\n')
      } finally {
        await machine.check(['sh', '-c', 'kill "$(cat /run/other-sshd.pid)"'])
      }
    })
  })

  describe('host keys', () => {
    test('an unknown one is refused', async () => {
      await using machines = await fleet({ knownHosts: '/nonexistent/known_hosts' })
      expect(await failure(machines.get('far', target('far')))).toMatchObject({
        code: 'host-key',
        hint: expect.stringContaining('quorate trust far'),
      })
    })

    test('a changed one is refused, and replaced only when that is asked', async () => {
      const known = path.join(lab.folder, 'changed')
      const { address } = lab.machine('far')
      await writeFile(
        known,
        `${address} ${await lab.machine('near').hostKey()}\n# a remark\n`.replace(
          /AAAA(\S{20})\S{6}/,
          'AAAA$1abcdef',
        ),
      )
      await using machines = await fleet({ knownHosts: known })
      const error = await failure(machines.get('far', target('far')))
      expect(error).toMatchObject({ code: 'host-key', message: expect.stringContaining('differs') })

      const nodes = [{ name: 'far', ssh: target('far') }]
      const kept = await trust({ nodes, knownHosts: known, decide: async (keys) => keys })
      expect(kept).toMatchObject({ recorded: [], refused: [{ host: 'far', status: 'changed' }] })
      const replaced = await trust({ nodes, knownHosts: known, decide: async (keys) => keys, replace: true })
      expect(replaced.recorded).toHaveLength(1)
      expect(await readFile(known, 'utf8')).toBe(
        `# a remark\n${address} ${await lab.machine('far').hostKey()}\n`,
      )
    })

    test('trust records what a person accepts, jump hosts included, once and privately', async () => {
      const folder = path.join(lab.folder, 'state')
      const knownHosts = path.join(folder, 'known_hosts')
      const jump = `root@${lab.machine('near').address}`
      const nodes = [{ name: 'far', ssh: target('far', { jump }) }]
      const refused = await trust({ nodes, knownHosts, decide: async () => [] })
      expect(refused.errors).toEqual([])
      expect(refused.keys).toMatchObject([
        { name: lab.machine('near').address, jump: true, status: 'new' },
        { name: lab.machine('far').address, jump: false, status: 'new', keyType: 'ssh-ed25519' },
      ])
      await expect(stat(knownHosts)).rejects.toThrow('ENOENT')

      const accepted = await trust({ nodes, knownHosts, decide: async (keys) => keys })
      const shown = await lab.machine('far').check(['ssh-keygen', '-lf', '/etc/ssh/ssh_host_ed25519_key.pub'])
      expect(shown).toContain(accepted.recorded[1]?.fingerprint)
      expect((await stat(knownHosts)).mode & 0o777).toBe(0o600)
      expect((await stat(folder)).mode & 0o777).toBe(0o700)
      await using machines = await fleet({ knownHosts })
      expect((await machines.get('far', target('far', { jump }))).user).toBe('root')

      const before = await readFile(knownHosts, 'utf8')
      const again = await trust({
        nodes,
        knownHosts,
        decide: async () => expect.unreachable('nothing to decide'),
      })
      expect(again.keys.map(({ status }) => status)).toEqual(['known', 'known'])
      expect(await readFile(knownHosts, 'utf8')).toBe(before)
      await rm(folder, { recursive: true })
    })
  })

  async function processesThere(): Promise<string> {
    return await lab
      .machine('far')
      .check(['sh', '-c', 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline 2>/dev/null; echo; done'])
  }

  async function knownHostsFor(name: string): Promise<string> {
    const file = path.join(lab.folder, `known-${name}`)
    const machine = lab.machine(name)
    await writeFile(file, `${machine.address} ${await machine.hostKey()}\n`)
    return file
  }

  async function bundled(source: string): Promise<string> {
    const { build } = await import('esbuild')
    const entry = path.join(lab.folder, 'victim.ts')
    const outfile = path.join(lab.folder, 'victim.mjs')
    await writeFile(entry, source)
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      plugins: [rawText],
      logLevel: 'error',
    })
    return outfile
  }
})

/** `import text from './x.sh?raw'` for a program that a test builds. */
const rawText: import('esbuild').Plugin = {
  name: 'raw',
  setup(bundler) {
    bundler.onResolve({ filter: /\?raw$/ }, (args) => ({
      path: path.resolve(args.resolveDir, args.path.slice(0, -4)),
      namespace: 'raw',
    }))
    bundler.onLoad({ filter: /.*/, namespace: 'raw' }, async (args) => ({
      contents: await readFile(args.path, 'utf8'),
      loader: 'text',
    }))
  },
}

async function everyCommandLineHere(): Promise<string> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    processes.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  // The machines are on this computer: what runs in them is looked at apart.
  return lines
    .filter((line) => line.startsWith('ssh'))
    .join('\n')
    .replaceAll('\0', ' ')
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  )
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  await expect.poll(condition, { timeout: 15_000, interval: 100 }).toBe(true)
}

/** The first words of what listens behind a socket. */
async function greetingAt(socket: string): Promise<string> {
  const { connect } = await import('node:net')
  const connection = connect(socket)
  try {
    for await (const piece of connection) return String(piece)
    return ''
  } finally {
    connection.destroy()
  }
}
