/** examples/library.ts, run as described in docs/reference/library.md. */
import path from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../src/lab/tool.ts'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { testLab, whyNoLab } from './harness.ts'
import { freshState } from './support/fresh.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const EXAMPLE = path.resolve(import.meta.dirname, '../../examples/library.ts')

test.skipIf(reason)('a program brings a cluster up, reads its health, and runs a command on it', async () => {
  await using lab = await testLab({ machines: 3 })
  await freshState(lab)

  const first = await program(lab.clusterFile)
  expect(first.stderr).toBe('')
  expect(first.stdout).toContain('etcd02: start etcd.service\n')
  expect(first.stdout).toContain('\napplied\n')
  const members = /^etcd0\d (?<version>\S+) (?:leader|follower)$/gm
  const versions = [...first.stdout.matchAll(members)].map(({ groups }) => groups?.['version'])
  expect(versions).toEqual([LAB_ETCD.version, LAB_ETCD.version, LAB_ETCD.version])
  expect(first.stdout.match(/ leader$/gm)).toHaveLength(1)
  expect(first.exitCode).toBe(0)

  const second = await program(lab.clusterFile)
  expect(second.stdout).toMatch(new RegExp(`^${NOTHING_TO_CHANGE}`))

  const wrong = await program(path.join(lab.folder, 'not-there.yaml'))
  expect(wrong.exitCode).toBe(65)
  expect(wrong.stderr).toContain('not-there.yaml')
  expect(wrong.stderr).not.toContain(' at ')
})

async function program(file: string): Promise<ProcessResult> {
  return await run([process.execPath, '--disable-warning=ExperimentalWarning', EXAMPLE, file])
}
