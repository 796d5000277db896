import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { draftBeside, sweep, temporaryFolder } from './temporary.ts'

let place: string
beforeEach(async () => {
  place = await mkdtemp(path.join(os.tmpdir(), 'quorate-temporary-'))
})
afterEach(async () => await rm(place, { recursive: true }))

test('private, gone in the end, and short enough for a socket in it', async () => {
  {
    await using folder = await temporaryFolder({ places: [place], purpose: 'test' })
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700)
    expect(path.basename(folder.path)).toMatch(/^quorate-test-/)
  }
  await using short = await temporaryFolder({ places: [place] })
  expect(path.basename(short.path).length).toBeLessThanOrEqual(50)
  expect(await readdir(place)).toEqual([path.basename(short.path)])
})

test('what a killed run left is removed by the next one; what runs keeps its own', async () => {
  await using running = await temporaryFolder({ places: [place], purpose: 'test' })
  const left = await leftByTheDead(running.path)
  const file = path.join(place, `.known_hosts.${left.slice('quorate-test-'.length)}`)
  await mkdir(path.join(place, left, 'inside'), { recursive: true })
  await writeFile(file, 'half')
  await using next = await temporaryFolder({ places: [place], purpose: 'test' })
  expect(new Set(await readdir(place))).toEqual(
    new Set([running.path, next.path].map((one) => path.basename(one))),
  )
})

test('only what carries a mark is removed, and nothing through a link', async () => {
  const precious = path.join(place, 'precious')
  await mkdir(precious)
  await writeFile(path.join(precious, 'file'), '')
  await using running = await temporaryFolder({ places: [place], purpose: 'test' })
  const left = await leftByTheDead(running.path)
  await symlink(precious, path.join(place, left))
  for (const name of ['quorate-backup', `notes-${left}`, `${left}.txt`]) await mkdir(path.join(place, name))
  await sweep(place)
  expect(await readdir(precious)).toEqual(['file'])
  expect((await readdir(place)).length).toBe(6)
})

test("a process of another boot or container can't be looked up: only its age counts, or nothing", async () => {
  await using running = await temporaryFolder({ places: [place] })
  const [, pid, start, boot, namespace, random] = path.basename(running.path).split('-')
  const [before, elsewhere] = [
    ['quorate', pid, start, 'ffffff', namespace, random].join('-'),
    ['quorate', 4_194_305, start, boot, 'ffffff', random].join('-'),
  ]
  for (const name of [before, elsewhere]) await mkdir(path.join(place, name))
  await sweep(place)
  expect(await readdir(place)).toEqual(expect.arrayContaining([before, elsewhere]))
  const old = new Date(Date.now() - 25 * 3_600_000)
  for (const name of [before, elsewhere]) await utimes(path.join(place, name), old, old)
  await sweep(place)
  expect(await readdir(place)).not.toContain(before)
  expect(await readdir(place)).toContain(elsewhere)
})

test('a place where another user could replace it is passed over, and swept of nothing', async () => {
  const open = path.join(place, 'open')
  await mkdir(open)
  await chmod(open, 0o777)
  await using folder = await temporaryFolder({ places: [open, place] })
  expect(path.dirname(folder.path)).toBe(place)
  await mkdir(path.join(open, await leftByTheDead(folder.path)))
  await sweep(open)
  expect((await readdir(open)).length).toBe(1)
  await expect(temporaryFolder({ places: [open] })).rejects.toMatchObject({ code: 'permission' })
})

test('a draft is named for what it becomes', async () => {
  const draft = await draftBeside(path.join(place, 'cluster.yaml'))
  expect(path.dirname(draft)).toBe(place)
  expect(path.basename(draft)).toMatch(/^\.cluster\.yaml\.\d+-/)
})

/** The name from a process that has ended since. */
async function leftByTheDead(alive: string): Promise<string> {
  const child = spawn('true')
  await once(child, 'close')
  return path.basename(alive).replace(/-\d+-/, `-${child.pid}-`)
}
