import { beforeAll, describe, expect, test } from 'vitest'
import type { ErrorId } from '../error-ids.ts'
import { obstaclesOf } from './obstacles.ts'
import { type Authority, type Rest, seen, testAuthority, threeMembers } from './testing.ts'

let ca: Authority
let other: Authority
beforeAll(async () => {
  ;[ca, other] = await Promise.all([testAuthority(), testAuthority('other-ca')])
})

const obstaclesWith = async (odd: Rest) => obstaclesOf(await threeMembers(ca, odd), [])

test('a sound cluster has none', async () => {
  expect(await obstaclesWith({})).toEqual([])
})

test('without any member nothing is said of members', () => {
  expect(obstaclesOf([], [])).toEqual([])
  const problem = { kind: 'unreachable', member: 'a', message: 'is silent' } as const
  expect(obstaclesOf([], [problem])).toHaveLength(1)
})

test('every fault is reported at once, with its fix', async () => {
  const members = await threeMembers(ca, {
    version: '3.4.23',
    process: { user: 'store' },
  })
  const problem = { kind: 'learner', member: 'etcd3', message: 'is behind' } as const
  const found = obstaclesOf(members, [problem])
  for (const [id, says] of [
    ['cluster-is-not-healthy', / is behind$/],
    ['etcd-of-another-user', / user store;/],
    ['members-differ', / version .*: .*3\.4\.23/],
  ] as const)
    expect(found).toContainEqual(
      expect.objectContaining({ id, message: expect.stringMatching(says) as string }),
    )
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
  expect(found.map(({ id }) => id)).toEqual(['authentication-is-enabled'])
})

describe('each by itself', () => {
  test.each<[string, Rest, ErrorId, RegExp]>([
    [
      'a name in a peer URL',
      { listed: { peerUrls: ['https://etcd2.example.org:2380'] } },
      'peer-url-does-not-fit',
      /https:\/\/etcd2\.example\.org:2380/,
    ],
    [
      'two peer URLs',
      { listed: { peerUrls: ['https://10.0.0.2:2380', 'https://10.1.0.2:2380'] } },
      'peer-url-does-not-fit',
      / 2 .*https:\/\/10\.0\.0\.2:2380, https:\/\/10\.1\.0\.2:2380/,
    ],
    [
      'no listener on loopback',
      { settings: { 'listen-client-urls': 'https://10.0.0.2:2379' } },
      'no-listener-on-loopback',
      /127\.0\.0\.1:2379/,
    ],
    [
      'another data directory',
      { settings: { 'data-dir': '/srv/etcd' } },
      'members-differ',
      /etcd2: \/srv\/etcd/,
    ],
    [
      'another peer port',
      { listed: { peerUrls: ['https://10.0.0.2:2390'] } },
      'members-differ',
      /etcd\.peerPort/,
    ],
    [
      'certificates for one name only',
      { settings: { 'peer-cert-allowed-cn': 'etcd' } },
      'certificates-for-one-name-only',
      / etcd \(peer-cert-allowed-cn\)/,
    ],
    [
      'certificates of its own',
      { settings: { 'peer-auto-tls': 'true', 'peer-cert-file': '', 'peer-key-file': '' } },
      'etcd-makes-its-certificates',
      /peer-auto-tls/,
    ],
    [
      'a certificate that is none',
      { files: { server: seen('/x.crt', 'not PEM') } },
      'unreadable-certificate',
      / cert-file /,
    ],
  ])('%s', async (_what, odd, id, says) => {
    const found = await obstaclesWith(odd)
    expect(found).toContainEqual(
      expect.objectContaining({ id, message: expect.stringMatching(says) as string }),
    )
    // The limit for a path in the data directory also applies to the WAL within it.
    expect(found.length).toBeLessThanOrEqual(2)
  })

  test('auto-tls with certificate files, which etcd then uses', async () => {
    expect(await obstaclesWith({ settings: { 'auto-tls': 'true', 'peer-auto-tls': 'true' } })).toEqual([])
  })

  test('listening everywhere is listening on loopback', async () => {
    expect(await obstaclesWith({ settings: { 'listen-client-urls': 'https://0.0.0.0:2379' } })).toEqual([])
  })

  test('other CAs for peers than for clients, or for one member than for the others', async () => {
    const apart = await obstaclesWith({ files: { peerCa: seen('/p.crt', other.pem) } })
    expect(apart).toMatchObject([
      {
        id: 'cas-differ',
        host: 'etcd2',
        message: expect.stringContaining('(CN=etcd-ca; CN=other-ca)') as string,
      },
    ])
    const alone = await obstaclesWith({
      files: { clientCa: seen('/c.crt', other.pem), peerCa: seen('/c.crt', other.pem) },
    })
    expect(alone).toMatchObject([
      {
        id: 'cas-differ',
        message: expect.stringContaining(': etcd1: CN=etcd-ca; etcd2: CN=other-ca') as string,
      },
    ])
    const both = seen('/c.crt', ca.pem + other.pem)
    expect(await obstaclesWith({ files: { clientCa: both, peerCa: both } })).toContainEqual(
      expect.objectContaining({
        id: 'cas-differ',
        host: 'etcd2',
        message: expect.stringMatching(/: CN=other-ca$/) as string,
      }),
    )
  })
})
