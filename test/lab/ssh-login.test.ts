/**
 * Logins that succeed but run another program than requested, and what the user's own ssh configuration may contain.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { whyNoLab } from './harness.ts'
import { failure, useSshLab } from './ssh-lab.ts'

describe.skipIf(whyNoLab())('a login that does not run what it is asked to', () => {
  const ssh = useSshLab()
  const far = async (...script: readonly string[]) =>
    await ssh.lab.machine('far').check(['sh', '-ec', script.join('\n')])
  const refusal = async (user: string) => {
    await using machines = await ssh.fleet()
    return await failure(machines.get('far', ssh.target('far', { user })))
  }

  test('a forced command of a cloud image is quoted, with the user that it names', async () => {
    const keys = '/root/.ssh/authorized_keys'
    const words = `Please login as the user \\"admin\\" rather than the user \\"root\\".`
    await far(
      `cp ${keys} ${keys}.before`,
      `sed 's/^/no-port-forwarding,command="echo '"'"'${words.replaceAll('\\', '\\\\')}'"'"';echo;sleep 1;exit 142" /' ${keys}.before >${keys}`,
    )
    try {
      expect(await refusal('root')).toMatchObject({
        code: 'permission',
        host: 'far',
        message: expect.stringContaining('Please login as the user "admin" rather than the user "root".'),
        hint: expect.stringContaining('`user: admin`'),
      })
    } finally {
      await far(`mv ${keys}.before ${keys}`)
    }
  })

  test('a nologin shell, an expired password and a node that shuts down are quoted', async () => {
    await far('usermod -s /usr/sbin/nologin barred')
    expect(await refusal('barred')).toMatchObject({
      code: 'permission',
      message: expect.stringContaining('This account is currently not available'),
      hint: expect.stringContaining('`user`'),
    })
    await far('usermod -s /bin/sh barred', 'echo barred:secret | chpasswd', 'chage -d 0 barred')
    expect(await refusal('barred')).toMatchObject({
      code: 'permission',
      message: expect.stringMatching(/password/i),
      hint: expect.stringContaining('chage'),
    })
    await far(
      'chage -d "$(date +%F)" barred',
      'echo "the system is going down for maintenance" >/run/nologin',
    )
    try {
      expect(await refusal('barred')).toMatchObject({
        code: 'permission',
        message: expect.stringContaining('the system is going down for maintenance'),
        hint: expect.stringContaining('/run/nologin'),
      })
    } finally {
      await far('rm /run/nologin')
    }
    await using machines = await ssh.fleet()
    expect((await machines.get('far', ssh.target('far', { user: 'barred' }))).user).toBe('barred')
  })

  test('a menu or an appliance in place of a shell is quoted, bounded and without its controls', async () => {
    await far(
      `printf '#!/bin/sh\\nyes "\\033[2JWelcome to the appliance" | head -n 3000\\necho "type help"\\nexit 3\\n' >/usr/local/bin/menu`,
      'chmod 755 /usr/local/bin/menu',
      'usermod -s /usr/local/bin/menu barred',
    )
    const error = await refusal('barred')
    expect(error).toFail('permission/login-ran-nothing', {
      says: /exit code 3 .*\n {2}\\x1b\[2JWelcome[^]*\n {2}type help$/,
      fix: `barred@${ssh.lab.machine('far').address} true`,
    })
    expect((error as Error).message.length).toBeLessThan(1000)
  })

  describe("the user's own configuration", () => {
    const home = process.env['HOME']
    let made: string | undefined
    afterEach(async () => {
      if (home === undefined) delete process.env['HOME']
      else process.env['HOME'] = home
      if (made !== undefined) await rm(made, { recursive: true })
      made = undefined
    })

    test.for([
      ['StdinNull yes'],
      ['ForkAfterAuthentication yes'],
      ['SessionType none'],
      ['SessionType subsystem'],
      ['RequestTTY force'],
      ['RemoteCommand echo hello'],
      ['PermitLocalCommand yes', 'LocalCommand exit 1'],
      ['ControlMaster auto', 'ControlPath ~/.ssh/%C', 'ControlPersist 1m'],
      ['Tunnel yes', 'ExitOnForwardFailure yes'],
      ['StreamLocalBindMask 0777'],
      ['BatchMode no', 'LogLevel DEBUG3', 'EscapeChar a'],
    ])('%s for all hosts changes nothing', async (lines) => {
      made = await mkdtemp(path.join(ssh.lab.folder, 'home-'))
      await mkdir(path.join(made, '.ssh'))
      await writeFile(path.join(made, '.ssh/config'), ['Host *', ...lines, ''].join('\n'))
      process.env['HOME'] = made
      const jump = `root@${ssh.lab.machine('near').address}`
      await using machines = await ssh.fleet()
      for (const target of [ssh.target('far'), ssh.target('far', { jump })]) {
        const remote = await machines.get('far', target)
        const { stdout } = await remote.run({ argv: ['cat'], stdin: 'every byte' })
        expect(stdout).toBe('every byte')
        expect(await remote.forward({ address: '127.0.0.1', port: 22 })).toMatch(/^\//)
      }
    })
  })
})
