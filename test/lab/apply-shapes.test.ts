/** Clusters of other shapes: sizes, addresses, names, logins, packages. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { giveAptRepository } from './support/apt-repository.ts'
import { applied, startOver } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { snapshots } from './support/snapshot.ts'
import { statusOf } from './support/status.ts'
import { endpoints, etcdctlHere, fetchFile, openssl } from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const PASSWORD = "horse 'staple' $HOME"
const NO_RIGHTS = 77

describe.skipIf(reason)(`apply in other shapes${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({
      machines: 5,
      addresses: 'dual',
      users: [
        { name: 'anna', sudo: 'passwordless' },
        { name: 'bert', sudo: 'password', password: PASSWORD },
      ],
    })
  })
  afterAll(async () => {
    await lab.down()
  })
  const address = (index: number, family: 4 | 6) => {
    const addresses = lab.machines[index]?.spec.addresses.map((cidr) => cidr.replace(/\/\d+$/, '')) ?? []
    return addresses.find((one) => one.includes(':') === (family === 6)) ?? ''
  }
  const node = (index: number, fields: Readonly<Record<string, unknown>> = {}) => ({
    name: lab.machines[index]?.name,
    address: address(index, 4),
    roles: ['etcd'],
    ...fields,
  })

  test('five members', async () => {
    await startOver(lab)
    await quorateOk(lab, ['apply'])
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(0)
    expect(report.cluster).toMatchObject({ quorum: 3, healthyMembers: 5 })
    expect(new Set(report.members.map(({ id }) => id)).size).toBe(5)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    // Two may fail, and the cluster still serves.
    await Promise.all(lab.machines.slice(0, 2).map(async (machine) => await machine.kill()))
    // One of them may have been the leader: etcd loses what is sent to it before the next election.
    await vi.waitFor(async () => expect((await statusOf(lab)).report.cluster.healthyMembers).toBe(3), 60_000)
    expect(await quorateOk(lab, ['etcdctl', 'etcd05', '--', 'put', 'still', 'here'])).toBe('OK\n')
  })

  test('IPv6 addresses, further addresses and names, a login that uses sudo', async () => {
    const nodes = [0, 1, 2].map((index) =>
      node(index, {
        address: address(index, 6),
        addresses: [address(index, 4)],
        names: [`store-${index}.example.org`],
      }),
    )
    await startOver(lab, { nodes, ssh: { user: 'anna', identityFile: lab.identityFile } })
    await quorateOk(lab, ['apply'])
    expect((await statusOf(lab)).exitCode).toBe(0)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)

    const target = { addresses: nodes.map((one) => one.address) } as const
    const listed = await etcdctlHere(lab, target, ['member', 'list'])
    for (const endpoint of endpoints(target.addresses)) expect(listed.stdout).toContain(endpoint)
    expect(await etcdctlHere(lab, target, ['endpoint', 'health'])).toMatchObject({ exitCode: 0 })

    const certificate = await fetchFile(lab, 'etcd02', '/etc/ssl/etcd/etcd.crt')
    for (const [kind, name] of [
      ['-checkip', address(1, 4)],
      ['-checkip', address(1, 6)],
      ['-checkip', '127.0.0.1'],
      ['-checkip', '::1'],
      ['-checkhost', 'etcd02'],
      ['-checkhost', 'localhost'],
      ['-checkhost', 'store-1.example.org'],
    ] as const)
      expect(await openssl('x509', '-in', certificate, '-noout', kind, name)).toContain('does match')
    const foreign = await openssl('x509', '-in', certificate, '-noout', '-checkip', address(0, 4))
    expect(foreign).toContain('NOT match')
  })

  test('one member, by a login whose sudo wants a password; packages only where they are missing', async () => {
    const [right, wrong] = [path.join(lab.folder, 'sudo-right'), path.join(lab.folder, 'sudo-wrong')]
    await writeFile(right, `${PASSWORD}\n`, { mode: 0o600 })
    await writeFile(wrong, 'guessed\n', { mode: 0o600 })
    const ssh = { user: 'bert', identityFile: lab.identityFile }
    const nodes = [node(0), node(1, { roles: ['worker'] })]
    const machines = lab.machines.slice(0, 2)
    await startOver(lab, { nodes, ssh, packages: ['curl', 'lab-greeting'] })
    for (const machine of machines) await giveAptRepository(machine, lab.folder, 'lab-greeting')
    await lab.machine('etcd01').check(['sh', '-c', 'apt-get -q update && apt-get -q -y install lab-greeting'])

    const before = await snapshots(machines)
    const refused = await quorate(lab, ['apply', '--sudo-password-file', wrong])
    expect(refused.exitCode).toBe(NO_RIGHTS)
    expect(refused.stderr).not.toContain('guessed')
    expect(await snapshots(machines)).toEqual(before)

    const plan = await quorate(lab, ['plan', '--sudo-password-file', right])
    expect(plan.exitCode).toBe(2)
    expect(plan.stdout.match(/install lab-greeting/g)).toHaveLength(1)
    await quorateOk(lab, ['apply', '--sudo-password-file', right])
    expect(await lab.machine('etcd02').check(['lab-greeting'])).toBe('lab-greeting\n')
    expect((await lab.machine('etcd02').exec(['id', 'etcd'])).exitCode).toBe(1)
    const again = await quorateOk(lab, ['apply', '--sudo-password-file', right])
    expect(again).toBe(NOTHING_TO_CHANGE)
    const { stdout } = await quorate(lab, ['status', '--json', '--sudo-password-file', right])
    expect(JSON.parse(stdout)).toMatchObject({ cluster: { healthy: true, quorum: 1 } })

    await lab.writeCluster({ nodes, ssh, packages: ['lab-missing'] })
    const missing = await quorate(lab, ['apply', '--sudo-password-file', right])
    expect(missing.exitCode).toBe(1)
    expect(missing.stderr).toContain("apt-get can't install lab-missing")
    expect(missing.stderr).toContain('Unable to locate package lab-missing')
  })
})

describe.skipIf(reason)(`apply without IPv4${because}`, () => {
  test('machines that have IPv6 addresses only', async () => {
    await using lab = await testLab({ machines: 3, addresses: 'ipv6' })
    await applied(lab)
    expect((await statusOf(lab)).exitCode).toBe(0)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    const target = { addresses: lab.machines.map(({ address }) => address) } as const
    expect(await etcdctlHere(lab, target, ['endpoint', 'health', '--cluster'])).toMatchObject({ exitCode: 0 })
  })
})
