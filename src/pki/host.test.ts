import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeCertificate } from './certificate.ts'
import { openHostAuthority } from './host.ts'
import { scratch } from './scratch.ts'
import { ETCD01, localRemote, memberRequest, openssl, opensslCa, put } from './testing.ts'

/** A CA's host that is this machine, with its own TMPDIR to detect leftover files. */
function caHost(options: { ca?: Parameters<typeof opensslCa>[2]; passphrase?: string } = {}) {
  const folder = scratch()
  const tmp = path.join(folder, 'tmp')
  mkdirSync(tmp)
  const { certificate, key } = opensslCa(folder, 'ca', options.ca)
  const environment: Record<string, string> = { TMPDIR: tmp }
  const remote = localRemote(environment)
  const purposes: string[] = []
  const open = (change: { certificate?: string; key?: string } = {}) =>
    openHostAuthority({
      remote,
      certificate,
      key,
      sudo: true,
      askPassphrase: (purpose) => {
        purposes.push(purpose)
        return Promise.resolve(options.passphrase ?? '')
      },
      now: () => new Date(),
      ...change,
    })
  return { folder, tmp, certificate, key, environment, remote, purposes, open }
}

function encryptKey(folder: string, passphrase: string): string {
  const args = ['pkcs8', '-topk8', '-passout', `pass:${passphrase}`, '-in', 'ca.key']
  return put(folder, 'encrypted.key', openssl(folder, ...args))
}

test.each(['ecdsa-p256', 'rsa-2048'] as const)(
  'openssl signs there what it verifies here (%s)',
  async (algorithm) => {
    const { folder, tmp, certificate, open } = caHost()
    const authority = open()
    const { pem, warnings } = await authority.issue(memberRequest(folder, { algorithm }))
    put(folder, 'etcd.crt', pem)
    for (const purpose of ['sslserver', 'sslclient']) {
      const verdict = openssl(
        folder,
        'verify',
        '-x509_strict',
        '-purpose',
        purpose,
        '-CAfile',
        'ca.crt',
        'etcd.crt',
      )
      expect(verdict).toBe('etcd.crt: OK\n')
    }
    expect(warnings).toEqual([])
    expect(await authority.chain()).toBe(readFileSync(certificate, 'utf8'))
    expect(pem.endsWith(await authority.chain())).toBe(true)
    expect(describeCertificate(pem)).toMatchObject({ commonName: 'etcd01', keyAlgorithm: algorithm })
    expect(describeCertificate(pem).serial).toMatch(/^[0-9A-F]{32}$/)
    expect(readdirSync(tmp)).toEqual([])
  },
)

test('many requests make one round trip after the first look, each with its own names', async () => {
  const { folder, remote, open } = caHost()
  const second = {
    name: 'etcd02',
    names: ['etcd02.example.org'],
    address: '192.0.2.12',
    addresses: ['2001:db8::12'],
  }
  const requests = [
    memberRequest(folder),
    memberRequest(folder, { node: second, days: 30 }),
    memberRequest(folder, { node: { ...ETCD01, name: 'etcd03' }, profile: 'client' }),
  ]
  const authority = open()
  await authority.chain()
  const issued = await authority.issueMany(requests)
  expect(remote.commands).toHaveLength(2)
  const facts = issued.map(({ pem }) => describeCertificate(pem))
  expect(facts.map(({ commonName }) => commonName)).toEqual(['etcd01', 'etcd02', 'etcd03'])
  expect(facts[1]?.sans.ips).toContain('192.0.2.12')
  expect(facts[1]?.daysLeft(new Date(Date.now() - 60_000))).toBe(30)
  expect(facts[2]?.ekus).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(new Set(facts.map(({ serial }) => serial)).size).toBe(3)
})

test('runs as root on the host on request, with the paths as arguments', async () => {
  const { folder, remote, certificate, key, open } = caHost()
  await open().issue(memberRequest(folder))
  for (const command of remote.commands) {
    expect(command.root).toBe(true)
    expect(command.argv.slice(3, 6)).toEqual(['quorate', certificate, key])
  }
})

test('a passphrase travels on standard input only', async () => {
  const passphrase = `pa$$ "word" \\n '%s`
  const { folder, remote, purposes, open } = caHost({ passphrase })
  const key = encryptKey(folder, passphrase)
  const { pem } = await open({ key }).issue(memberRequest(folder))
  expect(describeCertificate(pem).commonName).toBe('etcd01')
  expect(purposes).toEqual([expect.stringMatching(new RegExp(`${key} .*root-ca-host`))])
  expect(JSON.stringify(remote.commands.map(({ argv }) => argv))).not.toContain('word')
  expect(remote.commands[1]?.stdin).toEqual(expect.stringContaining(`${passphrase}\nrequest `))
})

test('a wrong passphrase is said to be one, and nothing stays behind', async () => {
  const { folder, tmp, open } = caHost({ passphrase: 'wrong' })
  const key = encryptKey(folder, 'right')
  await expect(open({ key }).issue(memberRequest(folder))).rejects.toFail('pki/wrong-passphrase', {
    host: 'root-ca-host',
    says: key,
  })
  expect(readdirSync(tmp)).toEqual([])
})

test('a bad request is refused before anything is sent to be signed', async () => {
  const { folder, remote, open } = caHost()
  const request = memberRequest(folder)
  const bad = { ...request, allowed: { dns: request.allowed.dns, ips: [] } }
  await expect(open().issueMany([request, bad])).rejects.toFail('pki/request-for-other-names', {
    says: 'IP 192.0.2.11, IP 2001:db8::11',
  })
  expect(remote.commands).toHaveLength(1)
})

