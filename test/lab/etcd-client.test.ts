/** The etcd client against real members: plain processes on loopback, TLS both ways. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { usesAuthentication } from '../../src/etcd/authentication.ts'
import { connectMember, type MemberClient } from '../../src/etcd/client.ts'
import { failureKind, type FailureKind } from '../../src/etcd/failure.ts'
import { KV } from '../../src/etcd/gen/kv_pb.ts'
import { Lease } from '../../src/etcd/gen/lease_pb.ts'
import { Maintenance } from '../../src/etcd/gen/maintenance_pb.ts'
import { judgeView } from '../../src/etcd/health.ts'
import { prefixEnd, utf8 } from '../../src/etcd/keys.ts'
import { readServedVersion } from '../../src/etcd/served-version.ts'
import { takeSnapshot } from '../../src/etcd/snapshot.ts'
import { connectMemberV2 } from '../../src/etcd/v2.ts'
import { compareContents, VERIFY_PREFIX, verifyCluster } from '../../src/etcd/verify.ts'
import { hasEtcdutl, minorOf } from '../../src/etcd/versions.ts'
import { formatId, readClusterView } from '../../src/etcd/view.ts'
import { readNetworkV2, writeNetworkV2 } from '../../src/flannel/store-v2.ts'
import { readNetwork, writeNetwork } from '../../src/flannel/store.ts'
import { supportsV2 } from '../../src/etcd/versions.ts'
import { ETCD_CHOICES, etcdBinaries } from './etcd-binaries.ts'
import { startCluster, type LoopbackCluster } from './loopback-etcd.ts'
import { execFileSync } from 'node:child_process'

/** Repeats until the cluster answers; it has just been started. */
async function ready(cluster: LoopbackCluster): Promise<MemberClient[]> {
  const clients = cluster.members.map((member) => member.client())
  const deadline = Date.now() + 60_000
  for (;;) {
    const view = await readClusterView(clients)
    const expected = cluster.members.map(({ name, peerUrl }) => ({ name, peerUrls: [peerUrl] }))
    const judgement = judgeView(view, { members: expected })
    if (judgement.healthy) return clients
    if (Date.now() > deadline)
      throw new Error(judgement.problems.map((problem) => problem.message).join('; '))
    await sleep(100)
  }
}

async function kindOf(call: Promise<unknown>): Promise<FailureKind> {
  return call.then(
    () => {
      throw new Error('it answered')
    },
    (thrown: unknown) => failureKind(thrown),
  )
}

