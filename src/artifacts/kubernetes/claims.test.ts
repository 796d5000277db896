import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder, testContext } from '../test-support.ts'
import { CLAIMS, checkClaims } from './claims.ts'

/** One program that says by its name what it is, as it comes from a download: not executable. */
async function program(version: string): Promise<string> {
  const folder = await temporaryFolder()
  const script = `#!/bin/sh\n[ "\${0##*/}" = kubelet ] && echo 'Kubernetes v${version}'\n`
  await writeFile(path.join(folder, 'kubernetes'), script, { mode: 0o600 })
  return folder
}
const claims = [{ file: 'kubernetes', startedAs: 'kubelet', ...CLAIMS.kubelet('1.37.2') }]

test('a program is started by the name that it goes by, and no trace of that is left', async () => {
  const [folder, context] = [await program('1.37.2'), await testContext()]
  await checkClaims(folder, claims, 'here', context)
  expect(await readdir(folder)).toEqual(['kubernetes'])
  expect(context.events).toEqual([])
})

test('one of another version is refused', async () => {
  const [folder, context] = [await program('1.37.1'), await testContext()]
  await expect(checkClaims(folder, claims, 'here', context)).rejects.toMatchObject({
    code: 'artifact',
    id: 'another-version-is-printed',
    message: expect.stringMatching(/^kubelet from here .*'Kubernetes v1\.37\.2'$/),
    cause: new Error('Kubernetes v1.37.1'),
  })
})
