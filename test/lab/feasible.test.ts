/**
 * The data directory is a mount point, which can't be renamed; impossible steps are detected before any step is done.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { startOver } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const BLOCKED = 8
const DATA = '/srv/etcd/data'
const WAL = '/srv/etcd/wal'
const ETCD = { ...LAB_ETCD, dataDirectory: DATA }

interface Done {
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
}

describe.skipIf(whyNoLab())('data on a filesystem of its own', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await startOver(lab, { etcd: ETCD })
    await everywhere(`mkdir -p ${DATA} && mount -t tmpfs -o size=18g tmpfs ${DATA}`)
    await quorateOk(lab, ['apply'])
  })
  afterAll(async () => await lab.down())

  test('a member is recreated: what is in the mount is moved into a directory of root within it', async () => {
    const { moved } = await changed(['member', 'replace', 'etcd02', '--anew', await idOf('etcd02')])
    const kept = moved.find(({ from }) => from === DATA)?.to ?? ''
    expect(kept).toMatch(new RegExp(`^${DATA}/\\.quorate-aside\\.before-join-\\w+$`))
    expect(await shell('etcd02', `stat -c '%U %a' ${kept}; ls ${kept}`)).toBe('root 700\nmember\n')
    await shell('etcd02', `mountpoint -q ${DATA}`)
    await expectSettled()
  })

  test('one whose log is lost is repaired, also where an earlier run came no further than to move the log', async () => {
    await shell('etcd03', `systemctl kill -s KILL etcd; systemctl stop etcd; rm -rf ${WAL}`)
    const { moved } = await changed(['repair', 'etcd03'])
    expect(moved.map(({ from }) => from)).toContain(DATA)
    await expectSettled()

    // Removed from the cluster, stopped, and its data only partly moved: another file is still at its old path.
    await quorateOk(lab, ['etcdctl', 'etcd01', '--', 'member', 'remove', await idOf('etcd03')])
    const half = `${DATA}/.quorate-aside.half`
    await shell(
      'etcd03',
      `systemctl disable --now etcd; mv ${WAL} ${WAL}.half; chown root:root ${DATA}
      mkdir -m 700 ${half}; mv ${DATA}/member ${half}/; mkdir ${DATA}/member; touch ${DATA}/member/rest`,
    )
    await changed(['member', 'replace', 'etcd03'])
    expect(await shell('etcd03', `ls -A ${DATA} | sed 's/T.*//'; ls ${half}`)).toMatch(
      /^(\.quorate-aside\.before-join-\d+\n){2}\.quorate-aside\.half\nmember\nmember\n$/,
    )
    await expectSettled()
  })

  test("an attacker in etcd can't redirect quorate with links where its data is moved", async () => {
    await shell(
      'etcd02',
      `systemctl stop etcd; rm -rf ${WAL}; mkdir -m 700 /srv/other; touch /srv/other/untouched
      ln -s /srv/other ${DATA}/link; ln -s /srv/other ${DATA}/.hidden; ln -s nowhere ${DATA}/dangling
      chown -h etcd:etcd ${DATA}/link ${DATA}/.hidden ${DATA}/dangling`,
    )
    const { moved } = await changed(['repair', 'etcd02'])
    const kept = moved.find(({ from }) => from === DATA)?.to ?? ''
    expect(
      await shell('etcd02', `stat -c '%n %F' ${kept}/link ${kept}/.hidden ${kept}/dangling | wc -l`),
    ).toBe('3\n')
    expect(await shell('etcd02', 'ls /srv/other; stat -c %U /srv/other')).toBe('untouched\nroot\n')
    await expectSettled()
  })

  test('two nodes whose addresses are swapped in the file: no certificate is issued, nothing is done', async () => {
    const places = { etcd01: 'etcd02', etcd02: 'etcd01', etcd03: 'etcd03' }
    const nodes = Object.entries(places).map(([name, other]) => ({
      name,
      address: lab.machine(other).address,
      roles: ['etcd'],
    }))
    const before = await identities()
    await lab.writeCluster({ etcd: ETCD, nodes })
    const plan = await quorate(lab, ['plan', '--json'])
    const { exitCode, stdout } = await quorate(lab, ['apply', '--yes', '--json'])
    await lab.writeCluster({ etcd: ETCD })
    expect([plan.exitCode, exitCode]).toEqual([BLOCKED, BLOCKED])
    expect(stdout).not.toContain('step-started')
    expect(await identities()).toEqual(before)
    await expectSettled()
  })

  test('a data disk that became read-only: its member stays in the cluster until it can be restored', async () => {
    await shell('etcd03', `systemctl stop etcd; mount -o remount,ro ${DATA}`)
    expect(await refused('etcd03', /read-only/)).toBe(true)
    await shell('etcd03', `mount -o remount,rw ${DATA}`)
    await changed(['member', 'replace', 'etcd03', '--anew', await idOf('etcd03')])
  })

  test('a log on a mount point of its own, a disk without inodes, another mount point within the data', async () => {
    const machine = 'etcd02'
    await shell(
      machine,
      `systemctl stop etcd; mv ${WAL} ${WAL}.old; mkdir ${WAL}; mount -t tmpfs tmpfs ${WAL}
      cp -a ${WAL}.old/. ${WAL}/; chown etcd:etcd ${WAL}; chmod 700 ${WAL}; systemctl start etcd`,
    )
    expect(await refused(machine, /write-ahead log/)).toBe(true)
    await shell(
      machine,
      `systemctl stop etcd; cp -a ${WAL} ${WAL}.new; umount ${WAL}; rm -rf ${WAL} ${WAL}.old; mv ${WAL}.new ${WAL}; systemctl start etcd`,
    )

    await shell(
      machine,
      `systemctl stop etcd; used=$(stat -f -c '%c %d' ${DATA} | { read -r all free; echo $((all - free)); })
      mount -o "remount,nr_inodes=$used" ${DATA}`,
    )
    expect(await refused(machine, /inodes/)).toBe(true)
    await shell(machine, `mount -o remount,nr_inodes=100k ${DATA}`)

    await shell(machine, `mkdir ${DATA}/member/other; mount -t tmpfs tmpfs ${DATA}/member/other`)
    expect(await refused(machine, /mount point/)).toBe(true)
    await shell(machine, `umount ${DATA}/member/other; rmdir ${DATA}/member/other; systemctl start etcd`)
    await expectSettled()
  })

  test('missing binaries that are no longer available: detected while it is a member', async () => {
    const id = await idOf('etcd03')
    await lab.writeCluster({ etcd: { ...ETCD, source: { file: '/nowhere/etcd' } } })
    await shell('etcd03', 'mkdir /root/kept; mv /usr/local/bin/etcd* /root/kept/')
    const { exitCode } = await quorate(lab, ['member', 'replace', 'etcd03', '--anew', id, '--yes'])
    await shell('etcd03', 'mv /root/kept/etcd* /usr/local/bin/')
    await lab.writeCluster({ etcd: ETCD })
    expect(exitCode).not.toBe(0)
    expect(await idOf('etcd03')).toBe(id)
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
  })

  test('a reset leaves the mount, and the next apply finds it empty', async () => {
    const { moved } = await changed(['reset'], '--confirm', 'test')
    expect(moved.filter(({ from }) => from === DATA).length).toBe(3)
    await quorateOk(lab, ['apply'])
    await changed(['reset', '--purge'], '--confirm', 'test')
    await quorateOk(lab, ['apply'])
    await expectSettled()
  })

  /** Whether its member still is one. */
  async function refused(name: string, why: RegExp): Promise<boolean> {
    const before = await idOf(name)
    const { exitCode, stderr } = await quorate(lab, ['member', 'replace', name, '--anew', before, '--yes'])
    expect({ exitCode, stderr }).toEqual({ exitCode: BLOCKED, stderr: expect.stringMatching(why) })
    await shell(name, 'test -e /etc/etcd/cluster-id')
    return (await idOf(name)) === before
  }

  /** The identities of the members, and their keys. */
  async function identities(): Promise<readonly string[]> {
    const files = '/etc/ssl/etcd/etcd.crt /etc/etcd/options.env /etc/etcd/cluster-id'
    const script = `sha256sum ${files}; ls /etc/ssl/etcd.d; systemctl show -p InvocationID etcd`
    return await Promise.all(lab.machines.map(async ({ name }) => await shell(name, script)))
  }

  async function changed(words: readonly string[], ...confirmed: readonly string[]): Promise<Done> {
    const yes = confirmed.length > 0 ? confirmed : ['--yes']
    const lines = (await quorateOk(lab, [...words, ...yes, '--json'])).trim().split('\n')
    return JSON.parse(lines.at(-1) ?? '') as Done
  }

  /** Also for a member that does not run. */
  async function idOf(name: string): Promise<string> {
    const list = await quorateOk(lab, ['etcdctl', 'etcd01', '--', 'member', 'list'])
    return new RegExp(`^(\\w+), started, ${name},`, 'm').exec(list)?.[1] ?? ''
  }

  async function expectSettled(): Promise<void> {
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  }

  async function shell(name: string, script: string): Promise<string> {
    return await lab.machine(name).check(['sh', '-euc', script])
  }

  async function everywhere(script: string): Promise<void> {
    await Promise.all(lab.machines.map(async (machine) => await machine.check(['sh', '-euc', script])))
  }
})
