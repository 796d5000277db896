/** script/install, with releases of small scripts instead of binaries: from a directory and from a local server. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ProcessResult, exitOf } from '../src/ssh/process.ts'

const INSTALL = path.resolve(import.meta.dirname, '../script/install')
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64'
const BINARY = `quorate-1.2.3-linux-${ARCHITECTURE}`
const SHARE = 'quorate-1.2.3-share.tar.gz'
const COMPLETION = 'share/bash-completion/completions/quorate'

let folder: string
let prefix: string
let release: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorate-install-'))
  prefix = path.join(folder, 'prefix')
  release = path.join(folder, 'release')
  makeRelease('1.2.3', { [COMPLETION]: 'complete', 'share/man/man1/quorate.1': 'manual' })
})
afterEach(() => rmSync(folder, { recursive: true }))

const saying = (version: string) => `#!/bin/sh\necho ${version}\n`

/** Adds a version to the release: one binary for each architecture, the archive, and their checksums. */
function makeRelease(version: string, share: Readonly<Record<string, string>>): void {
  const tree = path.join(folder, `tree-${version}`)
  for (const [name, text] of Object.entries(share)) put(path.join(tree, name), text)
  for (const name of ['amd64', 'arm64'])
    put(path.join(release, `quorate-${version}-linux-${name}`), saying(version))
  execFileSync('tar', ['-czf', path.join(release, `quorate-${version}-share.tar.gz`), '-C', tree, 'share'])
  writeSums()
}

function writeSums(): void {
  const names = readdirSync(release).filter((name) => name.startsWith('quorate-'))
  put(path.join(release, 'SHA256SUMS'), names.map((name) => `${sumOf(name)}  ${name}\n`).join(''))
}

function sumOf(name: string): string {
  return createHash('sha256')
    .update(readFileSync(path.join(release, name)))
    .digest('hex')
}

function put(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function install(args: readonly string[], env: NodeJS.ProcessEnv = {}): ProcessResult {
  const { status, stdout, stderr } = spawnSync('sh', [INSTALL, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 20_000,
  })
  return { exitCode: status ?? -1, stdout, stderr }
}

const fromRelease = (...more: string[]) => install(['--from', release, '--prefix', prefix, ...more])

/** Names of everything below the prefix, except directories. */
function installed(): string[] {
  if (!existsSync(prefix)) return []
  const entries = readdirSync(prefix, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  return files.map((entry) => path.relative(prefix, path.join(entry.parentPath, entry.name))).toSorted()
}

const COMPLETE = ['bin/quorate', COMPLETION, 'share/man/man1/quorate.1', 'share/quorate/installed-files']

test('a release is installed from a directory, again without a change, upgraded, and removed', () => {
  const first = fromRelease()
  expect(first).toMatchObject({ exitCode: 0, stderr: '' })
  expect(first.stdout).toBe(`installed quorate 1.2.3 in ${prefix}/bin\nnote: ${prefix}/bin is not in PATH\n`)
  expect(installed()).toEqual(COMPLETE)
  expect(lstatSync(path.join(prefix, 'bin/quorate')).mode & 0o777).toBe(0o755)
  expect(lstatSync(path.join(prefix, COMPLETION)).mode & 0o777).toBe(0o644)
  expect(execFileSync(path.join(prefix, 'bin/quorate'), { encoding: 'utf8' })).toBe('1.2.3\n')
  expect(fromRelease()).toEqual(first)

  makeRelease('1.10.0', { [COMPLETION]: 'complete more' })
  expect(fromRelease()).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('1.10.0 1.2.3') })
  expect(fromRelease('--version', '1.10.0')).toMatchObject({ exitCode: 0, stderr: '' })
  expect(execFileSync(path.join(prefix, 'bin/quorate'), { encoding: 'utf8' })).toBe('1.10.0\n')
  expect(readFileSync(path.join(prefix, COMPLETION), 'utf8')).toBe('complete more')
  expect(installed()).toEqual(COMPLETE.filter((name) => !name.includes('man1')))

  put(path.join(prefix, 'bin/other'), '')
  expect(install(['--uninstall', '--prefix', prefix])).toMatchObject({ exitCode: 0, stderr: '' })
  expect(installed()).toEqual(['bin/other'])
  expect(install(['--uninstall', '--prefix', prefix]).stdout).toContain('nothing to remove')
})

const append = (name: string, text: string) =>
  put(path.join(release, name), readFileSync(path.join(release, name), 'utf8') + text)
