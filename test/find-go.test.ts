import { execFile } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const SCRIPT = path.resolve(import.meta.dirname, '../script/find-go')

/** Puts a Go into a cache with this mode. Returns what the script prints if there is no other Go. */
async function found(mode: number): Promise<{ readonly said: string; readonly go: string; ran: boolean }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-find-go-'))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  const cache = path.join(folder, 'cache')
  const go = path.join(cache, 'quorate', 'toolchains', 'go', 'bin', 'go')
  const mark = path.join(folder, 'ran')
  await mkdir(path.dirname(go), { recursive: true })
  await writeFile(go, `#!/bin/sh\ntouch ${mark}\necho go1.99.0\n`, { mode: 0o755 })
  await chmod(cache, mode)
  const env = { PATH: '/usr/bin:/bin', HOME: folder, XDG_CACHE_HOME: cache, GO_PLACES: '' }
  const said = await promisify(execFile)(SCRIPT, { env }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
  return {
    said,
    go,
    ran: await access(mark).then(
      () => true,
      () => false,
    ),
  }
}

test("a Go in a cache that other users can write to is not run, one in the user's own cache is", async () => {
  const own = await found(0o700)
  expect(own).toMatchObject({ said: own.go, ran: true })
  expect(await found(0o777)).toMatchObject({ ran: false })
})
