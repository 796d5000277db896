/**
 * A cluster with an offline CA: every command that needs a signature stops, says what to transfer where, and continues
 * afterwards.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tool } from '../../src/lab/tool.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type OpensslCa, carried, forge, offlineCa } from './support/authority.ts'
import { freshState, keptSigners, startOver, stateFolder } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { operatorFiles } from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const OPERATOR = 'quorate-operator-client.csr'
const PKI_FAILED = 4
const CARRY = 'quorate certs csr --out DIR'

describe.skipIf(whyNoLab())('with an offline CA', () => {
  let lab: TestLab
  let ca: OpensslCa
  beforeAll(async () => {
    lab = await testLab({ machines: 4 })
    const made = await offlineCa(lab.folder, 'offline-ca', 400)
    ca = made
    await startOver(lab, { nodes: MEMBERS.map(nodeOf), pki: { authority: made.authority } })
    await waits(['apply'])
    await carried(lab, ca)
    await quorateOk(lab, ['apply'])
    await quorateOk(lab, ['etcdctl', '--', 'put', 'before', 'all this'])
  })
  afterAll(async () => await lab.down())

  const nodeOf = (name: string) => ({ name, address: lab.machine(name).address, roles: ['etcd'] })
  const keys = async () =>
    await Promise.all(
      MEMBERS.map(async (name) => await lab.machine(name).check(['sha256sum', '/etc/ssl/etcd/etcd.key'])),
    )
  const isWhole = async (members: number) => {
    const { report } = await statusOf(lab)
    expect(report.cluster).toMatchObject({ healthy: true, healthyMembers: members })
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before'])).toContain('all this')
  }
  /** It stops for a signature, and says what to do. */
  async function waits(words: readonly string[], file: Pick<TestLab, 'clusterFile'> = lab): Promise<void> {
    const { exitCode, stdout, stderr } = await quorate(file, words)
    expect({ exitCode, said: stdout + stderr }).toEqual({
      exitCode: PKI_FAILED,
      said: expect.stringContaining(CARRY),
    })
  }

  test('a member is added: nothing is started before it has its certificate', async () => {
    const words = ['member', 'add', 'etcd04', '--address', lab.machine('etcd04').address, '--yes']
    await waits(words)
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthyMembers: 3 })
    expect((await quorateOk(lab, ['etcdctl', '--', 'member', 'list'])).trim().split('\n')).toHaveLength(3)
    expect(await carried(lab, ca)).toEqual(['etcd04-member.csr'])
    await quorateOk(lab, words)
    await isWhole(4)
    await quorateOk(lab, ['member', 'remove', 'etcd04', '--yes'])
    await isWhole(3)
  })

  /** Answers of other CAs: DER, PKCS#7 with the CA in it, UTF-16; and a file that is not a certificate. */
  async function inOtherForms(folder: string): Promise<void> {
    const script = `
      openssl x509 -in etcd01-member.crt -outform der -out etcd01.cer
      openssl crl2pkcs7 -nocrl -certfile "$1" -certfile etcd02-member.crt -outform der -out etcd02.p7b
      printf '\\377\\376' >etcd03.crt
      iconv -t UTF-16LE etcd03-member.crt >>etcd03.crt
      echo 'signed on Monday' >notes.txt
      rm -- *-member.crt`
    await tool(['sh', '-euc', `cd "$2"; ${script}`, 'forms', ca.certificate, folder])
  }

  test('all certificates are renewed, with new keys, once they are signed, in whatever form they come', async () => {
    const before = await keys()
    const [, operator] = operatorFiles(lab)
    const own = await readFile(operator, 'utf8')
    const words = ['certs', 'renew', '--all', '--yes']
    await waits(words)
    expect(await keys()).toEqual(before)
    expect(await carried(lab, ca, inOtherForms)).toEqual([
      ...MEMBERS.map((name) => `${name}-member.csr`),
      OPERATOR,
    ])
    await quorateOk(lab, words)
    for (const [index, key] of (await keys()).entries()) expect(key).not.toBe(before[index])
    expect(await readFile(operator, 'utf8')).not.toBe(own)
    await isWhole(3)
  })

  test("all certificates have expired, the operator's as well: one round trip to the CA", async () => {
    for (const name of MEMBERS) {
      const machine = lab.machine(name)
      const names = `DNS:${name},DNS:localhost,IP:${machine.address},IP:127.0.0.1,IP:::1`
      const csr = await machine.check(requestFor('/etc/ssl/etcd/etcd.key', name))
      await machine.writeFile('/root/expired.crt', await expired(csr, names))
      await machine.check([
        'sh',
        '-euc',
        'cat /root/expired.crt >/etc/ssl/etcd/etcd.crt; rm /root/expired.crt',
      ])
    }
    const [, certificate, key] = operatorFiles(lab)
    const csr = await tool(requestFor(key, 'quorate-operator'))
    await writeFile(certificate, await expired(csr, 'DNS:none'))
    await rm(path.join(stateFolder(lab), 'issued'), { recursive: true })
    const words = ['certs', 'renew', '--yes']
    await waits(words)
    expect(await carried(lab, ca)).toEqual([...MEMBERS.map((member) => `${member}-member.csr`), OPERATOR])
    await quorateOk(lab, words)
    await isWhole(3)
  })

  async function expired(csr: string, names: string): Promise<string> {
    const dates = { notBefore: '20250101000000Z', notAfter: '20250601000000Z' }
    const pem = await forge(lab.folder, ca, { csr, names, ...dates })
    return pem + (await readFile(ca.certificate, 'utf8'))
  }

  test('it is restored onto new machines, from a bundle', async () => {
    const identity = await generateX25519Identity()
    const key = path.join(lab.folder, 'key.txt')
    await writeFile(key, `${identity}\n`, { mode: 0o600 })
    const store = path.join(lab.folder, 'backups')
    const taken = await quorateOk(lab, [
      'backup',
      '--store',
      store,
      '--recipient',
      await identityToRecipient(identity),
      '--json',
    ])
    const { name } = JSON.parse(taken) as { name: string }
    const signers = await keptSigners(lab)
    await Promise.all([lab.pristine(), freshState(lab)])
    const clusterFile = path.join(lab.folder, 'again.yaml')
    const from = [path.join(store, name), '--identity', key, ...signers]
    const words = ['restore', ...from, '--into', clusterFile, '--yes']
    await waits(words, { clusterFile })
    await carried({ ...lab, clusterFile }, ca)
    await quorateOk({ clusterFile }, words)
    expect(await readFile(clusterFile, 'utf8')).toContain('offline')
    await isWhole(3)
  })
})

function requestFor(key: string, name: string): [string, ...string[]] {
  return ['openssl', 'req', '-new', '-key', key, '-subj', `/CN=${name}`]
}
