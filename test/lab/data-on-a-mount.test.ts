/** The data directory is a mount point, which nobody can rename. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { startOver } from './support/fresh.ts'
import { quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'

const DATA = '/srv/etcd/data'
const WAL = '/srv/etcd/wal'

interface Done {
  readonly moved: readonly { readonly host: string; readonly from: string; readonly to: string }[]
}

describe.skipIf(whyNoLab())('data on a filesystem of its own', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await startOver(lab, { etcd: { ...LAB_ETCD, dataDirectory: DATA } })
    await everywhere(`mkdir -p ${DATA} && mount -t tmpfs -o size=18g tmpfs ${DATA}`)
    await quorateOk(lab, ['apply'])
  })
  afterAll(async () => await lab.down())

  test('a member is made anew: what is in the mount is moved into a directory of root within it', async () => {
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

    // Out of the cluster, stopped, and its data not moved all the way: another file is still where it was.
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

  test('an etcd that was broken into leads nobody astray with links where its data is moved', async () => {
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

  test('a reset leaves the mount, and the next apply finds it empty', async () => {
    const { moved } = await changed(['reset'], '--confirm', 'test')
    expect(moved.filter(({ from }) => from === DATA).length).toBe(3)
    await quorateOk(lab, ['apply'])
    await changed(['reset', '--purge'], '--confirm', 'test')
    await quorateOk(lab, ['apply'])
    await expectSettled()
  })

  async function changed(words: readonly string[], ...confirmed: readonly string[]): Promise<Done> {
    const yes = confirmed.length > 0 ? confirmed : ['--yes']
    const lines = (await quorateOk(lab, [...words, ...yes, '--json'])).trim().split('\n')
    return JSON.parse(lines.at(-1) ?? '') as Done
  }

  async function idOf(name: string): Promise<string> {
    return (await statusOf(lab)).report.members.find((one) => one.name === name)?.id ?? ''
  }

  async function expectSettled(): Promise<void> {
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
    expect(await quorateOk(lab, ['apply'])).toBe('nothing to change\n')
  }

  async function shell(name: string, script: string): Promise<string> {
    return await lab.machine(name).check(['sh', '-euc', script])
  }

  async function everywhere(script: string): Promise<void> {
    await Promise.all(lab.machines.map(async (machine) => await machine.check(['sh', '-euc', script])))
  }
})
