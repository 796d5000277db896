import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { openLocalAuthority } from '../../pki/local.ts'
import { openssl } from '../../pki/testing.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { ETCD_STEPS } from '../../tiers/etcd/steps/kinds.ts'
import { type KubeconfigOptions, makeKubeconfig } from './kubeconfig.ts'

let folder: string
let asked: string[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorate-kubeconfig-'))
  asked = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const NOW = new Date('2030-05-01T12:00:00Z')

async function refuse(): Promise<never> {
  return await Promise.reject(new Error('no'))
}

async function agree(user: string): Promise<void> {
  await Promise.resolve(void asked.push(user))
}

function sessionOf(changes: Partial<Cluster> = {}): Session {
  const cluster = { ...sampleKubernetesCluster(), stateDirectory: path.join(folder, 'state'), ...changes }
  const etcd = openLocalAuthority({
    clusterName: cluster.name,
    directory: path.join(folder, 'state/ca'),
    passphrase: false,
    algorithm: 'ecdsa-p256',
    askPassphrase: refuse,
    now: () => NOW,
  })
  // Uses only this much of a session: no node is queried.
  return {
    cluster,
    emit: () => undefined,
    steps: ETCD_STEPS,
    now: () => NOW,
    signal: new AbortController().signal,
    askPassphrase: refuse,
    authority: async () => await Promise.resolve(etcd),
  } as Partial<Session> as Session
}

async function made(options: Partial<KubeconfigOptions> = {}) {
  const session = sessionOf()
  await (await openKubernetesAuthorities(session)).make()
  return await makeKubeconfig(session, { groups: [], confirmMasters: agree, ...options })
}

function spki(pem: string) {
  return createPublicKey(pem).export({ type: 'spki', format: 'pem' })
}

/** The subject of the certificate in a kubeconfig, after a check that its key belongs to it. */
function subjectIn(file: string): string {
  const text: unknown = parse(readFileSync(file, 'utf8'))
  const [entry] = (text as { users: { user: Record<string, string> }[] }).users
  const data = (name: string) =>
    Buffer.from(entry?.user[`client-${name}-data`] ?? '', 'base64').toString('utf8')
  expect(spki(data('key'))).toEqual(spki(data('certificate')))
  writeFileSync(path.join(folder, 'leaf.crt'), data('certificate'))
  return openssl(folder, 'x509', '-in', 'leaf.crt', '-noout', '-subject', '-nameopt', 'RFC2253').trim()
}

test('without options an administrator of the cluster, in a private file of the state directory', async () => {
  const { file, groups, server, expires } = await made()
  expect(file).toBe(path.join(folder, 'state/kubernetes/users/admin.conf'))
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect({ groups, server, expires }).toEqual({
    groups: ['kubeadm:cluster-admins'],
    server: 'https://service01:6443',
    expires: '2031-05-01T12:00:00.000Z',
  })
  expect(subjectIn(file)).toBe('subject=CN=admin,O=kubeadm:cluster-admins')
  expect(asked).toEqual([])
})

test('a user has the groups that were named and no other, for the days that were named; run again it is another key', async () => {
  const file = path.join(folder, 'anna.conf')
  const options = { user: 'anna', groups: ['developers', 'on-call'], days: 30, file }
  const { expires } = await made(options)
  expect(expires).toBe('2030-05-31T12:00:00.000Z')
  expect(subjectIn(file)).toBe('subject=CN=anna,O=on-call,O=developers')
  const before = readFileSync(file, 'utf8')
  await made(options)
  expect(readFileSync(file, 'utf8')).not.toBe(before)
  await made({ user: 'anna', file })
  expect(subjectIn(file)).toBe('subject=CN=anna')
})

test('system:masters is asked for, and a no leaves nothing', async () => {
  const file = path.join(folder, 'root.conf')
  await expect(made({ groups: ['system:masters'], file, confirmMasters: refuse })).rejects.toThrow('no')
  expect(() => statSync(file)).toThrow('ENOENT')
  await made({ groups: ['system:masters'], file })
  expect(asked).toEqual(['admin'])
  expect(subjectIn(file)).toBe('subject=CN=admin,O=system:masters')
})

test.each<[string, Partial<KubeconfigOptions>]>([
  ['a user of Kubernetes’ own', { user: 'system:kube-scheduler' }],
  ['a user by the name of the group of all power', { user: 'system:masters' }],
  ['a group of Kubernetes’ own', { user: 'anna', groups: ['system:nodes'] }],
  ['one beside another', { groups: ['system:masters', 'system:nodes'] }],
])('refused: %s', async (_what, options) => {
  await expect(made(options)).rejects.toMatchObject({ code: 'usage' })
})

test.each([['a b'], ['a,O=system:masters'], ['a\nb'], [''], ['x'.repeat(65)]])(
  'refused: the group %j',
  async (group) => {
    await expect(made({ user: 'anna', groups: [group] })).rejects.toMatchObject({ code: 'pki' })
  },
)

test("another program's file stays; without a CA, or without Kubernetes, nothing is created", async () => {
  const file = path.join(folder, 'config')
  writeFileSync(file, 'apiVersion: v1\n')
  await expect(made({ file })).rejects.toMatchObject({ code: 'state' })
  expect(readFileSync(file, 'utf8')).toBe('apiVersion: v1\n')
  const options = { groups: [], confirmMasters: agree }
  const other = sessionOf({ stateDirectory: path.join(folder, 'other') })
  await expect(makeKubeconfig(other, options)).rejects.toMatchObject({ code: 'pki' })
  await expect(makeKubeconfig(sessionOf({ kubernetes: undefined }), options)).rejects.toMatchObject({
    code: 'usage',
  })
})
