import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProcess } from '../ssh/process.ts'
import ground from './agent/ground.sh?raw'
import places from './places.sh?raw'

let folder = ''
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'quorate-places-')))
})
afterAll(async () => await rm(folder, { recursive: true }))

/** Debian's sh, and a sh that is bash, as on other systems. */
const SHELLS = ['dash', 'bash --posix']

async function say(shell: string, script: string, ...words: readonly string[]): Promise<string> {
  const [file = 'sh', ...options] = shell.split(' ')
  // As in the agent: any command that fails ends it.
  const text = `set -eu\n${places}${ground}${script}`
  const { stdout, stderr } = await runProcess(file, [...options, '-c', text, 'sh', ...words])
  expect(stderr).toBe('')
  return stdout
}

const put = (name: string) => async (data: string) => await writeFile(path.join(data, name), '')
const make = (name: string) => async (data: string) => await mkdir(path.join(data, name), { mode: 0o700 })

test.each(SHELLS)('in %s: what is data, and what quorate or a filesystem has put there', async (shell) => {
  const at = async (name: string, fill: (data: string) => Promise<unknown>) => {
    const data = await mkdtemp(path.join(folder, `${name}-`))
    await fill(data)
    return (await say(shell, 'if holds "$1"; then echo data; else echo none; fi', data)).trim()
  }
  expect(await at('empty', async () => undefined)).toBe('none')
  expect(await at('member', make('member'))).toBe('data')
  expect(await at('hidden', put('.key'))).toBe('data')
  expect(await at('scratch', put('.quorate-preflight.x1'))).toBe('none')
  expect(await at('aside', make('.quorate-aside.before-join-1'))).toBe('none')
  // Anything but a real directory does not belong to quorate.
  expect(await at('file', put('.quorate-aside.before-join-1'))).toBe('data')
  expect(
    await at('link', async (data) => await symlink('/etc', path.join(data, '.quorate-incoming.x'))),
  ).toBe('data')
  // Only the root directory of a filesystem gets one from mkfs.
  expect(await at('lost', make('lost+found'))).toBe('data')
})

test.each(SHELLS)('in %s: the next directory up, and what links lead to', async (shell) => {
  const near = 'for path; do nearest "$path"; echo "$near"; done'
  const here = path.join(folder, 'a b')
  await mkdir(here, { recursive: true })
  await rm(path.join(folder, 'link'), { force: true })
  await symlink('a b', path.join(folder, 'link'))
  const asked = [
    here,
    `${here}/x/y`,
    path.join(folder, 'link/x'),
    '/no-such-directory/x',
    '/no-such-directory',
    '/',
  ]
  expect(await say(shell, near, ...asked)).toBe(`${here}\n${here}\n${folder}/link\n/\n/\n/\n`)
  expect(await say(shell, 'links "$@"', here, path.join(folder, 'link'))).toBe(
    `link ${folder}/link ${here}\n`,
  )
})