describe.each(ETCD_CHOICES)('etcd of %s', (choice) => {
  let binaries: string
  let version: string
  let cluster: LoopbackCluster
  let clients: MemberClient[]
  beforeAll(async () => {
    ;({ directory: binaries, version } = await etcdBinaries(choice))
    cluster = await startCluster(binaries, 3, supportsV2(version) ? { 'enable-v2': 'true' } : {})
    clients = await ready(cluster)
  })
  afterAll(async () => {
    for (const client of clients) client.close()
    await cluster[Symbol.asyncDispose]()
  })

  test('the view agrees with etcdctl', async () => {
    const { members } = await readClusterView(clients)
    const url = `https://127.0.0.1:${cluster.members[1]?.clientPort}`
    const file = (name: string) => path.join(cluster.folder, name)
    const tls = [
      `--cacert=${file('ca.crt')}`,
      `--cert=${file('operator.crt')}`,
      `--key=${file('operator.key')}`,
    ]
    const argv = [`--endpoints=${url}`, ...tls, 'endpoint', 'status']
    const said = execFileSync(path.join(binaries, 'etcdctl'), argv, {
      encoding: 'utf8',
      env: { ETCDCTL_API: '3' },
    })
    // From 3.6 on there are more columns: the first one with yes or no is the leader's.
    const [, id, saidVersion, ...rest] = said.split(', ')
    const leader = rest.find((word) => /^(?:true|false)$/.test(word))
    const second = members[1]
    if (!second?.reachable) throw new Error('etcd02 is not reachable')
    expect([formatId(second.memberId), second.version, String(second.leaderId === second.memberId)]).toEqual([
      id,
      saidVersion,
      leader,
    ])
    expect(saidVersion).toBe(version)
    const old = choice === 'bullseye'
    expect(typeof second.dbSizeInUseBytes).toBe(old ? 'undefined' : 'number')
    expect(typeof second.raftAppliedIndex).toBe(old ? 'undefined' : 'bigint')
    expect(second.list?.members.map(({ name }) => name).toSorted()).toEqual(['etcd01', 'etcd02', 'etcd03'])
  })

  test('verification leaves nothing behind, and finds a member of another cluster', async () => {
    const { hash } = await verifyCluster(clients)
    expect(hash).toBeGreaterThan(0)
    const [first] = clients
    if (!first) throw new Error('no client')
    const left = await first.call(KV.method.range, {
      key: utf8(VERIFY_PREFIX),
      rangeEnd: prefixEnd(VERIFY_PREFIX),
    })
    expect(left.count).toBe(0n)
    await using other = await startCluster(binaries, 1)
    const [stranger] = await ready(other)
    if (!stranger) throw new Error('no stranger')
    await expect(verifyCluster([first, stranger])).rejects.toMatchObject({
      code: 'unhealthy',
      host: 'etcd01',
    })
    stranger.close()
  })

  test('contents are compared on a cluster without writers, compacted to its newest revision', async () => {
    const [first] = clients
    if (!first) throw new Error('no client')
    const key = utf8('compacted')
    await first.call(KV.method.put, { key })
    const gone = await first.call(KV.method.deleteRange, { key })
    await first.call(KV.method.compact, { revision: gone.header?.revision ?? 0n, physical: true })
    const { revision } = await compareContents(clients)
    expect(revision).toBeGreaterThanOrEqual(gone.header?.revision ?? 0n)
  })

  test('raised alarms are read and named', async () => {
    const [first] = clients
    if (!first) throw new Error('no client')
    const status = await first.call(Maintenance.method.status, {})
    const alarm = { memberId: status.header?.memberId ?? 0n, alarm: 1 } as const
    await first.call(Maintenance.method.alarm, { action: 1, ...alarm })
    const judgement = judgeView(await readClusterView(clients), { members: [] })
    await first.call(Maintenance.method.alarm, { action: 2, ...alarm })
    expect(judgement.problems).toContainEqual({ kind: 'alarm', member: 'etcd01', message: 'alarm NOSPACE' })
  })

  test('a snapshot is a private file that etcd takes for one, with all that was written before', async () => {
    const [first, second] = clients
    if (!first || !second) throw new Error('no client')
    const put = await first.call(KV.method.put, { key: utf8('before'), value: utf8('snapshot') })
    const file = path.join(cluster.folder, 'snapshots', 'one.db')
    const taken = await takeSnapshot(second, { file })
    expect(taken).toMatchObject({ file, member: 'etcd02', revision: put.header?.revision })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(path.dirname(file))).toEqual(['one.db'])
    const tool = hasEtcdutl(version) ? 'etcdutl' : 'etcdctl'
    const said = execFileSync(path.join(binaries, tool), ['snapshot', 'status', file, '-w', 'json'], {
      encoding: 'utf8',
      env: { ETCDCTL_API: '3' },
    })
    expect(JSON.parse(said)).toMatchObject({ revision: Number(taken.revision) })
  })

  test('a member reports its version and the one of its cluster', async () => {
    const [member] = cluster.members
    const target = { address: '127.0.0.1', port: member?.clientPort ?? 0 }
    const options = { name: 'etcd01', target, identity: '127.0.0.1', tls: cluster.tls }
    // A leader takes a moment to decide.
    await vi.waitFor(
      async () =>
        expect(await readServedVersion(options)).toEqual({ server: version, cluster: minorOf(version) }),
      { timeout: 60_000 },
    )
    await expect(readServedVersion({ ...options, tls: undefined })).rejects.toMatchObject({ code: 'etcd' })
  })

  test('whether users and roles are in use', async () => {
    const [client] = clients
    if (!client) throw new Error('no client')
    const url = `https://127.0.0.1:${cluster.members[0]?.clientPort}`
    const file = (name: string) => path.join(cluster.folder, name)
    const tls = [
      `--cacert=${file('ca.crt')}`,
      `--cert=${file('operator.crt')}`,
      `--key=${file('operator.key')}`,
    ]
    const etcdctl = (...args: readonly string[]) =>
      execFileSync(path.join(binaries, 'etcdctl'), [`--endpoints=${url}`, ...tls, ...args], {
        env: { ETCDCTL_API: '3' },
        stdio: 'pipe',
      })
    expect(await usesAuthentication(client)).toBe(false)
    etcdctl('user', 'add', 'root:secret')
    etcdctl('user', 'grant-role', 'root', 'root')
    etcdctl('auth', 'enable')
    const during = await usesAuthentication(client)
    etcdctl('--user=root:secret', 'auth', 'disable')
    expect(during).toBe(true)
    expect(await usesAuthentication(client)).toBe(false)
  })

  test.each([
    ['extendedKeyUsage=serverAuth', 2, 'rejected'],
    ['extendedKeyUsage=clientAuth', -1, 'rejected'],
  ] as const)('a client certificate with %s for %i days is refused', async (extensions, days, kind) => {
    const tls = await cluster.issue('bad', extensions, days)
    using client = connectMember({
      name: 'etcd01',
      target: { address: '127.0.0.1', port: cluster.members[0]?.clientPort ?? 0 },
      identity: '127.0.0.1',
      tls,
    })
    expect(await kindOf(client.call(Maintenance.method.status, {}))).toBe(kind)
  })

  test('the wrong machine, the wrong CA, no TLS, and no server are distinguished', async () => {
    const [member] = cluster.members
    if (!member) throw new Error('no member')
    await using other = await startCluster(binaries, 1)
    const clientsOf: Record<string, MemberClient> = {
      'wrong-identity': member.client({ identity: '198.18.0.1' }),
      'unknown-authority': member.client({ tls: { ...cluster.tls, ca: other.tls.ca } }),
      rejected: member.client({ tls: { ...other.tls, ca: cluster.tls.ca } }),
      closed: member.client({ tls: undefined }),
      refused: connectMember({
        name: 'x',
        target: { address: '127.0.0.1', port: 1 },
        identity: '127.0.0.1',
        tls: undefined,
      }),
    }
    for (const [kind, client] of Object.entries(clientsOf)) {
      expect(await kindOf(client.call(Maintenance.method.status, {}))).toBe(kind)
      client.close()
    }
  })

  test('through a unix socket, as SSH forwards it; a forward to nowhere is reported', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-forward-'))
    const socketPath = path.join(folder, 's')
    let port = cluster.members[0]?.clientPort ?? 0
    const forward = net.createServer((near) => {
      const far = net.connect(port, '127.0.0.1')
      near.on('error', () => far.destroy()).pipe(far)
      far.on('error', () => near.destroy()).pipe(near)
    })
    await new Promise<void>((resolve) => forward.listen(socketPath, resolve))
    const options = { name: 'etcd01', target: { socketPath }, identity: '127.0.0.1', tls: cluster.tls }
    using client = connectMember(options)
    const lease = await client.call(Lease.method.leaseGrant, { ttl: 5n })
    expect(lease.ttl).toBe(5n)
    port = 1
    using late = connectMember(options)
    const failure = await late.call(Maintenance.method.status, {}).catch((thrown: unknown) => thrown)
    expect(failureKind(failure)).toBe('closed')
    expect(failure).toMatchObject({ message: expect.stringContaining('127.0.0.1 through SSH') as unknown })
    client.close()
    await new Promise((resolve) => forward.close(resolve))
    await rm(folder, { recursive: true })
  })

  test("flannel's network is written once, read back, and kept while a node holds a subnet", async () => {
    const [client] = clients
    if (!client) throw new Error('no client')
    const network = {
      prefix: '/coreos.com/network',
      config: { Network: '10.5.0.0/16', SubnetLen: 24, Backend: { Type: 'vxlan' } },
      v2: false,
    }
    const text = '{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan"}}'
    expect(await writeNetwork(client, network)).toEqual({ changed: true })
    expect(await writeNetwork(client, network)).toEqual({ changed: false })
    expect(await readNetwork(client, network.prefix)).toMatchObject({ text, canonical: text })

    const key = utf8('/coreos.com/network/subnets/10.5.52.0-24')
    await client.call(KV.method.put, { key, value: utf8('{"PublicIP":"192.168.0.7","BackendType":"vxlan"}') })
    const moved = { ...network, config: { ...network.config, Network: '10.6.0.0/16' } }
    const names = new Map([['192.168.0.7', 'worker02']])
    await expect(writeNetwork(client, moved, { names })).rejects.toMatchObject({
      code: 'flannel',
      message: expect.stringContaining('10.5.52.0/24 by worker02') as unknown,
    })
    expect(await readNetwork(client, network.prefix)).toMatchObject({ text })
    const tuned = {
      ...network,
      config: { ...network.config, Backend: { Type: 'vxlan', DirectRouting: true } },
    }
    expect(await writeNetwork(client, tuned)).toEqual({ changed: true })
    await client.call(KV.method.deleteRange, { key })
    expect(await writeNetwork(client, moved)).toEqual({ changed: true })
  })

  test('the same through v2, with leases there; from 3.6 on there is none, and that is said', async () => {
    const [member] = cluster.members
    if (!member) throw new Error('no member')
    const v2 = connectMemberV2({
      name: 'etcd01',
      target: { address: '127.0.0.1', port: member.clientPort },
      identity: '127.0.0.1',
      tls: cluster.tls,
    })
    const network = { prefix: '/coreos.com/network', config: { Network: '10.5.0.0/16' }, v2: true }
    const served = supportsV2(version)
    const first = await writeNetworkV2(v2, network).catch((error: unknown) => error)
    const refusal: unknown = expect.toFail('etcd/no-v2-api', { host: 'etcd01' })
    expect(first).toEqual(served ? { changed: true } : refusal)
    if (!served) return await v2.close()
    expect(await writeNetworkV2(v2, network)).toEqual({ changed: false })
    expect(await readNetworkV2(v2, network.prefix)).toMatchObject({ text: '{"Network":"10.5.0.0/16"}' })
    await v2.put('/coreos.com/network/subnets/10.5.3.0-24', '{"PublicIP":"192.168.0.8"}', undefined)
    expect(await v2.names('/')).toEqual(['/coreos.com'])
    expect(await v2.names('/not/there')).toEqual([])
    await expect(writeNetworkV2(v2, { ...network, config: { Network: '10.6.0.0/16' } })).rejects.toThrow(
      /192\.168\.0\.8/,
    )
    await expect(v2.put('/coreos.com/network/config', 'x', 1)).rejects.toMatchObject({ code: 'moved' })
    await v2.close()
  })
})

