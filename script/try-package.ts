// Packs what npm would publish, installs it in an empty directory and runs it from there, as `npx quorate` does.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'

const root = path.resolve(import.meta.dirname, '..')
const folder = await mkdtemp(path.join(tmpdir(), 'quorate-package-'))

/** Files that don't belong in the package, although they are next to parts of it. */
const NOT_PACKED = /\.map$|\.test\.|^dist\/binary|^dist\/site|\.vitepress|^src\//

async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, HOME: folder, npm_config_update_notifier: 'false' }
  return (await promisify(execFile)(program, args, { cwd, env })).stdout
}

function expectSame(what: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return
  throw new Error(`${what}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`)
}

try {
  // npm's cache is in HOME, which is empty in this test.
  process.env['npm_config_cache'] = (
    await promisify(execFile)('npm', ['config', 'get', 'cache'])
  ).stdout.trim()
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  const archive = path.join(folder, `quorate-${version}.tgz`)
  await run(root, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder)
  const names = (await run(folder, 'tar', '-tzf', archive))
    .split('\n')
    .map((name) => name.slice('package/'.length))
  expectSame(
    'packed by mistake',
    names.filter((name) => NOT_PACKED.test(name)),
    [],
  )

  const empty = path.join(folder, 'empty')
  await mkdir(empty)
  await run(
    empty,
    'npm',
    'install',
    '--silent',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--prefix',
    empty,
    archive,
  )
  expectSame(
    'npx quorate --version',
    await run(empty, 'npx', '--no-install', 'quorate', '--version'),
    `${version}\n`,
  )
  // As `npm install --global` links it.
  const link = path.join(folder, 'quorate')
  await symlink(path.join(empty, 'node_modules/quorate/dist/cli/main.js'), link)
  await run(empty, link, 'init', '--etcd', '198.18.7.11,198.18.7.12,198.18.7.13', '--name', 'prod')
  await run(empty, link, 'validate')
  const packed = await readFile(path.join(empty, 'node_modules/quorate/dist/completion/quorate.bash'), 'utf8')
  expectSame('quorate completion bash', await run(empty, link, 'completion', 'bash'), packed)
} finally {
  await rm(folder, { recursive: true, force: true })
}
