import { expect, test } from 'vitest'
import { acquireSettings, parsePackages } from './apt.ts'
import { upstreamVersion } from './debian.ts'
import { chooseMirror } from './mirror.ts'
import { obtainEtcd } from './obtain.ts'
import { temporaryFolder, testContext } from './test-support.ts'

test.each([
  ['3.3.25+dfsg-6+b6', '3.3.25'],
  ['3.4.23-4+b4', '3.4.23'],
  ['3.5.30-2', '3.5.30'],
  ['3.5.16-4+deb13u1', '3.5.16'],
  ['1:3.6.1~rc1-1', '3.6.1~rc1'],
])("etcd's version in the Debian version %s is %s", (debian, upstream) => {
  expect(upstreamVersion(debian)).toBe(upstream)
})

test("the mirror is Debian's own, not that of security updates or of other packages", () => {
  const lines = [
    'https://packages.example/linux/debian/|bookworm|stable|Example',
    'https://apt.example/|bookworm|main|Example',
    'http://mirror.example/debian-security/|bookworm-security|main|Debian-Security',
    'http://mirror.example/debian/|bookworm-updates|main|Debian',
    'http://mirror.example/debian/|bookworm|main|Debian',
  ]
  expect(chooseMirror(lines.join('\n'), 'trixie')).toBe('http://mirror.example/debian/')
  expect(chooseMirror(lines.slice(0, 3).join('\n'), 'trixie')).toBeUndefined()
})

test('before the system has fetched its lists, the address determines the mirror', () => {
  const lines = 'http://archive.example/ubuntu/|noble|main|\nhttp://mirror.example/debian/|bookworm|main|\n'
  expect(chooseMirror(lines, 'sid')).toBe('http://mirror.example/debian/')
  expect(chooseMirror('http://archive.example/ubuntu/|noble|main|\n', 'sid')).toBeUndefined()
})

test("of the system's settings those for the network are taken, but none that weakens verification", () => {
  const dump = [
    'APT::Update::Post-Invoke:: "rm -rf /";',
    'Acquire "";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::AllowInsecureRepositories "1";',
    'Acquire::IndexTargets::deb::DEP-11::MetaKey "x";',
  ]
  expect(acquireSettings(dump.join('\n'))).toEqual(['Acquire::http::Proxy "http://proxy.example:3128";'])
})

test('packages are read with the checksum that the archive signed', () => {
  const text = 'Package: etcd-server\nVersion: 3.5.16-4\nSHA256: abc\nDescription: x\n more\n\nPackage: odd\n'
  expect(parsePackages(text)).toEqual([{ name: 'etcd-server', version: '3.5.16-4', sha256: 'abc' }])
})

test('on a machine without apt the error names the other ways', async () => {
  const context = await testContext({ environment: { PATH: await temporaryFolder() } })
  const source = { kind: 'debian', suite: 'trixie', mirror: undefined } as const
  await expect(obtainEtcd({ version: '3.5.16', source }, 'amd64', context)).rejects.toFail(
    'artifact/tool-is-not-installed',
    {
      says: 'apt-config',
      fix: /release.*file/,
    },
  )
})
