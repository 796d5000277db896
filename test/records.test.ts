/** Every command that changes something leaves a record: checked for the whole catalog. */
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { EFFECTS, WRITES_NO_SETTINGS } from '../src/cli/catalog/effects.ts'
import { COMMANDS } from '../src/cli/commands.ts'
import { RECORDED_VERBS } from '../src/engine/recorded.ts'

const SOURCE = path.resolve(import.meta.dirname, '../src')
/** Hidden ones are older names of others. */
const recordedCommands = COMMANDS.filter(
  ({ name, hidden }) => EFFECTS[name] === 'recorded' && hidden !== true,
).map(({ name }) => name)

test('of every command it is said what it changes', () => {
  expect(Object.keys(EFFECTS).toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted())
})

test('those that write no settings are commands', () => {
  const names = COMMANDS.map(({ name }) => name)
  expect([...WRITES_NO_SETTINGS].filter((name) => !names.includes(name))).toEqual([])
})

test('the commands that leave a record are those that operations record', () => {
  expect([...RECORDED_VERBS].toSorted()).toEqual(recordedCommands.toSorted())
})

test('docs/concepts/availability-probe.md names all of them', async () => {
  const page = await readFile(path.resolve(SOURCE, '../docs/concepts/availability-probe.md'), 'utf8')
  const [, list = ''] = /These commands leave a record:(.*?)\n\n/s.exec(page) ?? []
  const [leave = ''] = list.split('These leave none')
  for (const name of recordedCommands) expect(leave).toMatch(new RegExp(`\`${name}[\` ]`))
})

/**
 * How a command gets its record: by itself, with the availability probe, or under the lock like all maintenance
 * commands.
 */
const KEEPS =
  /\brecorded\(|\brunVerb[<(]|\bwithRecorder\(|\bunderLock\(|\bconverge\(|\brunSpaceVerb\(|\bpower\(session/

test.each(recordedCommands)('%s: the code that it loads keeps a record under that name', async (name) => {
  const files = await reachedFrom(path.join(SOURCE, 'cli/commands', `${name.replace(' ', '-')}.ts`))
  const texts = await Promise.all(files.map(async (file) => await readFile(file, 'utf8')))
  const named = new RegExp(`['\`]${name}(?: |['\`])`)
  const keeping = texts.filter((text) => KEEPS.test(text))
  // The commands about members are named where the file is changed.
  const naming = name.startsWith('member ') ? texts : keeping
  expect(keeping).not.toEqual([])
  expect(naming.some((text) => named.test(text))).toBe(true)
})

test('every command that takes the lock keeps a record, so that no other one changes machines', async () => {
  const folder = path.join(SOURCE, 'verbs')
  const names = (await readdir(folder, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  const without: string[] = []
  for (const name of names) {
    const text = await readFile(path.join(folder, name), 'utf8')
    const locks = /await using lock = /.test(text)
    if (locks && !KEEPS.test(text)) without.push(name)
  }
  expect(without).toEqual([])
})

/** Files of the commands and operations that a file imports, including itself. */
async function reachedFrom(start: string): Promise<readonly string[]> {
  const seen = new Set<string>()
  const left = [start]
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const text = await readFile(file, 'utf8')
    for (const [, target = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']+\.ts)'/g)) {
      const place = path.resolve(path.dirname(file), target)
      if (
        /\/src\/(?:cli|verbs|engine|cluster-file\/membership-edit)\b/.test(place) &&
        !place.includes('/catalog/')
      )
        left.push(place)
    }
  }
  // The helpers themselves name no command.
  return [...seen].filter((file) => !/\/(?:recorded|run-verb|with-recorder|under-lock)\.ts$/.test(file))
}
