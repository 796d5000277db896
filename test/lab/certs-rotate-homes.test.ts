/** Rotates the CA of a cluster in use to another CA location: on a separate machine, or offline. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type OpensslCa, carried, offlineCa, opensslCa } from './support/authority.ts'
import { applied, freshState, keptSigners } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { fetchFile, openssl } from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const OPERATOR = 'quorate-operator-client.csr'
const ROTATE = ['certs', 'rotate-ca', '--yes', '--json']

interface Stage {
  readonly stage: string
  readonly served: readonly { readonly issuer: string }[]
  readonly availability: {
    readonly report: { readonly writes: { readonly failed: number }; readonly lostWrites: number }
  }
}

describe.skipIf(whyNoLab())('certs rotate-ca to a CA', () => {
  let lab: TestLab
  beforeAll(async () => {
    const members = MEMBERS.map((name) => ({ name, roles: ['etcd'] }))
    lab = await testLab({ machines: [...members, { name: 'vault', roles: ['service'] }] })
    await applied(lab)
    await quorateOk(lab, ['etcdctl', '--', 'put', 'before', 'the exchange'])
  })
  afterAll(async () => await lab.down())

  const stages = async (...args: string[]): Promise<readonly string[]> => {
    const output = await quorateOk(lab, [...ROTATE, ...args])
    const done = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { readonly stages: readonly Stage[] }
    for (const { availability } of done.stages)
      expect(availability.report).toMatchObject({ writes: { failed: 0 }, lostWrites: 0 })
    return done.stages.map(({ stage }) => stage)
  }
  const isFrom = async (ca: string, name: string) => {
    const bundle = await readFile(ca, 'utf8')
    for (const member of MEMBERS) {
      const leaf = await fetchFile(lab, member, '/etc/ssl/etcd/etcd.crt')
      expect(await openssl('x509', '-in', leaf, '-noout', '-issuer')).toMatch(
        new RegExp(`CN\\s*=\\s*${name}`),
      )
      expect(await lab.machine(member).readFile('/etc/ssl/etcd/ca.crt')).toBe(bundle)
    }
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    expect((await statusOf(lab)).report.cluster.healthy).toBe(true)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe(
      'the exchange\n',
    )
  }

  test('on a machine of its own: its key stays there', async () => {
    const ca = await opensslCa(lab.folder, 'vault-ca')
    await bringToVault(ca)
    const host = { name: 'vault', certificate: '/root/ca.crt', key: '/root/ca.key', sudo: false }
    await lab.writeCluster({ pki: { authority: { host } } })
    expect(await stages()).toEqual(['trust', 'issue'])
    expect(await stages('--finish')).toEqual(['finish'])
    await isFrom(ca.certificate, 'vault-ca')
  })

  test('on a machine of its own, which signs for the members that are restored onto new machines', async () => {
    const key = path.join(lab.folder, 'key.txt')
    const identity = await generateX25519Identity()
    await writeFile(key, `${identity}\n`, { mode: 0o600 })
    const store = path.join(lab.folder, 'backups')
    const to = ['--store', store, '--recipient', await identityToRecipient(identity)]
    const { name } = JSON.parse(await quorateOk(lab, ['backup', ...to, '--json'])) as { name: string }
    const signers = await keptSigners(lab)
    await Promise.all([lab.pristine(), freshState(lab)])
    const ca = {
      certificate: path.join(lab.folder, 'vault-ca.crt'),
      key: path.join(lab.folder, 'vault-ca.key'),
    }
    await bringToVault(ca)
    const clusterFile = path.join(lab.folder, 'again.yaml')
    await quorateOk({ clusterFile }, [
      'restore',
      path.join(store, name),
      '--identity',
      key,
      '--into',
      clusterFile,
      ...signers,
      '--yes',
    ])
    expect(await readFile(clusterFile, 'utf8')).toContain('vault')
    await isFrom(ca.certificate, 'vault-ca')
  })

  test('offline: it waits for the requests to come back, and continues', async () => {
    // Its certificates expire soon (28 days are left), like the operator's: they are valid until then.
    const ca = await offlineCa(lab.folder, 'offline-ca')
    await lab.writeCluster({ pki: { authority: ca.authority } })
    await waiting('etcd01, etcd02, etcd03')
    expect(await carried(lab, ca)).toEqual([...MEMBERS.map((name) => `${name}-member.csr`), OPERATOR])
    expect(await stages()).toEqual(['trust', 'issue'])
    expect(await stages('--finish')).toEqual(['finish'])
    await isFrom(ca.certificate, 'offline-ca')
  })

  test('offline, and back to the previous one, which has to sign again', async () => {
    const first = path.join(lab.folder, 'offline-ca.crt')
    const before = { certificate: first, key: path.join(lab.folder, 'offline-ca.key') }
    const ca = await offlineCa(lab.folder, 'second-ca')
    await lab.writeCluster({ pki: { days: 20, authority: ca.authority } })
    await waiting('etcd')
    await carried(lab, ca)
    expect(await stages()).toEqual(['trust', 'issue'])
    const leaf = await fetchFile(lab, 'etcd02', '/etc/ssl/etcd/etcd.crt')
    expect(await openssl('x509', '-in', leaf, '-noout', '-issuer')).toMatch(/CN\s*=\s*second-ca/)
    await lab.writeCluster({
      pki: { days: 20, authority: { offline: { certificate: path.join(lab.folder, 'offline-ca.alone') } } },
    })
    await waiting('etcd', '--abort')
    await carried(lab, before)
    expect(await stages('--abort')).toEqual(['abort'])
    await isFrom(first, 'offline-ca')
  })

  test('renewed with its own key and name: nothing is issued, and the members learn of it one after the other', async () => {
    const certificate = path.join(lab.folder, 'offline-ca.alone')
    const key = path.join(lab.folder, 'offline-ca.key')
    const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
    await openssl(
      ['req', '-x509', '-key', key, '-subj', '/CN=offline-ca', '-days', '400', '-out', certificate],
      usage.flatMap((extension) => ['-addext', extension]),
    )
    const before = await lab.machine('etcd01').readFile('/etc/ssl/etcd/etcd.crt')
    const apply = await quorate(lab, ['apply', '--yes'])
    expect(apply).toFail('blocked', { fix: 'quorate certs rotate-ca --finish' })
    expect(await stages('--finish')).toEqual(['finish'])
    await isFrom(certificate, 'offline-ca')
    expect(await lab.machine('etcd01').readFile('/etc/ssl/etcd/etcd.crt')).toBe(before)
  })

  test('none that quorate would make: refused, with what to do', async () => {
    const before = await readFile(lab.clusterFile, 'utf8')
    await lab.writeCluster({})
    expect(await quorate(lab, ROTATE)).toFail('blocked/ca-of-the-members-is-missing')
    await writeFile(lab.clusterFile, before)
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
  })

  async function bringToVault(ca: OpensslCa): Promise<void> {
    const vault = lab.machine('vault')
    await vault.writeFile('/root/ca.crt', await readFile(ca.certificate, 'utf8'))
    await vault.writeFile('/root/ca.key', await readFile(ca.key, 'utf8'))
    await vault.check(['chmod', '600', '/root/ca.key'])
  }

  /** Runs the stages as far as they go without the CA. @param names the nodes whose requests wait */
  async function waiting(names: string, ...args: string[]): Promise<void> {
    expect(await quorate(lab, [...ROTATE, ...args])).toFail('pki/offline-ca-has-not-signed', {
      says: names,
      fix: 'quorate certs csr --out DIR',
    })
    // Inspections and other work are still possible during that time.
    expect((await statusOf(lab)).report.cluster.healthy).toBe(true)
  }
})
