/** All CA locations, and certificates that no longer match. */
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run, tool } from '../../src/lab/tool.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { forge, opensslCa } from './support/authority.ts'
import { startOver, stateFolder } from './support/fresh.ts'
import { handshakesDuring } from './support/handshakes.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { snapshots } from './support/snapshot.ts'
import { statusOf } from './support/status.ts'
import { fetchFile, openssl, operatorFiles } from './support/tools.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const MEMBERS = ['etcd01', 'etcd02', 'etcd03']
/** What members write while they run, and the waiting requests. */
const OWN = ['/opt/etcd/data/member', '/opt/etcd/wal', '/etc/ssl/etcd.d', '/var/lib/quorate']
const PKI_FAILED = 4

describe.skipIf(reason)(`certificates${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    const members = MEMBERS.map((name) => ({ name, roles: ['etcd'] }))
    lab = await testLab({ machines: [...members, { name: 'vault', roles: ['service'] }] })
  })
  afterAll(async () => {
    await lab.down()
  })
  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const members = () => lab.machines.filter(({ name }) => MEMBERS.includes(name))
  const healthy = async () => (await statusOf(lab)).report.cluster.healthy
  /** The certificate chain that a member serves on a port, as openssl prints it. */
  const served = async (name: string, port: number, ...options: string[]) => {
    const [ca, certificate, key] = operatorFiles(lab)
    const { stdout } = await run(
      [
        ['openssl', 's_client', '-connect', `${lab.machine(name).address}:${port}`, '-showcerts'],
        ['-CAfile', ca, '-cert', certificate, '-key', key, ...options],
      ].flat(),
      { stdin: '' },
    )
    return stdout
  }

  test('a CA under a passphrase, RSA keys, and one certificate each for peers and clients', async () => {
    const pki = { authority: { local: { passphrase: true } }, layout: 'separate', algorithm: 'rsa-3072' }
    await startOver(lab, { pki })
    const [right, wrong] = [path.join(lab.folder, 'right'), path.join(lab.folder, 'wrong')]
    await writeFile(right, 'a passphrase of some length\n', { mode: 0o600 })
    await writeFile(wrong, 'another one\n', { mode: 0o600 })
    await quorateOk(lab, ['apply', '--passphrase-file', right])
    expect(await healthy()).toBe(true)

    const ca = path.join(stateFolder(lab), 'ca')
    expect((await readdir(ca)).filter((file) => file.startsWith('ca.')).sort()).toEqual([
      'ca.crt',
      'ca.key.age',
    ])
    expect((await readFile(path.join(ca, 'ca.key.age'))).toString('latin1')).toMatch(
      /^age-encryption\.org\/v1/,
    )
    expect((await stat(ca)).mode & 0o777).toBe(0o700)
    expect((await stat(path.join(ca, 'ca.key.age'))).mode & 0o777).toBe(0o600)
    // Nothing has to be signed, so there is no question.
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)

    expect(await on('etcd01', 'ls /etc/ssl/etcd')).toBe(
      'ca.crt\nca.env\npeer.crt\npeer.key\nserver.crt\nserver.key\n',
    )
    for (const [port, name] of [
      [2379, 'server'],
      [2380, 'peer'],
    ] as const) {
      const [ours = ''] = PEM.exec(await served('etcd01', port)) ?? []
      const file = await lab.machine('etcd01').readFile(`/etc/ssl/etcd/${name}.crt`)
      expect(ours).toBe(PEM.exec(file)?.[0])
      const here = await fetchFile(lab, 'etcd01', `/etc/ssl/etcd/${name}.crt`)
      expect(await openssl('x509', '-in', here, '-noout', '-text')).toContain('Public-Key: (3072 bit)')
    }

    await on('etcd02', 'rm /etc/ssl/etcd/server.key')
    const before = await snapshots(members(), OWN)
    const refused = await quorate(lab, ['apply', '--passphrase-file', wrong])
    expect(refused).toFail('pki', { says: 'passphrase' })
    expect(await snapshots(members(), OWN)).toEqual(before)
    await quorateOk(lab, ['apply', '--passphrase-file', right])
    expect(await on('etcd02', 'stat -c "%U:%G %a" /etc/ssl/etcd/server.key')).toBe('root:etcd 640\n')
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
  })

  test("a company's intermediate signs, and its chain is served", async () => {
    const root = await opensslCa(lab.folder, 'company-root')
    const intermediate = await opensslCa(lab.folder, 'company-etcd', root)
    await startOver(lab, { pki: { authority: { local: intermediate } } })
    await quorateOk(lab, ['apply'])
    expect(await healthy()).toBe(true)
    const leaf = await fetchFile(lab, 'etcd01', '/etc/ssl/etcd/etcd.crt')
    const chain = ['-CAfile', root.certificate, '-untrusted', intermediate.certificate]
    expect(await openssl('verify', ...chain, '-purpose', 'sslserver', leaf)).toContain(': OK')
    const shown = await served('etcd01', 2379, '-verify_return_error')
    expect(shown).toContain('Verify return code: 0 (ok)')
    expect(shown).toMatch(/s:CN\s*=\s*company-etcd/)
    expect(await readdir(stateFolder(lab))).not.toContain('ca')
  })

  test('another CA than the one that the members have is refused, and nothing is touched', async () => {
    const other = await opensslCa(lab.folder, 'other-root')
    await lab.writeCluster({ pki: { authority: { local: other } } })
    const before = await snapshots(members(), OWN)
    expect(await quorate(lab, ['apply'])).toFail('blocked/certificate-of-another-ca')
    expect(await snapshots(members(), OWN)).toEqual(before)
  })

  test("on the CA's own host: its key stays there alone", async () => {
    const host = { name: 'vault', certificate: '/root/ca.crt', key: '/root/ca.key', sudo: false }
    await startOver(lab, { pki: { authority: { host } } })
    const request = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=vault -days 30'
    const usage = '-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign'
    await on(
      'vault',
      `cd /root; openssl req -x509 ${request} ${usage} -keyout ca.key -out ca.crt 2>/dev/null`,
    )
    const key = await lab.machine('vault').readFile('/root/ca.key')
    await quorateOk(lab, ['apply'])
    expect(await healthy()).toBe(true)
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    const leaf = await fetchFile(lab, 'etcd03', '/etc/ssl/etcd/etcd.crt')
    expect(await openssl('x509', '-in', leaf, '-noout', '-issuer')).toMatch(/CN\s*=\s*vault/)

    const secret = key.split('\n')[1] ?? 'no second line'
    for (const machine of lab.machines) {
      const places = '/etc /opt /root /run /srv /tmp /var'
      const { stdout } = await machine.exec(['sh', '-c', `grep -rlF -f - ${places} 2>/dev/null`], {
        stdin: secret,
      })
      expect(stdout).toBe(machine.name === 'vault' ? '/root/ca.key\n' : '')
    }
    expect((await run(['grep', '-rlF', secret, lab.folder, '--exclude-dir=lab'])).stdout).toBe('')
    // What was needed to sign is removed from that machine.
    expect(await on('vault', 'ls /tmp /root | grep -v -e ^systemd-private -e ^/')).toBe('ca.crt\nca.key\n\n')
  })

  test('offline: requests are exported, signed with openssl, imported, and apply continues', async () => {
    const ca = await opensslCa(lab.folder, 'offline-root')
    const alone = path.join(lab.folder, 'offline.crt')
    await copyFile(ca.certificate, alone)
    await startOver(lab, { pki: { authority: { offline: { certificate: alone } } } })
    const early = await quorate(lab, ['apply'])
    expect(early.exitCode).toBe(PKI_FAILED)
    expect(early.stderr).toContain('quorate certs csr --out DIR')
    const requests = path.join(lab.folder, 'requests')
    await quorateOk(lab, ['certs', 'csr', '--out', requests])
    for (const name of await readdir(requests))
      expect(await readFile(path.join(requests, name), 'utf8')).not.toContain('PRIVATE KEY')
    await tool(['sh', path.join(requests, 'sign.sh'), ca.certificate, ca.key, '30'])
    await quorateOk(lab, ['certs', 'import', requests])
    await quorateOk(lab, ['apply'])
    expect(await healthy()).toBe(true)
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
  })

  test('a certificate that has expired or lacks an address is replaced; no handshake fails, nothing restarts', async () => {
    await startOver(lab)
    await quorateOk(lab, ['apply'])
    const machine = lab.machine('etcd01')
    const pid = await machine.mainPid('etcd.service')
    const folder = path.join(stateFolder(lab), 'ca')
    const ca = { certificate: path.join(folder, 'ca.crt'), key: path.join(folder, 'ca.key') }
    const forged = path.join(lab.folder, 'forged')
    await mkdir(forged)
    const all = `DNS:etcd01,DNS:localhost,IP:${machine.address},IP:127.0.0.1,IP:::1`
    const now = { notBefore: '20260101000000Z', notAfter: '20350101000000Z' }
    for (const [words, fields] of [
      [/expired/, { names: all, notBefore: '20200101000000Z', notAfter: '20200601000000Z' }],
      [new RegExp(`lacks IP ${machine.address}`), { names: 'DNS:etcd01,DNS:localhost', ...now }],
    ] as const) {
      const csr = await on('etcd01', 'openssl req -new -key /etc/ssl/etcd/etcd.key -subj /CN=etcd01')
      const bad = await forge(forged, ca, { csr, ...fields })
      await machine.writeFile('/root/bad.crt', bad + (await readFile(ca.certificate, 'utf8')))
      await on('etcd01', 'cat /root/bad.crt >/etc/ssl/etcd/etcd.crt; rm /root/bad.crt')
      const plan = await quorate(lab, ['plan'])
      expect(plan.exitCode).toBe(2)
      expect(plan.stdout).toMatch(words)
      const [operatorCa, cert, key] = await Promise.all(
        operatorFiles(lab).map(async (file) => await readFile(file, 'utf8')),
      )
      const target = {
        host: machine.address,
        port: 2379,
        ca: operatorCa ?? '',
        cert: cert ?? '',
        key: key ?? '',
      }
      const seen = await handshakesDuring(target, async () => await quorateOk(lab, ['apply']))
      expect(seen.failures).toEqual([])
      expect(seen.serials).toHaveLength(2)
      expect(seen.count).toBeGreaterThan(20)
      expect(await machine.mainPid('etcd.service')).toBe(pid)
      expect(await served('etcd01', 2379, '-verify_ip', machine.address)).toContain(
        'Verify return code: 0 (ok)',
      )
    }
    expect(await healthy()).toBe(true)
    expect(await quorateOk(lab, ['plan'])).toBe(NOTHING_TO_CHANGE)
  })
})

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/
