import { expect, test } from 'vitest'
import { directives, inForce, wordsOf } from './drop-ins.ts'

test('sections, comments, joined lines and what says nothing', () => {
  const text =
    '# first\n[Unit]\nAssertPathExists=\n [Service] \nExecStart=/usr/bin/etcd \\\n# between\n  --name default\nEnvironment =A=b\nnonsense\n; last\n'
  expect(
    directives({ path: '/x.conf', text }).map(({ section, key, value }) => [section, key, value]),
  ).toEqual([
    ['Unit', 'AssertPathExists', ''],
    ['Service', 'ExecStart', '/usr/bin/etcd    --name default'],
    ['Service', 'Environment', 'A=b'],
  ])
})

test('words as systemd splits them', () => {
  expect(wordsOf(`"A=b c"  D=e F='g "h"' "I=\\"j" K=l\\ m`)).toEqual([
    'A=b c',
    'D=e',
    'F=g "h"',
    'I="j',
    'K=l m',
  ])
  expect(wordsOf('')).toEqual([])
})

test('of two files with the same name the first counts, and all are read by name', () => {
  const found = [
    { path: '/etc/systemd/system/etcd.service.d/b.conf', text: '' },
    { path: '/run/systemd/system/etcd.service.d/b.conf', text: 'x' },
    { path: '/etc/systemd/system/service.d/a.conf', text: 'y' },
  ]
  expect(inForce(found).map(({ path, text }) => [path, text])).toEqual([
    ['/etc/systemd/system/service.d/a.conf', 'y'],
    ['/etc/systemd/system/etcd.service.d/b.conf', ''],
  ])
})
