/** Host keys: refused while unknown, shown, and recorded once a person accepts them. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { trust } from '../../src/ssh/trust-hosts.ts'
import { whyNoLab } from './harness.ts'
import { failure, useSshLab } from './ssh-lab.ts'

describe.skipIf(whyNoLab())('host keys', () => {
  const ssh = useSshLab()

  test('an unknown one is refused', async () => {
    await using machines = await ssh.fleet({ knownHosts: '/nonexistent/known_hosts' })
    expect(await failure(machines.get('far', ssh.target('far')))).toMatchObject({
      code: 'host-key',
      hint: expect.stringContaining('quorate trust far'),
    })
  })

  test('a changed one is refused, and replaced only when that is asked', async () => {
    const known = path.join(ssh.lab.folder, 'changed')
    const { address } = ssh.lab.machine('far')
    await writeFile(known, `${address} ${await ssh.lab.machine('near').hostKey()}\n# a remark\n`)
    await using machines = await ssh.fleet({ knownHosts: known })
    const error = await failure(machines.get('far', ssh.target('far')))
    expect(error).toMatchObject({ code: 'host-key', message: expect.stringContaining('differs') })

    const nodes = [{ name: 'far', ssh: ssh.target('far') }]
    const kept = await trust({ nodes, knownHosts: known, decide: async (keys) => keys })
    expect(kept).toMatchObject({ recorded: [], refused: [{ host: 'far', status: 'changed' }] })
    const replaced = await trust({ nodes, knownHosts: known, decide: async (keys) => keys, replace: true })
    expect(replaced.recorded).toHaveLength(1)
    expect(await readFile(known, 'utf8')).toBe(
      `# a remark\n${address} ${await ssh.lab.machine('far').hostKey()}\n`,
    )
  })

  test('trust records what a person accepts, jump hosts included, once and privately', async () => {
    const folder = path.join(ssh.lab.folder, 'state')
    const knownHosts = path.join(folder, 'known_hosts')
    const jump = `root@${ssh.lab.machine('near').address}`
    const nodes = [{ name: 'far', ssh: ssh.target('far', { jump }) }]
    const refused = await trust({ nodes, knownHosts, decide: async () => [] })
    expect(refused.errors).toEqual([])
    expect(refused.keys).toMatchObject([
      { name: ssh.lab.machine('near').address, jump: true, status: 'new' },
      { name: ssh.lab.machine('far').address, jump: false, status: 'new', keyType: 'ssh-ed25519' },
    ])
    await expect(stat(knownHosts)).rejects.toThrow('ENOENT')

    const accepted = await trust({ nodes, knownHosts, decide: async (keys) => keys })
    const shown = await ssh.lab
      .machine('far')
      .check(['ssh-keygen', '-lf', '/etc/ssh/ssh_host_ed25519_key.pub'])
    expect(shown).toContain(accepted.recorded[1]?.fingerprint)
    expect((await stat(knownHosts)).mode & 0o777).toBe(0o600)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    await using machines = await ssh.fleet({ knownHosts })
    expect((await machines.get('far', ssh.target('far', { jump }))).user).toBe('root')

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