const withoutLine = (name: string) => {
  const sums = readFileSync(path.join(release, 'SHA256SUMS'), 'utf8')
  put(path.join(release, 'SHA256SUMS'), sums.replace(new RegExp(`^.*  ${name}\n`, 'm'), ''))
}
const replace = (name: string, make: (file: string) => void) => {
  rmSync(path.join(release, name))
  make(path.join(release, name))
}
const archive = (...args: string[]) => {
  execFileSync('tar', ['-czf', path.join(release, SHARE), '-C', folder, ...args])
  writeSums()
}
const program = (text: string) => {
  put(path.join(release, BINARY), text)
  writeSums()
}
const fifo = (file: string) => execFileSync('mkfifo', [file])

describe('what is not what its checksum says is not installed, nor what has none', () => {
  test.each<[string, () => void, number, string]>([
    ['a changed binary', () => append(BINARY, 'x'), 65, `checksum mismatch: ${BINARY}`],
    ['a changed archive', () => replace(SHARE, (file) => put(file, 'x')), 65, `checksum mismatch: ${SHARE}`],
    ['no line of the binary', () => withoutLine(BINARY), 65, `SHA256SUMS lists no quorate for linux`],
    ['no line of the archive', () => withoutLine(SHARE), 65, `no checksum for ${SHARE}`],
    ['two lines of it', () => append('SHA256SUMS', `${'0'.repeat(64)}  ${SHARE}\n`), 65, 'several checksums'],
    ['nonsense for sums', () => put(path.join(release, 'SHA256SUMS'), '\0<html>'), 65, 'lists no quorate'],
    ['no sums', () => rmSync(path.join(release, 'SHA256SUMS')), 66, 'no such file'],
    ['a FIFO for sums', () => replace('SHA256SUMS', fifo), 66, 'no such file'],
    ['a FIFO for the binary', () => replace(BINARY, fifo), 66, 'no such file'],
    ['no archive', () => rmSync(path.join(release, SHARE)), 66, 'no such file'],
    ['another version', () => program(saying('6.6.6')), 65, "says it is version '6.6.6'"],
    [
      'a binary that fails',
      () => program('#!/bin/sh\necho musl >&2\nexit 9\n'),
      71,
      'run on this computer: musl',
    ],
    ['an archive of more', () => archive('release'), 65, 'files outside share/'],
    ['an archive of other places', () => archive('--transform=s,^,../,', 'tree-1.2.3'), 65, 'outside share/'],
    [
      'an archive with a link',
      () => {
        mkdirSync(path.join(folder, 'share'))
        symlinkSync('/etc', path.join(folder, 'share/quorate'))
        archive('share')
      },
      65,
      'has links',
    ],
  ])('%s', (_, tamper, exitCode, said) => {
    tamper()
    const answer = fromRelease()
    expect(answer).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(said) })
    expect(answer.stderr).toMatch(/^error: .*\n\n {2}impact: nothing was installed\n {2}fix: .*\n$/ms)
    expect(installed()).toEqual([])
    expect(existsSync(path.join(prefix, 'bin')) ? readdirSync(path.join(prefix, 'bin')) : []).toEqual([])
  })
})

test.each<[string, string, (file: string) => void]>([
  ['a link', 'bin/quorate', (file) => symlinkSync('/bin/true', file)],
  [
    'a link to a directory',
    'bin/quorate',
    (file) => symlinkSync(mkdtempSync(path.join(folder, 'empty-')), file),
  ],
  ['a directory', 'bin/quorate', (file) => mkdirSync(file)],
  ['a FIFO', 'bin/quorate', (file) => execFileSync('mkfifo', [file])],
  ['a file of another origin', 'bin/quorate', (file) => put(file, 'mine')],
  ['a completion of another origin', COMPLETION, (file) => put(file, 'mine')],
  ['a FIFO for the list', 'share/quorate/installed-files', (file) => execFileSync('mkfifo', [file])],
])('%s in the way stays, and nothing is installed', (_, name, make) => {
  const target = path.join(prefix, name)
  mkdirSync(path.dirname(target), { recursive: true })
  make(target)
  const before = lstatSync(target)
  expect(fromRelease()).toMatchObject({ exitCode: 73, stderr: expect.stringContaining(target) })
  const { ino, mtimeMs } = lstatSync(target)
  expect({ ino, mtimeMs }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs })
  expect(installed()).toEqual(before.isDirectory() ? [] : [name])
})

test('uninstall removes no more than files below the prefix that are still files', () => {
  fromRelease()
  const outside = path.join(folder, 'outside')
  put(outside, '')
  rmSync(path.join(prefix, COMPLETION))
  symlinkSync(outside, path.join(prefix, COMPLETION))
  const list = path.join(prefix, 'share/quorate/installed-files')
  put(list, `${readFileSync(list, 'utf8')}../outside\n${outside}\nshare/../../outside\n\n`)
  const { exitCode, stderr } = install(['--uninstall', '--prefix', prefix])
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: `note: ${prefix}/${COMPLETION} was kept: it is not a regular file\n`,
  })
  expect(existsSync(outside)).toBe(true)
  expect(installed()).toEqual([COMPLETION])
})

