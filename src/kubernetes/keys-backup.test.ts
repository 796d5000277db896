/** Kubernetes' keys survive the loss of the workstation through a backup, in every form of storage. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { localRemote } from '../pki/testing.ts'
import type { Cluster } from '../spec/cluster.ts'
import { sampleKubernetesCluster } from '../spec/sample-kubernetes.ts'
import { type AuthoritiesSession } from './authorities.ts'
import { exportKubernetesKeys, importKubernetesKeys, kubernetesKeysIdentity } from './keys-backup.ts'
import { openLocalHome } from './local-home.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'quorate-kubernetes-keys-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const PASSPHRASE = 'correct horse'

function sessionIn(state: string, passphrase: boolean): AuthoritiesSession {
  const cluster: Cluster = {
    ...sampleKubernetesCluster(),
    stateDirectory: path.join(folder, state),
    pki: {
      ...sampleKubernetesCluster().pki,
      authority: { home: 'local', certificate: undefined, key: undefined, passphrase },
    },
  }
  return {
    cluster,
    now: () => new Date(),
    signal: new AbortController().signal,
    askPassphrase: async () => await Promise.resolve(PASSPHRASE),
    scryptWorkFactor: 10,
    fleet: { get: async () => await Promise.resolve(localRemote()) },
    authority: async () => await Promise.reject(new Error('not asked')),
  }
}

const SECRETS = ['ca-key', 'service-account-key', 'encryption'] as const

test.each([
  [false, false],
  [true, true],
  [true, false],
])('they are the same afterwards: encrypted here %s, there %s', async (here, there) => {
  const before = sessionIn('before', here)
  const home = openLocalHome(before)
  expect(await exportKubernetesKeys(before)).toBeUndefined()
  await home.make()
  const keys = (await exportKubernetesKeys(before)) ?? ''
  const after = sessionIn('after', there)
  const directory = path.join(folder, 'after', 'kubernetes')
  expect(await importKubernetesKeys(after, keys, 10)).toEqual([directory])
  const again = openLocalHome(after)
  for (const name of SECRETS) expect(await again.read(name)).toBe(await home.read(name))
  expect(await kubernetesKeysIdentity(after.cluster)).toBe(await kubernetesKeysIdentity(before.cluster))
  expect(await again.known()).toEqual(await home.known())
  expect(await again.frontProxy.trust(after.signal)).toBe(await home.frontProxy.trust(before.signal))
  const file = path.join(directory, there ? 'encryption.yaml.age' : 'encryption.yaml')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8').includes('secretbox')).toBe(!there)
  // Existing keys stay.
  expect(await importKubernetesKeys(after, keys, 10)).toEqual([])
})

test('what is none of them is refused without a word of it, and leaves nothing', async () => {
  const session = sessionIn('state', false)
  for (const text of ['{}', 'nonsense', '{"format":1,"secret":{"../../x":"KEY"},"open":{}}']) {
    const refused = importKubernetesKeys(session, text)
    await expect(refused).rejects.toMatchObject({
      code: 'backup',
      message: expect.not.stringContaining('KEY'),
    })
  }
  expect(() => statSync(path.join(folder, 'state'))).toThrow()
})

test('where they are on the machine of the CA, they are in no backup', async () => {
  const session = sessionIn('state', false)
  await openLocalHome(session).make()
  const authority = { home: 'host' } as Cluster['pki']['authority']
  const cluster = { ...session.cluster, pki: { ...session.cluster.pki, authority } }
  expect(await exportKubernetesKeys({ ...session, cluster })).toBeUndefined()
})

test('their identity distinguishes them from others and contains no secret; it does not exist before they do', async () => {
  const identities: (string | undefined)[] = []
  for (const state of ['one', 'other']) {
    const session = sessionIn(state, false)
    expect(await kubernetesKeysIdentity(session.cluster)).toBeUndefined()
    const home = openLocalHome(session)
    await home.make()
    const identity = await kubernetesKeysIdentity(session.cluster)
    for (const name of SECRETS) {
      const secret = (await home.read(name)) ?? ''
      const longest = secret.split(/\s/).toSorted((a, b) => b.length - a.length)[0] ?? ''
      expect(longest.length).toBeGreaterThan(30)
      expect(identity).not.toContain(longest)
    }
    identities.push(identity)
  }
  expect(new Set(identities).size).toBe(2)
})
