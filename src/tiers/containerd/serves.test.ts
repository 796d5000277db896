/** The two programs that check whether containerd works for a kubelet, with fake programs in containerd's place. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { detailsFor } from '../../host/hint.ts'
import check from './check-configuration.sh?raw'
import serves from './cri-serves.sh?raw'

let folder: string
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'quorate-containerd-'))))
afterEach(() => rmSync(folder, { recursive: true }))

function program(name: string, body: string): void {
  writeFileSync(path.join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
}

function run(text: string, ...words: readonly string[]) {
  const env = { PATH: `${folder}:${process.env['PATH']}` }
  return spawnSync('sh', ['-c', text, 'name', ...words], { env, encoding: 'utf8' })
}

const PLUGINS = (status: string) => `cat <<'END'
TYPE                                   ID               PLATFORMS      STATUS
io.containerd.snapshotter.v1           btrfs            linux/amd64    skip
io.containerd.cri.v1                   runtime          linux/amd64    ok
io.containerd.grpc.v1                  cri              linux/amd64    ${status}
io.containerd.grpc.v1                  version          linux/amd64    ok
END`

test.each([
  ['ok', 0],
  ['error', 1],
  ['skip', 1],
])('a CRI plugin that is %s', (status, ends) => {
  program('ctr', PLUGINS(status))
  const { status: exitCode, stdout } = run(serves)
  expect(exitCode).toBe(ends)
  expect(detailsFor('worker01', { exitCode: exitCode ?? 1, stderr: stdout }).id).toBe(
    ends === 0 ? undefined : 'cri-plugin-is-not-loaded',
  )
})

test('no CRI plugin, and no answer', () => {
  program('ctr', "echo 'io.containerd.grpc.v1 version linux/amd64 ok'")
  expect(run(serves).status).toBe(1)
  program('ctr', "echo 'ctr: failed to dial: no such file' >&2; exit 1")
  expect(run(serves)).toMatchObject({ status: 1, stderr: expect.stringContaining('failed to dial') })
})

test('containerd reads the configuration that is given, whatever its path', () => {
  program(
    'containerd',
    `[ "$*" = "--config /etc/a b.toml config dump" ] || { echo "wrong: $*" >&2; exit 1; }`,
  )
  expect(run(check, '/etc/a b.toml')).toMatchObject({ status: 0, stderr: '' })
  expect(run(check, '/etc/other')).toMatchObject({ status: 1, stderr: expect.stringContaining('wrong') })
})
