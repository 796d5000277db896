/** A CA that can be forged is refused; a cluster that already trusts one keeps running, with a warning. */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { opensslCa } from './support/authority.ts'
import { freshState } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { openssl } from './support/tools.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
/** The certificate, and its weakness. */
const WEAK = /CN=weak .* SHA-1/

describe.skipIf(reason)(`a weak CA${because}`, () => {
  let lab: TestLab
  let weak: { readonly certificate: string; readonly key: string }
  beforeAll(async () => {
    lab = await testLab({ machines: 1 })
    weak = { certificate: path.join(lab.folder, 'weak.crt'), key: path.join(lab.folder, 'weak.key') }
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
    await openssl(
      ['req', '-x509', '-sha1', '-newkey', 'rsa:2048', '-nodes', '-keyout', weak.key],
      ['-subj', '/CN=weak', '-days', '30', '-out', weak.certificate],
      extensions.flatMap((extension) => ['-addext', extension]),
    )
    await freshState(lab)
  })
  afterAll(async () => {
    await lab.down()
  })
  const on = async (script: string) => await lab.machine('etcd01').check(['sh', '-euc', script])

  test('is refused before anything is changed, by plan and by apply', async () => {
    await lab.writeCluster({ pki: { authority: { local: { ...weak } } } })
    for (const command of [['plan'], ['apply', '--yes']]) {
      const refused = await quorate(lab, command)
      expect(refused).toFail('blocked/weak-ca', { says: WEAK, fix: 'pki.authority' })
    }
    expect(await on('ls -A /etc/ssl/etcd /opt/etcd 2>/dev/null || true')).toBe('')
    expect(await quorateOk(lab, ['validate'])).toMatch(/warning: .*CN=weak .* SHA-1/)
  })

  test('of a cluster that trusts it already locks no client out: everything continues, with a warning', async () => {
    // Like a cluster that was set up when such a CA was still accepted.
    await on('mkdir -p /etc/ssl/etcd')
    await lab
      .machine('etcd01')
      .writeFile('/etc/ssl/etcd/ca.crt', await openssl('x509', '-in', weak.certificate))
    const applied = await quorate(lab, ['apply', '--yes'])
    expect([applied.exitCode, applied.stderr]).toEqual([0, expect.stringMatching(WEAK)])
    for (const command of [['status'], ['apply'], ['certs', 'list']]) {
      const { exitCode, stdout, stderr } = await quorate(lab, command)
      expect([command, exitCode]).toEqual([command, 0])
      expect(stdout + stderr).toMatch(/weak.*SHA-1/)
      expect(stdout + stderr).toContain('quorate certs rotate-ca')
    }
  })

  test('is not rotated to from a strong one, and a strong one takes its place', async () => {
    const strong = await opensslCa(lab.folder, 'strong')
    await lab.writeCluster({ pki: { authority: { local: strong } } })
    for (const stage of [[], [], ['--finish']])
      await quorateOk(lab, ['certs', 'rotate-ca', ...stage, '--yes'])
    const { stdout, stderr } = await quorate(lab, ['status'])
    expect(stdout + stderr).not.toMatch(WEAK)

    await lab.writeCluster({ pki: { authority: { local: { ...weak } } } })
    const back = await quorate(lab, ['certs', 'rotate-ca', '--yes'])
    expect(back).toFail('pki/still-a-weak-ca', { says: WEAK })
    expect(await on('openssl x509 -noout -subject </etc/ssl/etcd/ca.crt')).toContain('strong')
  })
})
