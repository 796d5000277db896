import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { NOT_READY } from '../etcd/named-settings.ts'
import { IDS, detailsFor } from './hint.ts'

const notReady = (words: string) => `etcd.service ${NOT_READY}, it is activating; its journal:\n${words}`

test.each([
  ['tar: f0: Cannot write: No space left on device', /^free space/],
  ['mkdir: cannot create directory ‘/x’: No space left on device', /df -i/],
  ["mv: inter-device move failed: 'f0' to '/usr/local/bin/etcd': Read-only file system", /-O ro\b/],
  ['useradd: cannot lock /etc/passwd; try again later.', /ls -l \/etc\/\*\.lock/],
  [notReady('fatal: failed to read WAL, cannot be repaired: no space left on device'), /^free space .*df -h/],
  [
    notReady(
      'panic: tocommit(1228) is out of range [lastIndex(1227)]. Was the raft log corrupted, truncated, or lost?',
    ),
    /damaged.*quorate repair etcd02$/,
  ],
  [notReady('fatal: failed to read WAL, cannot be repaired: walpb: crc mismatch'), /quorate repair etcd02$/],
  [notReady('fatal: listen tcp 10.0.0.1:2380: bind: address already in use'), /^fix .* etcd names /],
  [notReady('etcd.service: Starting requested but asserts failed.'), / moved, .*quorate repair etcd02\./],
  [
    'haproxy.service did not become ready\nthe previous content of /etc/haproxy/haproxy.cfg was put back; haproxy.service is active',
    /^fix .* journal names.*ss -tlnp/,
  ],
  ['an upload was interrupted', /^undefined$/],
])('%s', (stderr, hint) => {
  expect(String(detailsFor('etcd02', { exitCode: 1, stderr }).hint)).toMatch(hint)
})

test.each([
  ['data.sh', 'another-process-changes-the-data'],
  ['data.sh', 'data-was-not-created'],
  ['recover.sh', 'not-a-file-or-directory'],
  ['programs.sh', 'program-of-another-tool'],
  ['../../tiers/containerd/cri-serves.sh', 'cri-plugin-is-not-loaded'],
])('%s says what is recognized as %s', async (file, id) => {
  const said = IDS.find((one) => one.id === id)?.says ?? `no words for ${id}`
  const program = await readFile(path.join(import.meta.dirname, 'agent', file), 'utf8')
  expect(program).toContain(said)
  expect(detailsFor('etcd02', { exitCode: 1, stderr: `x ${said} y` })).toEqual({ id, hint: undefined })
})

test('a lost lock is recognized by its exit code, whatever the node says', () => {
  const lost = detailsFor('etcd02', { exitCode: 75, stderr: 'No space left on device' })
  expect(lost).toEqual({ id: 'lost-the-lock', hint: expect.stringContaining('quorate unlock --preview') })
})
