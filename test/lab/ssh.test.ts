/** SSH against real sshd, sudo and login shells. */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { whyNoLab } from './harness.ts'
import { PASSWORD, failure, sshHere, until, useSshLab } from './ssh-lab.ts'

describe.skipIf(whyNoLab())('over SSH', () => {
  const ssh = useSshLab()

  describe('root rights', () => {
    test('root needs nothing, a sudoer without password becomes root', async () => {
      await using machines = await ssh.fleet()
      for (const user of ['root', 'free']) {
        const remote = await machines.get('far', ssh.target('far', { user }))
        expect(remote.user).toBe(user)
        expect((await remote.run({ argv: ['id', '-un'], root: true })).stdout).toBe('root\n')
        expect((await remote.run({ argv: ['id', '-un'] })).stdout).toBe(`${user}\n`)
      }
    })

    test('a sudo password is asked for once, reaches sudo alone, and shows nowhere', async () => {
      let asked = 0
      await using machines = await ssh.fleet({ sudoPassword: async () => ((asked += 1), PASSWORD) })
      const remote = await machines.get('far', ssh.target('far', { user: 'asked' }))
      const input = `first line\n${PASSWORD.length}\n`
      const runs = await Promise.all(
        [1, 2, 3].map(async () => await remote.run({ argv: ['cat'], stdin: input, root: true })),
      )
      expect(runs.map(({ stdout }) => stdout)).toEqual([input, input, input])
      expect(asked).toBe(1)

      const sleeping = remote.run({ argv: ['sleep', '2.5'], root: true })
      await until(async () => (await ssh.processesThere()).includes('sleep 2.5'))
      const there = await ssh.lab
        .machine('far')
        .check(['sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" " "'])
      expect(there).toContain('QUORATE_RUN=')
      expect(there).not.toContain(PASSWORD)
      expect(await sshHere()).not.toContain(PASSWORD)
      await sleeping
    })

    test('a wrong password is refused clearly and not repeated in the error', async () => {
      await using machines = await ssh.fleet({ sudoPassword: async () => 'wrong battery' })
      const remote = await machines.get('far', ssh.target('far', { user: 'asked' }))
      const error = await failure(remote.run({ argv: ['true'], root: true }))
      expect(error).toMatchObject({
        code: 'permission',
        host: 'far',
        message: "sudo rejects asked's password",
      })
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong battery')
    })

    test('a user who may not use sudo, without a terminal to ask, gets that message', async () => {
      await using silent = await ssh.fleet()
      const unasked = await silent.get('far', ssh.target('far', { user: 'asked' }))
      await expect(unasked.run({ argv: ['true'], root: true })).rejects.toMatchObject({
        code: 'permission',
        hint: expect.stringContaining('--sudo-password-file'),
      })

      await ssh.lab.machine('far').check(['sh', '-c', 'echo barred:secret | chpasswd'])
      await using machines = await ssh.fleet({ sudoPassword: async () => 'secret' })
      const barred = await machines.get('far', ssh.target('far', { user: 'barred' }))
      await expect(barred.run({ argv: ['true'], root: true })).rejects.toFail('permission', {
        says: 'barred',
        fix: 'usermod -aG sudo barred',
      })
      expect((await barred.run({ argv: ['id', '-un'] })).stdout).toBe('barred\n')
    })

    test('a machine without sudo is distinguished', async () => {
      const machine = ssh.lab.machine('far')
      await machine.check(['mv', '/usr/bin/sudo', '/usr/bin/sudo.away'])
      try {
        await using machines = await ssh.fleet()
        const remote = await machines.get('far', ssh.target('far', { user: 'free' }))
        await expect(remote.run({ argv: ['true'], root: true })).rejects.toFail('permission/no-sudo', {
          says: /^free /,
        })
      } finally {
        await machine.check(['mv', '/usr/bin/sudo.away', '/usr/bin/sudo'])
      }
    })
  })

  describe('commands', () => {
    test('what a login script prints is not part of the output', async () => {
      const bashrc = "echo 'Welcome!'; printf 'no line end'; echo warning >&2\n"
      await ssh.lab.machine('far').writeFile('/home/noisy/.bashrc', bashrc, { owner: 'noisy' })
      await using machines = await ssh.fleet()
      const remote = await machines.get('far', ssh.target('far', { user: 'noisy' }))
      expect(await remote.run({ argv: ['sh', '-c', 'echo out; echo err >&2'] })).toMatchObject({
        stdout: 'out\n',
        stderr: 'err\n',
      })
      expect((await remote.run({ argv: ['id', '-u'], root: true })).stdout).toBe('0\n')
    })

    test("a command has quorate's environment, whatever login, PAM and sudo make of theirs", async () => {
      const machine = ssh.lab.machine('far')
      const bashrc = [
        'export PATH=/nowhere:/usr/bin:/bin BASH_ENV=/nowhere/env TMPDIR=/nowhere/tmp POSIXLY_CORRECT=1 CDPATH=/etc',
        'export LC_MESSAGES=de_DE.UTF-8 SHELLOPTS',
        'function stat { echo mine; }',
        'export -f stat',
      ]
      await machine.writeFile('/home/noisy/.bashrc', `${bashrc.join('\n')}\n`, { owner: 'noisy' })
      await machine.writeFile('/etc/environment', 'https_proxy=http://192.0.2.1:3128\nETCDCTL_API=2\n')
      const sudoers = 'Defaults:noisy !env_reset, !secure_path\nDefaults:noisy umask=0077\n'
      await machine.writeFile('/etc/sudoers.d/zz-odd', sudoers, { mode: '440' })
      try {
        await using machines = await ssh.fleet()
        const remote = await machines.get('far', ssh.target('far', { user: 'noisy' }))
        for (const root of [false, true]) {
          const { stdout, stderr } = await remote.run({ argv: ['sh', '-c', 'env; command -V stat'], root })
          expect(stderr).toBe('')
          const lines = stdout.trimEnd().split('\n')
          expect(lines.at(-1)).toBe('stat is /usr/bin/stat')
          expect(lines.filter((line) => line.startsWith('PATH='))).toEqual([
            'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          ])
          const names = lines.slice(0, -1).map((line) => line.replace(/=.*/, ''))
          // The shell's own are PWD and similar ones.
          expect(names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)).toSorted()).toEqual([
            'HOME',
            'LC_ALL',
            'PATH',
            'QUORATE_RUN',
          ])
        }
        // An operator's own program gets the environment of the login.
        const own = await remote.run({
          argv: ['sh', '-c', 'echo $TMPDIR $HOME $https_proxy'],
          environment: 'login',
        })
        expect(own.stdout).toBe('/nowhere/tmp /home/noisy http://192.0.2.1:3128\n')
      } finally {
        await machine.check(['sh', '-c', 'rm /etc/sudoers.d/zz-odd /home/noisy/.bashrc; : >/etc/environment'])
      }
    })

    test("exit codes are the command's, 255 too", async () => {
      await using machines = await ssh.fleet()
      const remote = await machines.get('far', ssh.target('far'))
      for (const code of [0, 1, 127, 255]) {
        expect((await remote.run({ argv: ['sh', '-c', `exit ${code}`] })).exitCode).toBe(code)
      }
    })

    test('more at once than sshd allows sessions on a connection', async () => {
      await using machines = await ssh.fleet()
      const remote = await machines.get('far', ssh.target('far'))
      const numbers = Array.from({ length: 12 }, (_, index) => `${index}`)
      const results = await Promise.all(
        numbers.map(async (number) => await remote.run({ argv: ['sh', '-c', `sleep 0.2; echo ${number}`] })),
      )
      expect(results.map(({ stdout }) => stdout.trim())).toEqual(numbers)
    })

    test('an sshd with few sessions is used with few at once', async () => {
      const known = await ssh.startSshd(2223, ['-o', 'MaxSessions=3'])
      await using machines = await ssh.fleet({ knownHosts: known })
      const remote = await machines.get('far', ssh.target('far', { port: 2223 }))
      const numbers = Array.from({ length: 12 }, (_, index) => `${index}`)
      const results = await Promise.all(
        numbers.map(async (number) => await remote.run({ argv: ['cat'], stdin: Readable.from([number]) })),
      )
      expect(results.map(({ stdout }) => stdout)).toEqual(numbers)
      // A refused session has read nothing of it.
      const file = path.join(ssh.lab.folder, 'small')
      await writeFile(file, 'every byte')
      const copies = numbers.map(async () => await remote.run({ argv: ['cat'], stdin: { file } }))
      expect((await Promise.all(copies)).map(({ stdout }) => stdout)).toEqual(numbers.map(() => 'every byte'))
    })

    test('68 MB arrive intact, from memory, from a stream and as a file, with a password before them', async () => {
      const data = randomBytes(68 << 20)
      const sum = createHash('sha256').update(data).digest('hex')
      await using machines = await ssh.fleet({ sudoPassword: async () => PASSWORD })
      const plain = await machines.get('far', ssh.target('far'))
      expect((await plain.run({ argv: ['sha256sum'], stdin: data })).stdout).toContain(sum)
      const sudoer = await machines.get('far', ssh.target('far', { user: 'asked' }))
      const file = path.join(ssh.lab.folder, 'big')
      await writeFile(file, data)
      expect(
        (await sudoer.run({ argv: ['sha256sum'], stdin: createReadStream(file), root: true })).stdout,
      ).toContain(sum)
      for (const remote of [plain, sudoer])
        expect((await remote.run({ argv: ['sha256sum'], stdin: { file }, root: true })).stdout).toContain(sum)
    })

    test('binary output comes byte for byte where it is asked for', async () => {
      await using machines = await ssh.fleet()
      const remote = await machines.get('far', ssh.target('far'))
      const { stdout } = await remote.run({ argv: ['printf', '\\377\\000\\303\\n'], encoding: 'latin1' })
      expect([...Buffer.from(stdout, 'latin1')]).toEqual([0xff, 0, 0xc3, 0x0a])
    })
  })

  describe('ways', () => {
    test('through another machine, whose key is checked as well', async () => {
      const jump = `root@${ssh.lab.machine('near').address}`
      await using machines = await ssh.fleet()
      const remote = await machines.get('far', ssh.target('far', { jump }))
      expect((await remote.run({ argv: ['uname', '-n'] })).stdout).toBe('far\n')
      const onlyFar = await ssh.knownHostsFor('far')
      await using strict = await ssh.fleet({ knownHosts: onlyFar })
      const error = await failure(strict.get('far', ssh.target('far', { jump })))
      expect(error).toMatchObject({
        code: 'host-key',
        message: expect.stringContaining(ssh.lab.machine('near').address),
      })
    })

    test('an IPv6 address, and a tunnel to one', async () => {
      const address =
        ssh.lab
          .machine('far')
          .spec.addresses.find((cidr) => cidr.includes(':'))
          ?.split('/')[0] ?? ''
      await using machines = await ssh.fleet()
      const remote = await machines.get('far', ssh.target('far', { host: address }))
      expect((await remote.run({ argv: ['uname', '-n'] })).stdout).toBe('far\n')
      expect(await greetingAt(await remote.forward({ address: '::1', port: 22 }))).toMatch(/^SSH-2\.0-/)
      expect(await greetingAt(await remote.forward({ address: '127.0.0.1', port: 22 }))).toMatch(/^SSH-2\.0-/)
    })

    test('another port', async () => {
      const known = await ssh.startSshd(2222, [])
      await using machines = await ssh.fleet({ knownHosts: known })
      const remote = await machines.get('far', ssh.target('far', { port: 2222 }))
      expect((await remote.run({ argv: ['uname', '-n'] })).stdout).toBe('far\n')
    })
  })
})

/** The greeting of the server behind a socket. */
async function greetingAt(socket: string): Promise<string> {
  const connection = connect(socket)
  try {
    for await (const piece of connection) return String(piece)
    return ''
  } finally {
    connection.destroy()
  }
}
