/** Members with etcd names that no node of a cluster file can have: adopted with them, applied, replaced, restored. */
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RecoveryReport } from '../../src/verbs/recover/report.ts'
import { loadClusterFile } from '../../src/cluster-file/load.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { etcdPids, setUpForeign } from './support/foreign.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { BY_HAND } from './support/shapes.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`

describe.skipIf(reason)(`names in etcd that no node can have${because}`, () => {
  let lab: TestLab
  let names: readonly string[]
  let pids: readonly string[]
  beforeAll(async () => {
    lab = await testLab({ machines: 4, oneProcessor: false })
    await rm(lab.clusterFile, { force: true })
    const [one, , three] = lab.machines.map(({ address }) => address)
    names = [`Db_1 ${one}`, 'default', `etcd-${three}`]
    const ca = await setUpForeign(lab, lab.machines.slice(0, 3), { ...BY_HAND, names })
    pids = await etcdPids(lab.machines.slice(0, 3))
    const login = ['--user', 'root', '--identity-file', lab.identityFile]
    const authority = ['--ca-certificate', ca.certificate, '--ca-key', ca.key]
    const words = ['adopt', '--name', 'test', '--suite', 'trixie', one ?? '', '--yes']
    await quorateOk(lab, [...words, ...login, ...authority])
  })
  afterAll(async () => {
    await lab.down()
  })

  const nodes = () => [tidy(names[0] ?? ''), 'default', tidy(names[2] ?? '')]
  /** etcd's names, with the node names that quorate reports. */
  const known = async () => {
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(0)
    return report.members.map(({ name, etcdName }) => [name, etcdName])
  }
  const listed = async () => {
    const list = JSON.parse(await quorateOk(lab, ['etcdctl', '--', 'member', 'list', '-w', 'json'])) as {
      members: { name: string }[]
    }
    return list.members.map(({ name }) => name).toSorted()
  }
  const settled = async () => {
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
  }

  test('are kept by adopt, with node names made from them', async () => {
    const { cluster } = await loadClusterFile(lab.clusterFile)
    expect(cluster.nodes.map(({ name, etcdName = name }) => [name, etcdName])).toEqual(
      nodes().map((name, at) => [name, names[at]]),
    )
    expect(await known()).toEqual(nodes().map((name, at) => [name, names[at]]))
    expect(await etcdPids(lab.machines.slice(0, 3))).toEqual(pids)
  })

  test('and by apply', async () => {
    await quorateOk(lab, ['etcdctl', '--', 'put', 'before', 'kept'])
    await quorateOk(lab, ['apply', '--yes'])
    expect(await listed()).toEqual(names.toSorted())
    await settled()
  })

  test("and by a member that is replaced on its own machine; a new member gets its node's name", async () => {
    const [first = '', , third = ''] = nodes()
    const { report } = await statusOf(lab)
    const id = report.members[0]?.id ?? ''
    await quorateOk(lab, ['member', 'replace', first, '--anew', id, '--yes'])
    expect(await listed()).toEqual(names.toSorted())
    const words = ['member', 'replace', third, 'etcd04', '--address', lab.machines[3]?.address ?? '', '--yes']
    await quorateOk(lab, [...words, '--user', 'root', '--identity-file', lab.identityFile])
    names = [names[0] ?? '', 'default', 'etcd04']
    expect(await listed()).toEqual(names.toSorted())
    await settled()
  })

  test('and by a restore, and a cluster that stands still counts no one twice', async () => {
    const store = path.join(lab.folder, 'backups')
    await quorateOk(lab, ['backup', '--plaintext', '--store', store])
    const bundle = (await readdir(store)).find((file) => file.endsWith('.bundle')) ?? ''
    await quorateOk(lab, ['restore', path.join(store, bundle), '--confirm', 'test', '--yes'])
    expect(await listed()).toEqual(names.toSorted())
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe('kept\n')
    await settled()
    const machines = [0, 1, 3].flatMap((at) => lab.machines[at] ?? [])
    await Promise.all(machines.map(async (machine) => await machine.check(['systemctl', 'stop', 'etcd'])))
    const { stdout } = await quorate(lab, ['recover', '--json'])
    const report = JSON.parse(stdout) as RecoveryReport
    expect(report.members.map(({ name }) => name).toSorted()).toEqual(
      (await loadClusterFile(lab.clusterFile)).cluster.nodes.map(({ name }) => name).toSorted(),
    )
    expect(report.kind).toBe('startable')
    await quorateOk(lab, ['apply', '--yes'])
    expect(await known()).toContainEqual(['etcd04', 'etcd04'])
  })
})

function tidy(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}
