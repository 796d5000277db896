import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import account from './agent/account.sh?raw'
import { accountConflicts, deniesLogin, parseAccount } from './account.ts'

const LINES = [
  'user 998 65534 files locked',
  'home /nonexistent',
  'shell /usr/sbin/nologin',
  'primary nogroup',
]

test('what the machine says of user and group', () => {
  expect(parseAccount([...LINES, 'group 997 directory anna,bert'])).toEqual({
    user: {
      uid: 998,
      gid: 65534,
      primaryGroup: 'nogroup',
      home: '/nonexistent',
      shell: '/usr/sbin/nologin',
      source: 'files',
      password: 'locked',
      sameUid: undefined,
    },
    group: { gid: 997, source: 'directory', members: ['anna', 'bert'], sameGid: undefined },
  })
  expect(parseAccount([])).toEqual({ user: undefined, group: undefined })
  expect(parseAccount(['user x y z', 'group'])).toEqual({ user: undefined, group: undefined })
})

test.each([
  [LINES, 0],
  [['user 0 0 files locked'], 1],
  [['user 998 998 files locked', 'uid-of bert', 'group 100 files ', 'gid-of users'], 2],
  [['group 0 files '], 1],
])('%j: %i numbers that are another’s', (lines, count) => {
  expect(accountConflicts(parseAccount(lines))).toHaveLength(count)
})

test.each([
  ['/bin/false', true],
  ['/usr/sbin/nologin', true],
  ['/bin/sh', false],
  ['', false],
])('%s lets nobody log in: %s', (shell, denies) => {
  expect(deniesLogin(shell)).toBe(denies)
})

test("this computer's root, as the machine's own program reads it", () => {
  const words = ['-euc', `${account}\nlook_account root`, 'sh']
  const lines = execFileSync('sh', words, { encoding: 'utf8' }).split('\n')
  const state = parseAccount(
    lines.flatMap((line) => (line.startsWith('account ') ? [line.slice('account '.length)] : [])),
  )
  expect(state).toMatchObject({
    user: { uid: 0, gid: 0, primaryGroup: 'root', source: 'files', sameUid: undefined },
    group: { gid: 0, source: 'files', sameGid: undefined },
  })
})
