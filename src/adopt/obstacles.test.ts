import { beforeAll, describe, expect, test } from 'vitest'
import { obstaclesOf } from './obstacles.ts'
import { type Authority, type Rest, seen, testAuthority, threeMembers } from './testing.ts'

let ca: Authority
let other: Authority
beforeAll(async () => {
  ;[ca, other] = await Promise.all([testAuthority(), testAuthority('other-ca')])
})

const told = async (odd: Rest) =>
  obstaclesOf(await threeMembers(ca, odd), []).map(({ host, message }) => `${host ?? 'all'}: ${message}`)

test('a sound cluster has none', async () => {
  expect(await told({})).toEqual([])
})

test('without any member nothing is said of members', () => {
  expect(obstaclesOf([], [])).toEqual([])
  const problem = { kind: 'unreachable', member: 'a', message: 'does not answer' } as const
  expect(obstaclesOf([], [problem])).toHaveLength(1)
})

test('every fault is reported at once, with its fix', async () => {
  const members = await threeMembers(ca, {
    version: '3.4.23',
    process: { user: 'store' },
  })
  const problem = { kind: 'learner', member: 'etcd3', message: 'is a learner' } as const
  const found = obstaclesOf(members, [problem])
  const all = found.map(({ message }) => message).join('\n')
  expect(all).toContain('the member is a learner')
  expect(all).toContain('the user store')
  expect(all).toContain('the version of etcd must be the same for all members')
  expect(found.every(({ hint }) => hint !== undefined)).toBe(true)
})

test('a cluster without TLS is not an obstacle, wherever each member listens', async () => {
  const plain = (await threeMembers(ca)).map((member) => {
    const urls = `http://${member.destination.host}:2379`
    return {
      ...member,
      settings: { name: member.name, 'data-dir': '/var/lib/etcd', 'listen-client-urls': urls },
      process: { ...member.process, environment: { ETCD_LISTEN_CLIENT_URLS: urls } },
      files: { ...member.files, server: undefined, peer: undefined, clientCa: undefined, peerCa: undefined },
      listed: { ...member.listed, peerUrls: [`http://${member.destination.host}:2380`] },
    }
  })
  expect(obstaclesOf(plain, [])).toEqual([])
  // Flags aren't visible from outside once it is adopted.
  const byFlags = plain.map((member) => ({ ...member, process: { ...member.process, environment: {} } }))
  expect(obstaclesOf(byFlags, [])[0]).toMatchObject({
    message: expect.stringContaining('127.0.0.1:2379') as string,
    hint: expect.stringContaining('http://127.0.0.1:2379') as string,
  })
})

test('with users and roles in use nothing else can be judged', async () => {
  const found = obstaclesOf(await threeMembers(ca), [], true)
  expect(found.map(({ message }) => message)).toEqual([expect.stringContaining('authentication is enabled')])
})

describe('each by itself', () => {
  test.each<[string, Rest, string]>([
    ['a name in a peer URL', { listed: { peerUrls: ['https://etcd2.example.org:2380'] } }, 'has a name'],
    [
      'two peer URLs',
      { listed: { peerUrls: ['https://10.0.0.2:2380', 'https://10.1.0.2:2380'] } },
      '2 peer URLs',
    ],
    [
      'no listener on loopback',
      { settings: { 'listen-client-urls': 'https://10.0.0.2:2379' } },
      '127.0.0.1:2379',
    ],
    ['another data directory', { settings: { 'data-dir': '/srv/etcd' } }, 'etcd2: /srv/etcd'],
    ['another peer port', { listed: { peerUrls: ['https://10.0.0.2:2390'] } }, 'etcd.peerPort'],
    [
      'certificates for one name only',
      { settings: { 'peer-cert-allowed-cn': 'etcd' } },
      'accepts only certificates for etcd',
    ],
    [
      'certificates of its own',
      { settings: { 'peer-auto-tls': 'true', 'peer-cert-file': '', 'peer-key-file': '' } },
      'peer-auto-tls',
    ],
    [
      'a certificate that is none',
      { files: { server: seen('/x.crt', 'not PEM') } },
      'not a readable certificate',
    ],
  ])('%s', async (_what, odd, message) => {
    const found = await told(odd)
    expect(found.join('\n')).toContain(message)
    // The limit for a path in the data directory also applies to the WAL within it.
    expect(found.length).toBeLessThanOrEqual(2)
  })

  test('auto-tls with certificate files, which etcd then uses', async () => {
    expect(await told({ settings: { 'auto-tls': 'true', 'peer-auto-tls': 'true' } })).toEqual([])
  })

  test('listening everywhere is listening on loopback', async () => {
    expect(await told({ settings: { 'listen-client-urls': 'https://0.0.0.0:2379' } })).toEqual([])
  })

  test('other CAs for peers than for clients, or for one member than for the others', async () => {
    const apart = await told({ files: { peerCa: seen('/p.crt', other.pem) } })
    expect(apart.join('\n')).toContain('clients and peers have different CAs (CN=etcd-ca; CN=other-ca)')
    const alone = await told({
      files: { clientCa: seen('/c.crt', other.pem), peerCa: seen('/c.crt', other.pem) },
    })
    expect(alone.join('\n')).toContain(
      'the members trust different CAs: etcd1: CN=etcd-ca; etcd2: CN=other-ca',
    )
    const both = seen('/c.crt', ca.pem + other.pem)
    expect((await told({ files: { clientCa: both, peerCa: both } })).join('\n')).toContain(
      'did not issue its first one',
    )
  })
})
