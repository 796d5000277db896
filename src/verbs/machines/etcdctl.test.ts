/** etcdctl on a node that was not set up. What it gets on one that was: test/lab/etcdctl.test.ts. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import type { Remote } from '../../ssh/remote.ts'
import { etcdctl } from './etcdctl.ts'
import program from './etcdctl.sh?raw'

/** Nodes on which the command ends with this exit code, after this output. */
function fleetOf({ code, text }: { readonly code: number; readonly text?: string }) {
  const asked: string[] = []
  const get = async (host: string): Promise<Remote> => ({
    host,
    user: 'root',
    run: async (command) => {
      asked.push(host)
      if (text !== undefined) command.onStderr?.(text)
      return { host, stdout: '', stderr: text ?? '', exitCode: code, durationMs: 1 }
    },
    attach: async () => expect.fail('nothing is attached'),
    forward: async () => expect.fail('nothing is forwarded'),
    close: async () => undefined,
  })
  return { get, asked }
}

test('before the first apply the node is named, with what to do; no other node gets the command', async () => {
  const fleet = fleetOf({ code: 94 })
  const failed = etcdctl({ cluster: sampleKubernetesCluster(), args: ['get', 'x'], fleet })
  await expect(failed).rejects.toFail('etcd/no-etcdctl-there', { host: 'etcd01', fix: /quorate apply/ })
  expect(fleet.asked).toEqual(['etcd01'])
})

test('an exit code of etcdctl itself is a result, whatever the number', async () => {
  const fleet = fleetOf({ code: 94, text: 'Error: no such command' })
  expect((await etcdctl({ cluster: sampleKubernetesCluster(), args: ['gte'], fleet })).exitCode).toBe(94)
})

test('the program on the node starts etcdctl only if its user, itself and its certificate exist', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'quorate-etcdctl-'))
  try {
    const certificate = path.join(folder, 'etcd.crt')
    const programs = ['id', 'etcdctl', 'etcdutl', 'runuser']
    const put = (name: string, text: string) => {
      writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`)
      chmodSync(path.join(folder, name), 0o755)
    }
    for (const name of programs) put(name, name === 'runuser' ? 'echo "$@"' : 'exit 0')
    const run = (named: string) =>
      spawnSync('/bin/sh', ['-c', program, 'etcdctl', '3', named, 'get', 'a b'], {
        env: { PATH: folder },
        encoding: 'utf8',
      })
    const started = { status: 0, stdout: '-u etcd -- etcdctl get a b\n', stderr: '' }
    const refused = { status: 94, stdout: '', stderr: '' }
    expect(run('')).toMatchObject(started)
    expect(run(certificate)).toMatchObject(refused)
    writeFileSync(certificate, '')
    expect(run(certificate)).toMatchObject(started)
    put('id', 'echo "no such user" >&2; exit 1')
    expect(run(certificate)).toMatchObject(refused)
    put('id', 'exit 0')
    rmSync(path.join(folder, 'etcdctl'))
    expect(run(certificate)).toMatchObject(refused)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
