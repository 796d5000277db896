/** Accounts, keys and cluster ID files that a machine already has: who owns them, and what quorate does with them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Check } from '../../src/preflight/checks.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { DIRECTORY_PACKAGES, joinDirectory } from './support/directory-users.ts'
import { startOver } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const PREFLIGHT = 3
const BLOCKED = 8
const KEY = '/etc/ssl/etcd/etcd.key'

describe.skipIf(whyNoLab())('a machine on which something is already', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 4, packages: DIRECTORY_PACKAGES })
    await startOver(lab, { nodes: nodes() })
    await on('etcd01', 'groupadd --system etcd')
    await on('etcd02', 'useradd --system -g nogroup -s /usr/sbin/nologin etcd')
    const user = 'etcd:x:20001:20001:directory user:/home/etcd:/bin/bash'
    await joinDirectory(lab.machine('etcd03'), [user], ['people:x:20001:'])
  })
  afterAll(async () => await lab.down())

  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const nodes = () =>
    ['etcd01', 'etcd02', 'etcd03'].map((name) => ({
      name,
      address: lab.machine(name).address,
      roles: ['etcd'],
    }))
  /** Another node of the file, at an unused address, whose ssh leads to this machine. */
  const twinOf = (name: string) => {
    const { address } = lab.machine(name)
    const free = address.replace(/\d+$/, (last) => String(Number(last) + 100))
    return { name: 'twin', address: free, roles: ['etcd'], ssh: { host: address } }
  }
  const checked = async (id: string): Promise<readonly Check[]> => {
    const { stdout } = await quorate(lab, ['preflight', '--json'])
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] }
    return checks.filter((check) => check.id === id)
  }
  const accounts = async () => await checked('account')
  const publicKey = async (name: string) => await on(name, `openssl pkey -in ${KEY} -pubout`)

  test('one machine that the file names twice is refused before anything is done there', async () => {
    await lab.writeCluster({ nodes: [nodes()[0], twinOf('etcd01')] })
    expect((await checked('machine')).map(({ host, result }) => [host, result])).toEqual([
      ['twin', 'failure'],
    ])
    expect(await quorate(lab, ['apply', '--yes'])).toFail('blocked/same-machine')
    expect((await lab.machine('etcd01').exec(['test', '-e', '/etc/etcd'])).exitCode).toBe(1)
    await lab.writeCluster({ nodes: nodes() })
  })

  describe('the user and the group etcd', () => {
    test('with the number of another are refused beforehand', async () => {
      await on('etcd01', 'groupadd -o -g 0 rooted; sed -i s/^rooted:/was:/ /etc/group; groupmod -o -g 0 etcd')
      await on('etcd02', "sed -i 's/^etcd:x:[0-9]*:/etcd:x:1:/' /etc/passwd")
      const [one, two, three] = await accounts()
      expect([one?.result, two?.result, three?.result]).toEqual(['failure', 'failure', 'ok'])
      const { exitCode } = await quorate(lab, ['apply', '--yes'])
      expect(exitCode).toBe(PREFLIGHT)
      expect((await lab.machine('etcd02').exec(['test', '-e', '/etc/etcd'])).exitCode).toBe(1)
      await on('etcd01', 'groupmod -g 650 etcd; groupdel was')
      await on('etcd02', "sed -i 's/^etcd:x:[0-9]*:/etcd:x:651:/' /etc/passwd")
    })

    test('a group alone, a user of another group, a user of a directory: all are used as they are', async () => {
      expect((await accounts()).map(({ result }) => result)).toEqual(['ok', 'ok', 'ok'])
      await on('etcd03', FOREIGN)
      await quorateOk(lab, ['apply', '--yes'])
      expect((await statusOf(lab)).exitCode).toBe(0)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      expect(await on('etcd01', 'id -g etcd')).toBe('650\n')
      expect(await on('etcd02', 'id -gn etcd; getent passwd etcd')).toMatch(
        /^nogroup\n.*:\/usr\/sbin\/nologin\n$/,
      )
      expect(
        await on('etcd03', 'id -gn etcd; getent passwd etcd; grep -c ^etcd: /etc/passwd || true'),
      ).toMatch(/^people\n.*:\/bin\/bash\n0\n$/)
      expect(await on('etcd03', 'ps -o user=,group= -C etcd')).toMatch(/^etcd +etcd\n$/)
    })

    test('an account that expired, or is locked, is as good; a group that was removed is made again', async () => {
      await on('etcd02', 'usermod -L etcd; chage -E 0 etcd')
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      await on('etcd01', 'groupdel -f etcd')
      await on('etcd02', 'groupdel etcd')
      expect((await quorate(lab, ['plan'])).exitCode).toBe(2)
      await quorateOk(lab, ['apply', '--yes'])
      expect(await on('etcd01', 'getent group etcd')).toMatch(/^etcd:x:650:/)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      for (const name of ['etcd01', 'etcd02']) await on(name, 'systemctl restart etcd')
      await quorateOk(lab, ['apply', '--yes'])
      expect((await statusOf(lab)).exitCode).toBe(0)
    })

    test('others in the group, and a login of the user, are reported and left alone', async () => {
      await on(
        'etcd01',
        'useradd anna; usermod -aG etcd anna; usermod -s /bin/bash etcd; echo etcd:pass | chpasswd',
      )
      const mine = (await accounts()).filter(({ host }) => host === 'etcd01')
      expect(mine.map(({ result }) => result)).toEqual(['warning', 'warning'])
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
      await on('etcd01', 'gpasswd -d anna etcd; usermod --lock --shell /bin/false etcd')
    })
  })

  test("another tool's unit, settings and wrapper were kept under another name, and a link's target unchanged", async () => {
    const kept = ['/etc/systemd/system/etcd.service', '/etc/etcd/options.env', '/usr/local/bin/etcd']
      .map((path) => `${path}.before-quorate-*`)
      .join(' ')
    expect(await on('etcd03', `cat ${kept}`)).toBe('[Service]\n# theirs\n# theirs\n#!/bin/sh\n')
    const link = 'readlink /usr/local/bin/etcdctl.before-quorate-*; cat /opt/tool/etcdctl'
    expect(await on('etcd03', link)).toBe('/opt/tool/etcdctl\n#!/bin/sh\n# theirs\n')
  })

  test("a member whose data was swapped for another member's is not started on it, and is recreated from the others", async () => {
    const aside = 'mv /opt/etcd/data /opt/etcd/data.own; mv /opt/etcd/wal /opt/etcd/wal.own'
    await on('etcd02', `systemctl stop etcd; ${aside}`)
    const data = await on('etcd01', 'tar -cz -C /opt/etcd data wal | base64 -w 0')
    await lab.machine('etcd02').writeFile('/root/data', data)
    await on(
      'etcd02',
      'base64 -d /root/data | tar -xz -C /opt/etcd; chown -R etcd:etcd /opt/etcd/data /opt/etcd/wal',
    )
    const refused = await quorate(lab, ['apply', '--yes'])
    expect(refused).toFail('blocked/data-of-another-member', {
      host: 'etcd02',
      says: /etcd01.*etcd02/,
      fix: 'quorate repair etcd02',
    })
    expect((await quorate(lab, ['start', 'etcd02', '--yes'])).exitCode).toBe(BLOCKED)
    expect((await lab.machine('etcd02').exec(['systemctl', 'is-active', 'etcd'])).stdout).toBe('inactive\n')
    await quorateOk(lab, ['repair', 'etcd02', '--yes'])
    expect((await statusOf(lab)).exitCode).toBe(0)
  })

  test('a node that was added to the file and is the machine of a member is refused', async () => {
    await lab.writeCluster({ nodes: [...nodes(), twinOf('etcd03')] })
    expect(await quorate(lab, ['plan'])).toFail('blocked/same-machine', { says: 'etcd03' })
    await lab.writeCluster({ nodes: nodes() })
  })

  describe('a machine that was cloned from a member', () => {
    test("gets a key of its own, and nothing of the other's data or cluster ID files; the member keeps its own", async () => {
      const clone = await on(
        'etcd01',
        'touch /var/lib/quorate/stopped; tar -cz -C / etc/etcd etc/ssl/etcd etc/ssl/etcd.d etc/systemd/system/etcd.service var/lib/quorate opt/etcd usr/local/bin | base64 -w 0; rm /var/lib/quorate/stopped',
      )
      await lab.machine('etcd04').writeFile('/root/clone', clone)
      await on(
        'etcd04',
        'groupadd --system -g 650 etcd; base64 -d /root/clone | tar -xz -C /; rm /root/clone; systemctl daemon-reload; systemctl enable --quiet etcd',
      )
      expect(await publicKey('etcd04')).toBe(await publicKey('etcd01'))
      const before = await publicKey('etcd01')
      const adding = ['member', 'add', 'etcd04', '--address', lab.machine('etcd04').address, '--yes']
      const machineId = (await on('etcd01', 'cat /etc/machine-id')).trim()
      await on('etcd04', `rm /etc/machine-id; echo ${machineId} >/etc/machine-id`)
      const added = await quorate(lab, adding)
      expect(added.stderr).toMatch(/the same .*\/etc\/machine-id as etcd01/)
      expect(added.exitCode).toBe(0)
      expect(await publicKey('etcd01')).toBe(before)
      expect(await publicKey('etcd04')).not.toBe(before)
      const { exitCode, report } = await statusOf(lab)
      expect(exitCode).toBe(0)
      expect(new Set(report.members.map(({ id }) => id)).size).toBe(4)
      expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    })
  })
})

/** What another tool has set up and left: a unit that does not run, its settings, a wrapper, a link to a program. */
const FOREIGN = `
mkdir -p /etc/etcd /opt/tool
printf '[Service]\\n# theirs\\n' >/etc/systemd/system/etcd.service
echo '# theirs' >/etc/etcd/options.env
printf '#!/bin/sh\\n' | tee /opt/tool/etcdctl >/usr/local/bin/etcd
echo '# theirs' >>/opt/tool/etcdctl
chmod 755 /opt/tool/etcdctl /usr/local/bin/etcd
ln -s /opt/tool/etcdctl /usr/local/bin/etcdctl`