test('without a majority a member has a status but is not healthy, and the reason is reported', async () => {
  await using cluster = await startCluster((await etcdBinaries('trixie')).directory, 3)
  const clients = await ready(cluster)
  for (const client of clients) client.close()
  await Promise.all(cluster.members.slice(1).map((member) => member.kill()))
  const late = cluster.members.map((member) => member.client({ timeoutMs: 2000 }))
  const view = await readClusterView(late)
  const kinds = judgeView(view, { members: [] }).problems.map(({ kind, member }) => `${kind} ${member}`)
  for (const client of late) client.close()
  expect(kinds).toEqual(
    expect.arrayContaining(['unhealthy etcd01', 'unreachable etcd02', 'unreachable etcd03']),
  )
  const [first] = view.members
  expect(first?.reachable && first.list).toMatchObject({ linearizable: false })
})

test('a member without the v2 API says so in words', async () => {
  await using cluster = await startCluster((await etcdBinaries('trixie')).directory, 1)
  const [member] = cluster.members
  for (const client of await ready(cluster)) client.close()
  const target = { address: '127.0.0.1', port: member?.clientPort ?? 0 }
  const v2 = connectMemberV2({ name: 'etcd01', target, identity: '127.0.0.1', tls: cluster.tls })
  await expect(v2.get('/x')).rejects.toFail('etcd/no-v2-api', { host: 'etcd01' })
  await v2.close()
})