test('the temporary directory is private while it is used', async () => {
  const { folder, tmp, environment, open } = caHost()
  const seen = path.join(folder, 'seen')
  fakeOpenssl(
    folder,
    environment,
    `stat -c %a "$TMPDIR"/* "$TMPDIR"/*/* >"${seen}"\nexec /usr/bin/openssl "$@"`,
  )
  await open().issue(memberRequest(folder))
  expect(readFileSync(seen, 'utf8').trim().split('\n')).toEqual(['700', '600', '600', '600'])
  expect(readdirSync(tmp)).toEqual([])
})

test('the temporary directory is removed even if a signal ends the program on the host', async () => {
  const { folder, tmp, environment, open } = caHost()
  fakeOpenssl(folder, environment, 'kill -TERM "$PPID"\nexit 0')
  await expect(open().issue(memberRequest(folder))).rejects.toMatchObject({
    code: 'pki',
    host: 'root-ca-host',
  })
  expect(readdirSync(tmp)).toEqual([])
})

test('an openssl that answers something else than was asked is not believed', async () => {
  const { folder, environment, certificate, open } = caHost()
  fakeOpenssl(folder, environment, `while [ "$1" != -out ]; do shift; done; cp "${certificate}" "$2"`)
  await expect(open().issue(memberRequest(folder))).rejects.toFail('pki/ca-host-signed-something-else', {
    host: 'root-ca-host',
    says: / ca, .* etcd01/,
  })
})

function fakeOpenssl(folder: string, environment: Record<string, string>, body: string): void {
  const bin = path.join(folder, 'bin')
  mkdirSync(bin)
  put(bin, 'openssl', `#!/bin/sh\n${body}\n`, 0o755)
  environment['PATH'] = `${bin}:${process.env['PATH']}`
}

test("the CA's own end limits the validity, and an expired one is refused", async () => {
  const { folder, open } = caHost({ ca: { days: 10 } })
  const { pem, warnings } = await open().issue(memberRequest(folder))
  expect(describeCertificate(pem).daysLeft(new Date())).toBeLessThan(10)
  expect(warnings).toEqual([expect.stringMatching(/\d{4}-\d\d-\d\d .*CN=ca /)])
  const late = openHostAuthority({
    remote: localRemote(),
    certificate: path.join(folder, 'ca.crt'),
    key: path.join(folder, 'ca.key'),
    sudo: false,
    askPassphrase: () => Promise.resolve(''),
    now: () => new Date(Date.now() + 11 * 86_400_000),
  })
  await expect(late.issue(memberRequest(folder))).rejects.toFail('pki/ca-has-expired', {
    says: 'CN=ca ',
  })
})

test('an intermediate there answers with its chain', async () => {
  const { folder, open } = caHost({ ca: { extensions: ['basicConstraints = critical, CA:TRUE'] } })
  const middle = opensslCa(folder, 'middle', { issuer: 'ca' })
  const both = readFileSync(middle.certificate, 'utf8') + readFileSync(path.join(folder, 'ca.crt'), 'utf8')
  const authority = open({ certificate: put(folder, 'bundle.crt', both), key: middle.key })
  put(folder, 'etcd.crt', (await authority.issue(memberRequest(folder))).pem)
  expect(await authority.chain()).toBe(both)
  expect(openssl(folder, 'verify', '-CAfile', 'ca.crt', '-untrusted', 'etcd.crt', 'etcd.crt')).toContain('OK')
})

test('says where the certificate or the key is missing, or whose key it is', async () => {
  const { folder, open } = caHost()
  const other = opensslCa(folder, 'other')
  const request = memberRequest(folder)
  await expect(open({ certificate: '/nowhere/ca.crt' }).chain()).rejects.toFail(
    'pki/ca-certificate-is-unreadable',
    { host: 'root-ca-host', says: '/nowhere/ca.crt' },
  )
  await expect(open({ key: '/nowhere/ca.key' }).issue(request)).rejects.toFail('pki/ca-key-is-missing', {
    says: '/nowhere/ca.key',
  })
  await expect(open({ key: other.key }).issue(request)).rejects.toFail('pki/openssl-fails', {
    says: /: ./,
  })
  // Public information doesn't need the key.
  await expect(open({ key: '/nowhere/ca.key' }).chain()).resolves.toContain('BEGIN CERTIFICATE')
})

test('warns of a key that every user there can read', async () => {
  const { folder, key, open } = caHost()
  chmodSync(key, 0o644)
  const { warnings } = await open().issue(memberRequest(folder))
  expect(warnings).toEqual([
    expect.stringMatching(new RegExp(`root-ca-host .*${key}; .*: chmod 600 ${key}$`)),
  ])
})

test.runIf(process.getuid?.() === 0)(
  'without sudo, a key of root’s is asked to be signed with by root',
  async () => {
    const { folder, certificate, key, remote } = caHost()
    chmodSync(folder, 0o755)
    chmodSync(certificate, 0o644)
    chownSync(key, 0, 0)
    const asNobody = {
      ...remote,
      run: (command: Parameters<typeof remote.run>[0]) =>
        remote.run({ ...command, argv: ['setpriv', '--reuid=65534', '--clear-groups', ...command.argv] }),
    }
    const authority = openHostAuthority({
      remote: asNobody,
      certificate,
      key,
      sudo: false,
      askPassphrase: () => Promise.resolve(''),
      now: () => new Date(),
    })
    await expect(authority.issue(memberRequest(folder))).rejects.toMatchObject({
      code: 'permission',
      hint: expect.stringContaining('pki.authority.sudo') as string,
    })
  },
)
