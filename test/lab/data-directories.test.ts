/**
 * Common locations of etcd's data: on separate disks, behind links, below directories that don't exist yet. Each
 * machine is a cluster.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT_CODES } from '../../src/errors.ts'
import type { Check } from '../../src/preflight/checks.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { freshState } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`

const ids = (checks: readonly Check[]) => checks.map(({ result, id }) => `${result} ${id}`)

describe.skipIf(reason)(`data directories as people have them${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: ['etcd01', 'etcd02', 'etcd03', 'etcd04'].map((name) => ({
        name,
        roles: ['etcd'],
        ...(name === 'etcd01' ? { disks: [{ path: '/var/lib/etcd', sizeBytes: 3 * 2 ** 30 }] } : {}),
        ...(name === 'etcd02' ? { users: [{ name: 'ops', sudo: 'passwordless' as const }] } : {}),
      })),
    })
  })
  afterAll(async () => await lab.down())

  /** A cluster of this one machine, with its data and log at these paths. */
  async function cluster(name: string, dataDirectory: string, walDirectory: string, further = {}) {
    await freshState(lab)
    await lab.writeCluster({
      nodes: [{ name, address: lab.machine(name).address, roles: ['etcd'] }],
      etcd: { ...LAB_ETCD, dataDirectory, walDirectory },
      ...further,
    })
  }
  const run = async (name: string, script: string) => await lab.machine(name).check(['sh', '-ec', script])

  /** What preflight objects to, by ID. */
  async function troubles(): Promise<readonly Check[]> {
    const { stdout } = await quorate(lab, ['preflight', '--json'])
    const { checks } = JSON.parse(stdout) as { checks: readonly Check[] }
    return checks.filter(({ result, id }) => result === 'failure' || (result === 'warning' && id !== 'flush'))
  }

  test("a new filesystem's root with lost+found, the log within the data", async () => {
    expect(await run('etcd01', 'stat -c "%U %a" /var/lib/etcd/lost+found')).toBe('root 700\n')
    await cluster('etcd01', '/var/lib/etcd', '/var/lib/etcd/member/wal', {
      requirements: { etcd: { disk: '2GiB' } },
    })
    expect(ids(await troubles())).toEqual([])
    expect(await run('etcd01', 'ls -A /var/lib/etcd')).toBe('lost+found\n')
    await quorateOk(lab, ['apply'])
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    expect(ids(await troubles())).toEqual([])
  })

  test('an empty directory made beforehand, the log within; parents of the data that are not there yet', async () => {
    await run('etcd02', 'mkdir /var/lib/etcd')
    await cluster('etcd02', '/var/lib/etcd', '/var/lib/etcd/member/wal')
    expect(ids(await troubles())).toEqual([])
    await run('etcd02', 'rmdir /var/lib/etcd')
    // A common login: sudo without a secure_path, a PATH without sbin, a umask that denies others.
    await run(
      'etcd02',
      `printf 'Defaults !secure_path\\nDefaults umask=0077\\n' >/etc/sudoers.d/zz-site
      [ "$(grep -c secure_path /etc/sudoers)" = 0 ] || sed -i '/secure_path/d' /etc/sudoers
      printf 'export PATH=/usr/bin:/bin\\numask 077\\n' >/home/ops/.bashrc`,
    )
    // And a directory that passes its group on to what is created below it.
    await run('etcd02', 'mkdir -p /volume && chgrp adm /volume && chmod 2755 /volume')
    await cluster('etcd02', '/volume/etcd/db/data', '/volume/etcd/db/wal', {
      ssh: { user: 'ops', identityFile: lab.identityFile },
    })
    expect(ids(await troubles())).toEqual([])
    await quorateOk(lab, ['apply'])
    expect(await run('etcd02', 'stat -c "%U %A %n" /volume/etcd /volume/etcd/db /volume/etcd/db/data')).toBe(
      'root drwxr-sr-x /volume/etcd\nroot drwxr-xr-x /volume/etcd/db\netcd drwx------ /volume/etcd/db/data\n',
    )
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('two levels below a root that has neither', async () => {
    await cluster('etcd03', '/data/etcd/db', '/data/etcd/wal')
    expect(ids(await troubles())).toEqual([])
    await quorateOk(lab, ['apply'])
    expect(await run('etcd03', 'stat -c "%U %a" /data /data/etcd')).toBe('root 755\nroot 755\n')
  })

  test('data that is moved behind a link later, and put back', async () => {
    // As the previous test left it.
    await run(
      'etcd03',
      'systemctl stop etcd; mkdir /mnt/ssd; mv /data/etcd /mnt/ssd/; ln -s /mnt/ssd/etcd /data/etcd',
    )
    const before = await run('etcd03', 'find /mnt/ssd /data -printf "%p %u %m %l\\n" | sort')
    expect(await quorate(lab, ['apply'])).toFail('blocked/symbolic-link', {
      says: ['/data/etcd ', ' /mnt/ssd/etcd'],
      fix: 'mount --bind /mnt/ssd/etcd /data/etcd',
    })
    expect(await run('etcd03', 'find /mnt/ssd /data -printf "%p %u %m %l\\n" | sort')).toBe(before)
    // As the fix says.
    await run('etcd03', 'rm /data/etcd && mkdir /data/etcd && mount --bind /mnt/ssd/etcd /data/etcd')
    await quorateOk(lab, ['apply'])
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test("a link to a bigger disk: as the data's parent, as the data, and somewhere above", async () => {
    await run(
      'etcd04',
      'mkdir -p /mnt/ssd/etcd /srv/etcd; ln -s /mnt/ssd/etcd /opt/etcd; ln -s ../../mnt/ssd/x /srv/etcd/data',
    )
    await cluster('etcd04', '/opt/etcd/data', '/opt/etcd/wal')
    const [parent, ...others] = await troubles()
    expect(others).toEqual([])
    expect(parent).toMatchObject({
      id: 'directories',
      found: expect.stringMatching(/^\/opt\/etcd .* \/mnt\/ssd\/etcd$/),
      remedy: expect.stringContaining(
        'etcd.dataDirectory: /mnt/ssd/etcd/data, etcd.walDirectory: /mnt/ssd/etcd/wal',
      ),
    })
    expect((await quorate(lab, ['apply'])).exitCode).toBe(EXIT_CODES.preflight)
    expect(await run('etcd04', 'ls -A /mnt/ssd/etcd; id -u etcd 2>&1 || true')).toContain('no such user')

    await cluster('etcd04', '/srv/etcd/data', '/srv/etcd/wal')
    const [data, ...rest] = await troubles()
    expect(rest).toEqual([])
    expect(data?.found).toMatch(/^\/srv\/etcd\/data .* \/mnt\/ssd\/x$/)
    expect(data?.remedy).toContain('etcd.dataDirectory: /mnt/ssd/x')

    // Above these, only root's directories are accepted, and root's links as well.
    await run('etcd04', 'ln -s /mnt/ssd /bulk')
    await cluster('etcd04', '/bulk/db/etcd/data', '/bulk/db/etcd/wal')
    expect(ids(await troubles())).toEqual([])
    await quorateOk(lab, ['apply'])
    expect(await run('etcd04', 'ls /mnt/ssd/db/etcd')).toBe('data\nwal\n')
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  })
})
