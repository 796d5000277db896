import { expect, test } from 'vitest'
import { parseAccount } from '../host/account.ts'
import { parseOwners } from '../host/package-owner.ts'
import { judgeAccount, judgePackage } from './account.ts'
import { cluster, goodFacts, node } from './machine.fixture.ts'

const results = (...lines: string[]) =>
  judgeAccount(node(1), goodFacts({ account: parseAccount(lines) })).map(({ result }) => result)

test.each([
  ['nothing is there', [], ['ok']],
  ['a group alone', ['group 650 files '], ['ok']],
  ['a user alone', ['user 998 65534 files locked', 'shell /bin/bash'], ['ok']],
  ['a directory’s user', ['user 20001 20001 directory unknown', 'shell /bin/bash'], ['ok']],
  ['somebody’s login', ['user 1000 1000 files set', 'shell /bin/bash'], ['warning']],
  ['a password without a shell', ['user 1000 1000 files set', 'shell /bin/false'], ['ok']],
  ['others in the group', ['group 650 files anna,etcd'], ['warning']],
  ['root under another name', ['user 0 0 files locked'], ['failure']],
  ['the number of another group', ['group 100 files ', 'gid-of users'], ['failure']],
])('%s', (_what, lines, expected) => {
  expect(results(...lines)).toEqual(expected)
})

test.each([
  [[], []],
  [['dpkg|etcd-server|install|user|/var/lib/etcd'], ['warning']],
  [['dpkg|etcd-server|hold|user|/var/lib/etcd'], ['ok']],
])('packages %j: %j', (lines, expected) => {
  const facts = goodFacts({ packagedBy: parseOwners(lines) })
  expect(judgePackage(cluster(), node(1), facts).map(({ result }) => result)).toEqual(expected)
})
