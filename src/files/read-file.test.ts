import { execFileSync } from 'node:child_process'
import { appendFile, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openForReading, readBytes, readText } from './read-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-read-'))
})
afterEach(async () => await rm(folder, { recursive: true }))

test('a file is read whole, with its last byte', async () => {
  const file = path.join(folder, 'file')
  await writeFile(file, 'ä'.repeat(100_000))
  expect(await readText(file)).toBe('ä'.repeat(100_000))
  await expect(readText(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a path that is not a file is reported as that, at once', async () => {
  const [pipe, socket] = [path.join(folder, 'pipe'), path.join(folder, 'socket')]
  execFileSync('mkfifo', [pipe])
  const server = net.createServer().listen(socket)
  try {
    await expect(readText(pipe, { code: 'usage' })).rejects.toFail('usage', {
      says: [pipe, 'pipe'],
    })
    await expect(readText('/dev/zero')).rejects.toFail('state', { says: ['/dev/zero ', 'device'] })
    await expect(readText(folder)).rejects.toMatchObject({
      code: 'EISDIR',
      message: expect.stringContaining(folder),
    })
    await expect(openForReading(socket)).rejects.toThrow()
  } finally {
    server.close()
  }
})

test('what is too long is not read: neither by its size, nor as far as it has come, nor from a stream', async () => {
  const file = path.join(folder, 'file')
  await writeFile(file, '')
  await truncate(file, 2 ** 40)
  await expect(readBytes(file)).rejects.toFail('state', { says: [file, ' 4 MiB'] })
  await truncate(file, 0)
  await appendFile(file, 'x'.repeat(2048))
  await expect(readBytes(file, { maxBytes: 1024 })).rejects.toFail('state', { says: ' 1 KiB' })
  await using zeros = await open('/dev/zero')
  await expect(readBytes(`/dev/fd/${zeros.fd}`)).rejects.toFail('state', { says: ' 4 MiB' })
})

test('what the shell hands over is read, be it a pipe', () => {
  const program = `import(process.argv[1]).then(async ({ readText }) => process.stdout.write(await readText(process.argv[2])))`
  const script = `node --disable-warning=ExperimentalWarning -e "$1" "$2" <(sleep 0.1; echo late); echo in | node --disable-warning=ExperimentalWarning -e "$1" "$2" /dev/stdin`
  const words = ['-c', script, 'bash', program, path.join(import.meta.dirname, 'read-file.ts')]
  expect(execFileSync('bash', words, { encoding: 'utf8' })).toBe('late\nin\n')
})