test.each<[string, readonly string[], string]>([
  ['an unknown word', ['--force'], "unknown argument '--force'"],
  ['no value', ['--from'], '--from needs a value'],
  ['an empty value', ['--prefix', ''], '--prefix needs a value'],
  ['a relative prefix', ['--from', '/tmp', '--prefix', 'here'], 'must be an absolute path'],
  ['a version that is none', ['--from', '.', '--prefix', '/P', '--version', '../1'], "not '../1'"],
  ['http', ['--from', 'http://example.com/quorate', '--prefix', '/P'], 'not downloaded over http'],
  ['a user in the URL', ['--from', 'http://127.0.0.1:1@example.com/', '--prefix', '/P'], 'user name in it'],
  ['another protocol', ['--from', 'ftp://example.com/quorate', '--prefix', '/P'], "can't download from ftp:"],
  ['no release', ['--prefix', '/P'], 'no public releases yet'],
])('%s is refused with 64', (_, args, said) => {
  const own = args.map((word) => (word === '/P' ? prefix : word === '.' ? release : word))
  expect(install(own)).toMatchObject({ exitCode: 64, stdout: '', stderr: expect.stringContaining(said) })
  expect(installed()).toEqual([])
})

test.each<[string, string, number]>([
  ['Linux', 'aarch64', 0],
  ['Linux', 'x86_64', 0],
  ['Linux', 'riscv64', 69],
  ['Darwin', 'arm64', 69],
])('the binary is that of the processor: %s %s', (system, machine, exitCode) => {
  const tools = path.join(folder, 'tools')
  put(path.join(tools, 'uname'), `#!/bin/sh\n[ "$1" = -s ] && echo ${system} || echo ${machine}\n`)
  chmodSync(path.join(tools, 'uname'), 0o755)
  const other = machine === 'aarch64' ? 'amd64' : 'arm64'
  rmSync(path.join(release, `quorate-1.2.3-linux-${other}`))
  const answer = install(['--from', release, '--prefix', prefix], { PATH: `${tools}:${process.env['PATH']}` })
  expect(answer.exitCode).toBe(exitCode)
})

test('the default prefix of a user is below HOME', (context) => {
  context.skip(process.getuid?.() !== 0, 'only root can become another user')
  chmodSync(folder, 0o777)
  // Through its standard input, like a download: another user may not be able to read the checkout.
  const { status, stdout } = spawnSync(
    'setpriv',
    ['--reuid=65534', '--clear-groups', 'sh', '-s', '--', '--uninstall'],
    { encoding: 'utf8', env: { ...process.env, HOME: folder }, cwd: '/', input: readFileSync(INSTALL) },
  )
  expect(status).toBe(0)
  expect(stdout).toContain(`has not installed quorate in ${folder}/.local\n`)
})

describe('from a server', () => {
  let server: Server
  let address: string
  let cut: string | undefined
  beforeEach(async () => {
    cut = undefined
    server = createServer((request, response) => {
      const file = path.join(release, path.basename(request.url ?? ''))
      if (!existsSync(file)) return void response.writeHead(404).end('not there')
      const content = readFileSync(file)
      response.writeHead(200, { 'content-length': content.length })
      if (path.basename(file) !== cut) return void response.end(content)
      response.write(content.subarray(0, 1), () => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/releases/`
  })
  afterEach(() => server.close())

  async function download(): Promise<ProcessResult> {
    const child = spawn('sh', [INSTALL, '--from', address, '--prefix', prefix], {
      env: { ...process.env, no_proxy: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text) => (stdout += text))
    child.stderr.on('data', (text) => (stderr += text))
    return { exitCode: await exitOf(child), stdout, stderr }
  }

  test('it is installed', async () => {
    expect(await download()).toMatchObject({ exitCode: 0, stderr: '' })
    expect(installed()).toEqual(COMPLETE)
  })

  test('a file that is missing, or breaks off, or has another content is not installed', async () => {
    cut = SHARE
    expect(await download()).toMatchObject({ exitCode: 69, stderr: expect.stringContaining(`${SHARE}\n`) })
    rmSync(path.join(release, SHARE))
    expect(await download()).toMatchObject({ exitCode: 69, stderr: expect.stringContaining('404') })
    put(path.join(release, SHARE), 'x')
    expect(await download()).toMatchObject({ exitCode: 65, stderr: expect.stringContaining('mismatch') })
    expect(installed()).toEqual([])
  })
})

test('shellcheck finds nothing in it', (context) => {
  context.skip(spawnSync('shellcheck', ['--version']).status !== 0, 'shellcheck is not installed')
  expect(spawnSync('shellcheck', [INSTALL], { encoding: 'utf8' }).stdout).toBe('')
})
