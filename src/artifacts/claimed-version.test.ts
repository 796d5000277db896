import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { checkClaimedVersion } from './claimed-version.ts'
import { temporaryFolder, testContext } from './test-support.ts'

async function program(script: string, mode = 0o755): Promise<string> {
  const file = path.join(await temporaryFolder(), 'etcd')
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, mode)
  return file
}

test('what etcd says of itself must be the version asked for', async () => {
  const context = await testContext()
  const file = await program('echo "etcd Version: 3.5.16"; echo "Git SHA: abc"')
  await expect(checkClaimedVersion(file, '3.5.16', 'here', context)).resolves.toBeUndefined()
  await expect(checkClaimedVersion(file, '3.5.17', 'here', context)).rejects.toFail(
    'artifact/another-version-is-printed',
    { says: /^etcd from here .* 3\.5\.16, .* 3\.5\.17$/ },
  )
})

test("the operator's ETCD_ variables don't reach it", async () => {
  process.env['ETCD_NAME'] = 'leaked'
  try {
    const file = await program('echo "etcd Version: ${ETCD_NAME:-3.5.16}"')
    await expect(checkClaimedVersion(file, '3.5.16', 'here', await testContext())).resolves.toBeUndefined()
  } finally {
    delete process.env['ETCD_NAME']
  }
})

test('a program that says nothing is refused; one that cannot be run here is only reported', async () => {
  const context = await testContext()
  await expect(checkClaimedVersion(await program('exit 1'), '3.5.16', 'here', context)).rejects.toFail(
    'artifact/another-version-is-printed',
    { says: /^etcd from here \D*, .* 3\.5\.16$/ },
  )
  expect(context.events).toEqual([])
  await checkClaimedVersion(await program('', 0o644), '3.5.16', 'here', context)
  expect(context.events).toEqual([{ kind: 'artifact', text: expect.stringContaining('noexec') }])
})
