/**
 * The CA itself has expired: every command suggests the same order, each suggested command works, and `apply` completes
 * it.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tool } from '../../src/lab/tool.ts'
import { RENEW_WITH_ITS_KEY } from '../../src/pki/ca-renewal.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type OpensslCa, carried } from './support/authority.ts'
import { applied, stateFolder } from './support/fresh.ts'
import { expireCa } from './support/expired.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
const PKI_FAILED = 4
const BLOCKED = 8

/** Everything that an operator might try then, and the resulting exit code. */
const VERBS = [
  ['plan'],
  ['apply', '--yes'],
  ['certs', 'renew', '--yes'],
  ['certs', 'rotate-ca', '--yes'],
  ['certs', 'rotate-ca', '--finish', '--yes'],
  ['certs', 'list'],
  ['status'],
] as const

describe.skipIf(whyNoLab())('a CA that has expired', () => {
  let lab: TestLab
  beforeAll(async () => {
    const members = MEMBERS.map((name) => ({ name, roles: ['etcd'] }))
    lab = await testLab({ machines: [...members, { name: 'vault', roles: ['service'] }] })
    await applied(lab)
    await quorateOk(lab, ['etcdctl', '--', 'put', 'before', 'it ended'])
  })
  afterAll(async () => await lab.down())

  const here = (): OpensslCa => ({
    certificate: path.join(stateFolder(lab), 'ca', 'ca.crt'),
    key: path.join(stateFolder(lab), 'ca', 'ca.key'),
  })
  const isWhole = async () => {
    expect((await statusOf(lab)).report.cluster).toMatchObject({ healthy: true, healthyMembers: 3 })
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
    expect(await quorateOk(lab, ['etcdctl', '--', 'get', 'before', '--print-value-only'])).toBe('it ended\n')
  }
  /** Returns the order that each command suggests, which must be the same. */
  async function order(): Promise<string> {
    const orders = new Set<string>()
    for (const words of VERBS) {
      const { exitCode, stdout, stderr } = await quorate(lab, words)
      expect({ words, exitCode }).toEqual({ words, exitCode: words[1] === 'list' ? 1 : PKI_FAILED })
      const [, found] =
        new RegExp(`(${RENEW_WITH_ITS_KEY}.*)\\. Then: quorate apply`).exec(stdout + stderr) ?? []
      orders.add(found ?? `${words.join(' ')}: ${stdout}${stderr}`)
    }
    const [only = '', ...others] = orders
    expect(others).toEqual([])
    return only
  }
  /** The certificate is renewed, but the members do not have it yet. */
  async function onlyApplyHelps(): Promise<void> {
    for (const words of VERBS.filter(([verb]) => verb === 'certs')) {
      const { exitCode, stdout, stderr } = await quorate(lab, words)
      expect({ words, exitCode, said: stdout + stderr }).toEqual({
        words,
        exitCode: words[1] === 'list' ? 1 : BLOCKED,
        said: expect.stringContaining('quorate apply'),
      })
    }
  }

  test("of quorate's own: detected by status, named by all, renewed by the command of the hint, and apply does the rest", async () => {
    await expireCa(lab, MEMBERS, here())
    const { exitCode, report } = await statusOf(lab)
    expect(exitCode).toBe(PKI_FAILED)
    expect(report.cluster).toMatchObject({ health: 'unknown', unknownMembers: 3 })
    expect(report.members.map(({ name, code }) => [name, code])).toEqual(MEMBERS.map((name) => [name, 'pki']))
    const [, command = ''] = /: (openssl .*)$/.exec(await order()) ?? []
    await tool(['sh', '-euc', command])
    await onlyApplyHelps()
    await quorateOk(lab, ['apply', '--yes'])
    await isWhole()
  })

  test('on a host of its own: the command of the hint is for that host', async () => {
    const ca = here()
    const vault = lab.machine('vault')
    const bring = async () => {
      await vault.writeFile('/root/ca.crt', await readFile(ca.certificate, 'utf8'))
      await vault.writeFile('/root/ca.key', await readFile(ca.key, 'utf8'), { mode: '600' })
    }
    await bring()
    const host = { name: 'vault', certificate: '/root/ca.crt', key: '/root/ca.key', sudo: false }
    await lab.writeCluster({ pki: { authority: { host } } })
    await isWhole()
    await expireCa(lab, MEMBERS, ca)
    await bring()
    const [, command = ''] = / on vault: (openssl .*)$/.exec(await order()) ?? []
    await vault.check(['sh', '-euc', command])
    await writeFile(ca.certificate, await vault.readFile('/root/ca.crt'))
    expect(await quorateOk(lab, ['apply', '--yes'])).toMatch(/done: \d+ steps/)
    await isWhole()
  })

  test('offline: its certificate is copied to where the cluster file names it, and requests are transferred', async () => {
    const ca = here()
    const certificate = path.join(lab.folder, 'offline.crt')
    await writeFile(certificate, await readFile(ca.certificate, 'utf8'))
    await lab.writeCluster({ pki: { authority: { offline: { certificate } } } })
    await isWhole()
    await expireCa(lab, MEMBERS, ca)
    await writeFile(certificate, await readFile(ca.certificate, 'utf8'))
    const [, command = ''] = /\((openssl .* -out renewed\.crt)\)/.exec(await order()) ?? []
    const folder = path.dirname(ca.certificate)
    await tool([
      'sh',
      '-euc',
      `cd "$1"; ${command}; cp renewed.crt "$2"; mv renewed.crt ca.crt`,
      'renew',
      folder,
      certificate,
    ])
    // The operator's certificate comes first, as always with an offline CA; then the members'.
    for (const trip of ['operator', 'members']) {
      const { exitCode, stderr } = await quorate(lab, ['apply', '--yes'])
      expect({ trip, exitCode, stderr }).toEqual({
        trip,
        exitCode: PKI_FAILED,
        stderr: expect.stringContaining('quorate certs csr --out DIR'),
      })
      await carried(lab, ca)
    }
    await quorateOk(lab, ['apply', '--yes'])
    await isWhole()
  })
})
