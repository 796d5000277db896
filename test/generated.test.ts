/**
 * Generated files in the repository equal what the code generates now, and their statements about commands are true.
 */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { GENERATED_DIRECTORIES, generatedFiles } from '../script/reference/generated.ts'
import { ALWAYS } from '../script/reference/command-facts.ts'
import { EXITS } from '../script/reference/exits.ts'
import { reachableErrors } from '../script/reference/reachable-errors.ts'
import { messages } from '../script/reference/messages.ts'
import { COMMANDS } from '../src/cli/commands.ts'
import { ERROR_TOPICS, topicOf } from '../src/error-ids.ts'
import { EXIT_CODES } from '../src/errors.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const SHOWN = COMMANDS.filter(({ hidden }) => hidden !== true)
const files = await generatedFiles()

test('every generated file is as the code makes it (else: npm run generate)', () => {
  const stale = [...files].filter(([file, content]) => present(file) !== content).map(([file]) => file)
  expect(stale).toEqual([])
  const all = globSync(
    GENERATED_DIRECTORIES.map((directory) => `${directory}/*`),
    { cwd: ROOT },
  )
  expect(all.filter((file) => !files.has(file))).toEqual([])
})

test('every command has its manual page, its schema if it prints JSON, and its place among the commands', () => {
  const page = present('docs/reference/commands.md')
  for (const { name, json } of SHOWN) {
    const file = name.replaceAll(' ', '-')
    expect(present(`man/quorate-${file}.1`)).toContain('.SH "EXIT STATUS"')
    expect(present(`schema/output/${file}.schema.json`) !== undefined).toBe(json !== 'none')
    expect(page).toContain(`\n## quorate ${name}\n`)
  }
  // The shared ones: availability, error, event, step.
  const schemas = globSync('schema/output/*', { cwd: ROOT })
  expect(schemas.length).toBe(SHOWN.filter(({ json }) => json !== 'none').length + 4)
})

test('the schemas are valid, and name no file that is not there', () => {
  const ajv = new Ajv({ strict: false })
  for (const file of globSync('schema/output/*', { cwd: ROOT }))
    ajv.addSchema(JSON.parse(present(file) ?? '') as object, path.basename(file))
  for (const file of globSync('schema/output/*', { cwd: ROOT }))
    expect(ajv.getSchema(path.basename(file))).toBeTypeOf('function')
})

test('exit codes are said of every command, and each has an error in the sources that can be the cause', () => {
  expect(Object.keys(EXITS).toSorted()).toEqual(SHOWN.map(({ name }) => name).toSorted())
  const thrown = new Set(messages().map(({ code }) => code))
  const said = new Set(Object.values(EXITS).flatMap(({ errors }) => errors))
  expect([...said].filter((code) => !thrown.has(code))).toEqual([])
  // Every command may end with `usage` and `runtime`.
  const unsaid = Object.keys(EXIT_CODES).filter((code) => !(said as ReadonlySet<string>).has(code))
  expect(unsaid.toSorted()).toEqual(['runtime', 'usage'])
})

/** Thrown in a file that both load, for the other command alone. */
const FOR_ANOTHER: Readonly<Record<string, readonly string[]>> = {
  plan: ['moved'], // apply compares the saved plan
  'bundle verify': ['cluster-file'], // bundle create reads it
}

test('exit codes of each command are those of the errors in its sources', () => {
  for (const [name, { errors }] of Object.entries(EXITS)) {
    const { possible, own } = reachableErrors(`src/cli/commands/${name.replaceAll(' ', '-')}.ts`)
    const said = new Set<string>([...errors, ...ALWAYS, ...(FOR_ANOTHER[name] ?? [])])
    const impossible = errors.filter((code) => !possible.has(code))
    expect({ name, impossible }).toEqual({ name, impossible: [] })
    expect({ name, unsaid: [...own].filter((code) => !said.has(code)) }).toEqual({ name, unsaid: [] })
    const needless = (FOR_ANOTHER[name] ?? []).filter((code) => !own.has(code))
    expect({ name, needless }).toEqual({ name, needless: [] })
  }
})

test('the page of messages has what the sources say', () => {
  const found = messages()
  expect(found.length).toBeGreaterThan(600)
  expect(found).toContainEqual(
    expect.objectContaining({ code: 'usage', text: expect.stringContaining('[USER@]HOST') }),
  )
  expect(found.filter(({ text }) => /\bundefined\b|\[object/.test(text))).toEqual([])
})

test('each ID of an error is used with its own code, unique, and in words', () => {
  const ids = ERROR_TOPICS.map((topic) => topic.split('/')[1] ?? '')
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter((id) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id))).toEqual([])
  const used = messages().flatMap(({ code, id }) => (id === undefined ? [] : [{ code, topic: topicOf(id) }]))
  const unused = ERROR_TOPICS.filter((topic) => !used.some((one) => one.topic === topic))
  // A reason to refuse, a note and a fix that others throw have no code in their place.
  const wrong = used.filter(
    ({ code, topic }) => !['report', 'problem'].includes(code) && !topic.startsWith(`${code}/`),
  )
  expect({ unused, wrong }).toEqual({ unused: [], wrong: [] })
})

test('manual pages have no character and no line that roff takes for something else', () => {
  const wrong = [...files]
    .filter(([file]) => file.startsWith('man/'))
    .flatMap(([file, page]) => page.split('\n').map((line) => `${file}: ${line}`))
    .filter((line) => /[^ -~]/.test(line) || /: \.(?!SH |SS |TH |TP$|PP$|nf$|fi$|\\" )/.test(line))
  expect(wrong).toEqual([])
})

function present(file: string): string | undefined {
  try {
    return readFileSync(path.join(ROOT, file), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
